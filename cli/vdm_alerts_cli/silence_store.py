"""The silences of a deployment in SSM Parameter Store, with the version of each parameter.

Parameter Store has no conditional write, except that a new parameter does not replace another one.
So a change is made in three steps: compare the version, write, and compare the version that the
write got. If another user wrote in between, the error names the version with the other text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from vdm_alerts.adapters.aws.errors import codes_of, translate_errors, translate_read_errors
from vdm_alerts.adapters.aws.ssm_parameters import parse_parameter
from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts.core.muting.silences import Silence, parse_silence
from vdm_alerts.core.rules.toml_document import InvalidDocumentError
from vdm_alerts_cli.errors import InvalidInputError, UnexpectedResultError

MAX_SIZE = 4_096
"""Maximum bytes of a standard parameter.

Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""


@dataclass(frozen=True, slots=True)
class StoredSilence:
    """A parameter below the path of the silences."""

    name: str
    """The name below the path."""
    version: int
    """The version of the parameter, from 1. Each write increments it."""
    silence: Silence | InvalidDocumentError
    """The silence, or the errors in its text."""


class SilenceStore:
    """The silences below a path of Parameter Store."""

    def __init__(self, client: Any, path: str) -> None:  # noqa: ANN401 - a boto3 client
        """Read and write through the SSM *client* below *path*."""
        self._client = client
        self.path = path

    def read(self) -> Mapping[str, StoredSilence]:
        """Return every silence by its name. Raises AccessDeniedError or UnavailableError."""
        action = f"ssm:GetParametersByPath of {self.path}"
        with translate_read_errors(action):
            pages = self._client.get_paginator("get_parameters_by_path").paginate(
                Path=self.path, Recursive=True
            )
            parameters = [each for page in pages for each in page["Parameters"]]
        stored = [self._stored(parameter) for parameter in parameters]
        return {each.name: each for each in sorted(stored, key=lambda each: each.name)}

    def parsed(self, name: str, text: str) -> Silence:
        """Return the silence *name* of *text*. Raises InvalidInputError with every error in it."""
        source = f"{self.path}/{name}"
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise InvalidInputError(f"{source}: the text is not valid UTF-8.") from error
        if size > MAX_SIZE:
            raise InvalidInputError(
                f"{source}: has {size:,} bytes. A standard parameter of SSM has at most "
                f"{MAX_SIZE:,}. Shorten the reason or the author."
            )
        try:
            return parse_silence(name, text, source)
        except InvalidDocumentError as error:
            raise InvalidInputError(str(error)) from error

    def add(self, name: str, text: str) -> int:
        """Write a new silence and return its version.

        Raises UnexpectedResultError if there is one with that *name*.
        """
        with translate_errors("ssm:PutParameter"):
            try:
                return self._put(name, text, overwrite=False)
            except ClientError as error:
                if "ParameterAlreadyExists" not in codes_of(error):
                    raise
        raise UnexpectedResultError(
            f"Silence {name} exists already, and was not changed. Fix: use another --id, or "
            f"`vdm-alerts silence update {name}`."
        )

    def replace(self, name: str, text: str, version: int) -> int:
        """Write *text* in place of *version* of a silence, and return its new version.

        Raises UnexpectedResultError if the silence has changed since.
        """
        with translate_errors("ssm:GetParameter"):
            present = self._client.get_parameter(Name=f"{self.path}/{name}")["Parameter"]["Version"]
        if present != version:
            raise UnexpectedResultError(changed_meanwhile(name, version, present))
        with translate_errors("ssm:PutParameter"):
            written = self._put(name, text, overwrite=True)
        if written <= version:
            raise UnexpectedResultError(
                f"Silence {name} was deleted by another user in the same moment, and your change "
                "created it again."
            )
        if written != version + 1:
            command = version_command(f"{self.path}/{name}", written - 1)
            raise UnexpectedResultError(
                f"Silence {name} was changed by another user in the same moment, and your change "
                f"is on top. Version {written - 1} has the other text: {command}"
            )
        return written

    def _put(self, name: str, text: str, *, overwrite: bool) -> int:
        response = self._client.put_parameter(
            Name=f"{self.path}/{name}", Value=text, Type="String", Overwrite=overwrite
        )
        return int(response["Version"])

    def _stored(self, parameter: Mapping[str, Any]) -> StoredSilence:
        source = well_formed(parameter["Name"])
        name = source.removeprefix(f"{self.path}/")
        text = well_formed(parameter["Value"]) if parameter["Type"] == "String" else None
        silence = parse_parameter(parse_silence, name, text, source)
        return StoredSilence(name, int(parameter["Version"]), silence)


def version_command(parameter: str, version: int) -> str:
    """Return the shell command that shows a *version* of *parameter*."""
    return f"aws ssm get-parameter --name {parameter}:{version}"


def changed_meanwhile(name: str, read: int, present: int) -> str:
    """Return the error that silence *name* has version *present*, and not the one that was read."""
    return (
        f"Silence {name} was changed meanwhile: it has version {present}, not {read}. Nothing was "
        "written to it. Fix: look at it with `vdm-alerts silence list`, and try again."
    )
