"""The translation of AWS errors into the errors of the ports."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError

DENIALS = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
"""The error codes of a missing permission. SNS uses the last code, other services the others."""
_THROTTLING_CODE = re.compile("Throttl|TooManyRequests|LimitExceeded|ThroughputExceeded|SlowDown")
"""The parts of the error codes of too many calls."""
_CONFLICT_CODE = re.compile("TransactionConflict|TransactionInProgress")
"""The error codes of two writes to one item."""

MALFORMED = (
    ResponseParserError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""The errors of reading a response that is not in the form of its operation."""
_log = logging.getLogger(__name__)


def code_of(error: ClientError) -> str:
    """Return the AWS error code of *error*, such as "BadRequestException"; "" if it has none."""
    return error.response.get("Error", {}).get("Code", "")


def is_throttling(code: str) -> bool:
    """Return whether the AWS error code *code* says that there were too many calls.

    The status is no sign: SES documents "TooManyRequestsException" with 429, and
    "ThrottlingException", an error of every action, with 400.

    Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
    """
    return _THROTTLING_CODE.search(code) is not None


def codes_of(error: ClientError) -> set[str]:
    """Return every code in *error*: its own, and that of each write of a canceled transaction."""
    reasons: Any = error.response.get("CancellationReasons", ())
    return {code_of(error), *(reason["Code"] for reason in reasons)}


@contextmanager
def translate_errors(action: str) -> Iterator[None]:
    """Raise AWS errors of the block as AccessDeniedError or UnavailableError of *action*.

    *action* is spelled as in IAM policies, and may add a resource: "ssm:GetParametersByPath of
    /rules". If AWS denies another action, for example of a write in a transaction, the
    AccessDeniedError names that action. boto3 has already retried errors that can be retried.
    """
    try:
        yield
    except ClientError as error:
        if code_of(error) in DENIALS:
            raise AccessDeniedError(_denied_action(error) or action) from error
        raise UnavailableError(
            action, _message_of(error), transient=_is_transient(error)
        ) from error
    except BotoCoreError as error:
        raise UnavailableError(action, _message_of(error)) from error


@contextmanager
def translate_read_errors(action: str) -> Iterator[None]:
    """Raise errors of the block, which calls *action* and reads the response.

    AWS errors are raised as by `translate_errors`. botocore does not check the form of a response.
    So a malformed response is an UnavailableError, too.
    """
    try:
        with translate_errors(action):
            yield
    except MALFORMED as error:
        _log.exception("the response to %s cannot be read", action)
        reason = f"the response cannot be read ({type(error).__name__})"
        raise UnavailableError(action, reason) from error


def _denied_action(error: ClientError) -> str | None:
    """Return the action that the message of *error* names as denied, or None."""
    match = re.search(r"not authorized to perform: ([\w-]+:\w+)", str(error))
    return match[1] if match else None


def _message_of(error: Exception) -> str:
    """Return the message of *error*, in a form that can be published, with "..." for request IDs.

    With the IDs, each repetition of the error would be reported as a new finding.
    """
    return re.sub(r"\b(?=\w*\d)[\w-]{20,}", "...", well_formed(str(error)))


def _is_transient(error: ClientError) -> bool:
    """Return whether *error* is an outage, throttling or a conflict, and not a permanent error."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_outage = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return is_outage or any(
        is_throttling(code) or _CONFLICT_CODE.search(code) for code in codes_of(error)
    )
