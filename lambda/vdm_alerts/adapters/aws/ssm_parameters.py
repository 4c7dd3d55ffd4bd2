"""TOML texts in Parameter Store: one parameter for each rule or silence."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from vdm_alerts.adapters.aws.errors import translate_read_errors
from vdm_alerts.adapters.aws.pages import read_pages
from vdm_alerts.adapters.aws.time_limit import requests_end_by
from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.wording import number_of
from vdm_alerts.core.rules.toml_document import InvalidDocumentError, InvalidField

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

T = TypeVar("T")

MAX_ERRORS_LISTED = 20
"""Maximum errors of one text that a finding lists."""
MAX_ERRORS_SIZE = 1_300
"""Maximum bytes of these errors, which leave room for what applies until they are fixed."""

MAX_ERROR_SIZE = 400
"""Maximum bytes of one error."""

_NO_STRING = InvalidField(
    "(the parameter)", "has type SecureString or StringList. Save it with type String."
)


def texts_under(client: "SSMClient", path: str, deadline: Deadline) -> Mapping[str, str | None]:
    """Return the text of every parameter under *path*, by its name without *path*.

    The text is None if the type of the parameter is not String. Raises AccessDeniedError or
    UnavailableError, also if the list has not ended by *deadline*.
    """
    action, read = f"ssm:GetParametersByPath of {path}", client.get_parameters_by_path
    with translate_read_errors(action), requests_end_by(client, deadline):
        return {
            well_formed(parameter["Name"]).removeprefix(f"{path}/"): (
                well_formed(parameter["Value"]) if parameter["Type"] == "String" else None
            )
            for page in read_pages(action, read, deadline, Path=path, Recursive=True)
            for parameter in page["Parameters"]
        }


def parse_parameter(
    parse: Callable[[str, str, str], T], name: str, text: str | None, source: str
) -> T | InvalidDocumentError:
    """Return the result of *parse* for *name*, *text* and *source*, or the errors of *text*.

    *source* is the whole name of the parameter. An unexpected error of *parse* also becomes an
    error of *text*, so that other texts are still parsed.
    """
    if text is None:
        return InvalidDocumentError(source, [_NO_STRING])
    try:
        return parse(name, text, source)
    except InvalidDocumentError as invalid:
        return invalid
    except Exception as error:  # noqa: BLE001 - see the docstring
        return InvalidDocumentError(
            source, [InvalidField("(the text)", f"is unreadable: {error!r:.200}")]
        )


def invalid_text_finding(noun: str, invalid: InvalidDocumentError) -> Finding:
    """Return the finding about an *invalid* parameter that should contain a *noun*: "rule"."""
    _, *errors = str(invalid).splitlines()
    name, number = invalid.source.rsplit("/", 1)[-1], number_of("error", len(invalid.errors))
    return Finding(
        key=invalid.source,
        what=f"{noun.capitalize()} {name} is invalid ({number})",
        details="\n".join(_first(errors)),
        remedy=f"Edit SSM parameter {invalid.source}; the next run reads it",
    )


def _first(errors: list[str]) -> list[str]:
    """Return the first of *errors* within both limits, and a line with the number of the others."""
    listed: list[str] = []
    for error in errors[:MAX_ERRORS_LISTED]:
        line = bounded(error, MAX_ERROR_SIZE)
        if sum(len(each.encode()) for each in (*listed, line)) > MAX_ERRORS_SIZE:
            break
        listed.append(line)
    more = len(errors) - len(listed)
    return [*listed, f"  and {more} more"] if more else listed
