"""Validation of BatchGetMetricData: the order and messages of SES.

AWS does not document it. The sources are programs that call the real service:

* PostHog, https://github.com/PostHog/posthog (products/workflows/backend/providers/ses.py)
* Floci, https://github.com/floci-io/floci (SesMetricsController.java), which states that it probed
  SES in us-east-1

Where they disagree, the stricter one applies: dates must be at midnight.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from vdm_local.responses import SesError
from vdm_local.traffic import METRICS

BatchQuery: TypeAlias = Mapping[str, Any]
"""One element of `Queries` in a request."""

DIMENSIONS = ("EMAIL_IDENTITY", "CONFIGURATION_SET", "ISP", "TENANT_NAME")
MAX_QUERIES = 10
MAX_DIMENSIONS = 3
MAX_INTERVAL = timedelta(days=60)
MAX_ID_LENGTH = 255

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_IDENTITY = re.compile(r"(?:[^@\s*]+@)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_CHARSET = "only alphanumeric ASCII characters, '_', and '-' are allowed."
_VIOLATION = "failed to satisfy constraint: Member must"
_TEXT_MEMBERS = ("Id", "Namespace", "Metric")
_DATE_MEMBERS = ("StartDate", "EndDate")
_DAY_S = 86_400


def parse_queries(queries: object) -> Sequence[BatchQuery]:
    """Return *queries* if every member has the right type.

    Raises SesError.
    """
    if queries is None:
        return []
    if not isinstance(queries, list) or not all(_has_valid_types(query) for query in queries):
        message = "The request is malformed: a member is not of its type."
        raise SesError(message, "SerializationException")
    return queries


def validate(queries: Sequence[BatchQuery], now: datetime | None = None) -> None:
    """Validate *queries*: each check on all of them before the next check.

    If *now* is given, a day that has not ended by then is rejected. Raises SesError.
    """
    if not queries:
        raise _constraint_error(["Value at 'queries' " + _length_violation("greater", 1)])
    if len(queries) > MAX_QUERIES:
        raise _constraint_error(["Value at 'queries' " + _length_violation("less", MAX_QUERIES)])
    ids = [query["Id"] for query in queries if "Id" in query]
    if len(set(ids)) < len(ids):
        raise SesError("All queries must have a unique identifier.")
    if any(name not in DIMENSIONS for query in queries for name in query.get("Dimensions", {})):
        raise SesError("Unsupported dimension provided.")
    violations = [
        f"Value at 'queries.{number}.member.{problem}"
        for number, query in enumerate(queries, 1)
        for problem in _member_violations(query)
    ]
    if violations:
        raise _constraint_error(violations)
    for query in queries:
        _check_dimension_values(query)
    for number, query in enumerate(queries, 1):
        _check_dates(number, query, now)


def parse_timestamp(epoch: float) -> datetime:
    """Return the time that *epoch* represents.

    Raises SesError.
    """
    try:
        return datetime.fromtimestamp(epoch, UTC)
    except (OSError, OverflowError, ValueError) as error:
        raise SesError(f"{epoch} is no instant.", "SerializationException") from error


def _has_valid_types(query: object) -> bool:
    if not isinstance(query, dict):
        return False
    dimensions = query.get("Dimensions", {})
    return (
        all(isinstance(query.get(name, ""), str) for name in _TEXT_MEMBERS)
        and all(isinstance(query.get(name, 0), int | float) for name in _DATE_MEMBERS)
        and isinstance(dimensions, dict)
        and all(isinstance(value, str) for value in dimensions.values())
    )


def _member_violations(query: BatchQuery) -> Iterator[str]:
    """Yield the violations of single members, in the order of SES."""
    if query.get("Metric") not in METRICS:
        yield f"metric' {_VIOLATION} satisfy enum value set: [{', '.join(METRICS)}]"
    if query.get("Namespace") != "VDM":
        yield f"namespace' {_VIOLATION} satisfy enum value set: [VDM]"
    if not query.get("Id"):
        yield "id' " + _length_violation("greater", 1)
    elif len(query["Id"]) > MAX_ID_LENGTH:
        yield "id' " + _length_violation("less", MAX_ID_LENGTH)
    if "Dimensions" in query and not query["Dimensions"]:
        yield "dimensions' " + _length_violation("greater", 1)
    elif len(query.get("Dimensions", {})) > MAX_DIMENSIONS:
        yield "dimensions' " + _length_violation("less", MAX_DIMENSIONS)


def _length_violation(comparison: str, bound: int) -> str:
    return f"{_VIOLATION} have length {comparison} than or equal to {bound}"


def _constraint_error(violations: Sequence[str]) -> SesError:
    errors = "error" if len(violations) == 1 else "errors"
    return SesError(f"{len(violations)} validation {errors} detected: {'; '.join(violations)}")


def _check_dimension_values(query: BatchQuery) -> None:
    for name, value in query.get("Dimensions", {}).items():
        if (_IDENTITY if name == "EMAIL_IDENTITY" else _NAME).fullmatch(value):
            continue
        match name:
            case "EMAIL_IDENTITY":
                raise SesError("Invalid email identity provided.")
            case "ISP":
                raise SesError("Invalid ISP name provided.")
            case "CONFIGURATION_SET" if not value:
                raise SesError("The configuration set name must be specified.")
            case "CONFIGURATION_SET":
                raise SesError(f"Invalid configuration set name <{value}>: {_CHARSET}")
            case _ if not value:
                raise SesError("TenantName cannot be empty")
            case _:
                raise SesError(f"Invalid tenant name <{value}>: {_CHARSET}")


def _check_dates(number: int, query: BatchQuery, now: datetime | None) -> None:
    for name in _DATE_MEMBERS:
        if name not in query:
            member = name[0].lower() + name[1:]
            raise _constraint_error(
                [f"Value at 'queries.{number}.member.{member}' {_VIOLATION} not be null"]
            )
    start, end = parse_timestamp(query["StartDate"]), parse_timestamp(query["EndDate"])
    if start >= end:
        raise SesError("Expected start date to be before the end date.")
    if end - start > MAX_INTERVAL:
        raise SesError(
            "Invalid interval, can request at most 60 days. "
            "Please partition your requested interval."
        )
    if any(query[name] % _DAY_S for name in _DATE_MEMBERS):
        raise SesError("Expected dates at midnight UTC.")
    if now is not None and end > now:
        # The worst case: it is unconfirmed that SES does this, and with which message.
        raise SesError("Invalid interval, the end date must not be in the future.")
