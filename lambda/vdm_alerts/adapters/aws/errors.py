"""How AWS says no, in the words of the ports."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError

_DENIALS = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
"""The codes of a missing permission: most services say one of the first two, SNS the last."""
_BUSY = re.compile(
    "Throttl|TooManyRequests|LimitExceeded|ThroughputExceeded|SlowDown|TransactionConflict|"
    "TransactionInProgress"
)
"""What is in the code of a refusal that ends: of too many calls, or of two at one item."""


def code_of(error: ClientError) -> str:
    """Return AWS's own code for *error*, such as "BadRequestException"."""
    return error.response.get("Error", {}).get("Code", "")


def codes_of(error: ClientError) -> set[str]:
    """Return every code in *error*: AWS's own, and why each part of a transaction was cancelled."""
    reasons: Any = error.response.get("CancellationReasons", ())
    return {code_of(error), *(reason["Code"] for reason in reasons)}


@contextmanager
def translate_errors(action: str) -> Iterator[None]:
    """Raise what goes wrong in the block as AccessDenied or Unavailable of *action*.

    *action* is spelled as in IAM policies, and may say of what; AWS names another one where that is
    what it refused, a part of a transaction for one. boto3 has retried by then whatever can be
    retried.
    """
    try:
        yield
    except ClientError as error:
        if code_of(error) in _DENIALS:
            raise AccessDeniedError(_refused(error) or action) from error
        raise UnavailableError(action, _lasting_words(error), passing=_passes(error)) from error
    except BotoCoreError as error:
        raise UnavailableError(action, _lasting_words(error)) from error


def _refused(error: ClientError) -> str | None:
    """Return the action that AWS says it refused, if it says so."""
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", str(error))
    return named[1] if named else None


def _lasting_words(error: Exception) -> str:
    """Return what *error* says without the ids of one request, which would look like news."""
    return re.sub(r"\b(?=\w*\d)[\w-]{20,}", "...", str(error))


def _passes(error: ClientError) -> bool:
    """Say whether *error* is AWS being down or busy, which ends, and not a refusal, which lasts."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or any(map(_BUSY.search, codes_of(error)))
