"""How AWS says no, in the words of the ports."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from botocore.exceptions import BotoCoreError, ClientError

from vdm_alerts.ports import AccessDenied, Unavailable

_DENIALS = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
"""The codes of a missing permission: most services say one of the first two, SNS the last."""


def code_of(error: ClientError) -> str:
    """Return AWS's own code for *error*, such as "BadRequestException"."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def doing(action: str) -> Iterator[None]:
    """Raise what goes wrong in the block as AccessDenied or Unavailable of *action*.

    *action* is spelled as in IAM policies, and may say of what. boto3 has retried by then
    whatever can be retried.
    """
    try:
        yield
    except ClientError as error:
        if code_of(error) in _DENIALS:
            raise AccessDenied(action) from error
        raise Unavailable(action, _lasting_words(error), passing=_passes(error)) from error
    except BotoCoreError as error:
        raise Unavailable(action, _lasting_words(error)) from error


def _lasting_words(error: Exception) -> str:
    """Return what *error* says without the ids of one request, which would look like news."""
    return re.sub(r"\b(?=\w*\d)[\w-]{20,}", "...", str(error))


def _passes(error: ClientError) -> bool:
    """Say whether *error* is AWS being down or busy, which ends, and not a refusal, which lasts."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    busy = ("Throttl", "TooManyRequests", "LimitExceeded", "SlowDown")
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or any(
        word in code_of(error) for word in busy
    )
