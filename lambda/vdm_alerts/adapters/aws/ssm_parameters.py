"""Texts that people write, one Parameter Store parameter each."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from vdm_alerts.adapters.aws.errors import translate_errors
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.rules.toml_document import InvalidDocumentError, InvalidField

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

T = TypeVar("T")

MAX_ERRORS_LISTED = 20
"""Problems of one text that a person is told at a time."""

_NO_STRING = InvalidField(
    "(the parameter)", "is no String but encrypted or a list; save it as a String"
)


def texts_under(client: "SSMClient", path: str) -> Mapping[str, str | None]:
    """Return the text of every parameter under *path*, None for no plain one.

    Each goes by what follows the path in its name. Raises AccessDenied or Unavailable.
    """
    pages = client.get_paginator("get_parameters_by_path")
    with translate_errors(f"ssm:GetParametersByPath of {path}"):
        return {
            each["Name"].removeprefix(f"{path}/"): (
                each["Value"] if each["Type"] == "String" else None
            )
            for page in pages.paginate(Path=path, Recursive=True)
            for each in page["Parameters"]
        }


def parse_parameter(
    parse: Callable[[str, str, str], T], name: str, text: str | None, source: str
) -> T | InvalidDocumentError:
    """Return what *parse* makes of *name*, its *text* and its *source*, or all that is wrong.

    No text may stop the others, so whatever goes wrong is wrong with this one.
    """
    if text is None:
        return InvalidDocumentError(source, [_NO_STRING])
    try:
        return parse(name, text, source)
    except InvalidDocumentError as bad:
        return bad
    except Exception as error:  # noqa: BLE001 - see above
        return InvalidDocumentError(
            source, [InvalidField("(the text)", f"cannot be read: {error!r:.200}")]
        )


def invalid_text_finding(noun: str, bad: InvalidDocumentError) -> Finding:
    """Return what to tell of a parameter that should hold a *noun*, such as "rule"."""
    heading, *problems = str(bad).splitlines()
    return Finding(
        key=bad.source,
        what=f"A {noun} cannot be used, {heading}",
        details="\n".join(_first(problems)),
        remedy="Edit that parameter in SSM Parameter Store; it is read again at the next run",
    )


def _first(problems: list[str]) -> list[str]:
    """Return as many of *problems* as fit in a mail that people read."""
    more = len(problems) - MAX_ERRORS_LISTED
    return [*problems[:MAX_ERRORS_LISTED], f"  and {more} more"] if more > 0 else problems
