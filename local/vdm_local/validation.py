"""What SES refuses of BatchGetMetricData, in its order and its words as far as they are known.

None of it is documented. It follows code that talks to the real service:

* PostHog, https://github.com/PostHog/posthog (products/workflows/backend/providers/ses.py)
* Floci, https://github.com/floci-io/floci (SesMetricsController.java), which says it was probed
  against SES in us-east-1

Where the two disagree, the stricter is followed: bounds within a day are refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from vdm_local.answers import Refused
from vdm_local.traffic import METRICS

Query: TypeAlias = Mapping[str, Any]
"""One query of a call, as it came over the wire."""

DIMENSIONS = ("EMAIL_IDENTITY", "CONFIGURATION_SET", "ISP", "TENANT_NAME")
MOST_QUERIES = 10
MOST_DIMENSIONS = 3
LONGEST_INTERVAL = timedelta(days=60)
LONGEST_ID = 255

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_IDENTITY = re.compile(r"(?:[^@\s*]+@)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_CHARSET = "only alphanumeric ASCII characters, '_', and '-' are allowed."
_NOT_SO = "failed to satisfy constraint: Member must"
_TEXTS = ("Id", "Namespace", "Metric")
_INSTANTS = ("StartDate", "EndDate")
_DAY = 86_400


def shaped(queries: object) -> Sequence[Query]:
    """Return *queries* where each member that is there is of its type. Raises Refused."""
    if queries is None:
        return []
    if not isinstance(queries, list) or not all(_has_its_types(query) for query in queries):
        message = "The request is malformed: a member is not of its type."
        raise Refused(message, "SerializationException")
    return queries


def check(queries: Sequence[Query], now: datetime | None = None) -> None:
    """Refuse what SES refuses: every check over all queries before the next check.

    Where *now* is given, so is a day that has not ended by then.
    """
    if not queries:
        raise _constraints(["Value at 'queries' " + _length("greater", 1)])
    if len(queries) > MOST_QUERIES:
        raise _constraints(["Value at 'queries' " + _length("less", MOST_QUERIES)])
    ids = [query["Id"] for query in queries if "Id" in query]
    if len(set(ids)) < len(ids):
        raise Refused("All queries must have a unique identifier.")
    if any(name not in DIMENSIONS for query in queries for name in query.get("Dimensions", {})):
        raise Refused("Unsupported dimension provided.")
    wrong = [
        f"Value at 'queries.{number}.member.{problem}"
        for number, query in enumerate(queries, 1)
        for problem in _wrong_members(query)
    ]
    if wrong:
        raise _constraints(wrong)
    for query in queries:
        _check_dimension_values(query)
    for number, query in enumerate(queries, 1):
        _check_dates(number, query, now)


def instant(epoch: float) -> datetime:
    """Return the instant that *epoch* is on the wire. Raises Refused."""
    try:
        return datetime.fromtimestamp(epoch, UTC)
    except (OSError, OverflowError, ValueError) as error:
        raise Refused(f"{epoch} is no instant.", "SerializationException") from error


def _has_its_types(query: object) -> bool:
    if not isinstance(query, dict):
        return False
    dimensions = query.get("Dimensions", {})
    return (
        all(isinstance(query.get(name, ""), str) for name in _TEXTS)
        and all(isinstance(query.get(name, 0), int | float) for name in _INSTANTS)
        and isinstance(dimensions, dict)
        and all(isinstance(value, str) for value in dimensions.values())
    )


def _wrong_members(query: Query) -> Iterator[str]:
    """Yield what is wrong with single members, in the order in which SES names them."""
    if query.get("Metric") not in METRICS:
        yield f"metric' {_NOT_SO} satisfy enum value set: [{', '.join(METRICS)}]"
    if query.get("Namespace") != "VDM":
        yield f"namespace' {_NOT_SO} satisfy enum value set: [VDM]"
    if not query.get("Id"):
        yield "id' " + _length("greater", 1)
    elif len(query["Id"]) > LONGEST_ID:
        yield "id' " + _length("less", LONGEST_ID)
    if "Dimensions" in query and not query["Dimensions"]:
        yield "dimensions' " + _length("greater", 1)
    elif len(query.get("Dimensions", {})) > MOST_DIMENSIONS:
        yield "dimensions' " + _length("less", MOST_DIMENSIONS)


def _length(than: str, bound: int) -> str:
    return f"{_NOT_SO} have length {than} than or equal to {bound}"


def _constraints(wrong: Sequence[str]) -> Refused:
    errors = "error" if len(wrong) == 1 else "errors"
    return Refused(f"{len(wrong)} validation {errors} detected: {'; '.join(wrong)}")


def _check_dimension_values(query: Query) -> None:
    for name, value in query.get("Dimensions", {}).items():
        if (_IDENTITY if name == "EMAIL_IDENTITY" else _NAME).fullmatch(value):
            continue
        match name:
            case "EMAIL_IDENTITY":
                raise Refused("Invalid email identity provided.")
            case "ISP":
                raise Refused("Invalid ISP name provided.")
            case "CONFIGURATION_SET" if not value:
                raise Refused("The configuration set name must be specified.")
            case "CONFIGURATION_SET":
                raise Refused(f"Invalid configuration set name <{value}>: {_CHARSET}")
            case _ if not value:
                raise Refused("TenantName cannot be empty")
            case _:
                raise Refused(f"Invalid tenant name <{value}>: {_CHARSET}")


def _check_dates(number: int, query: Query, now: datetime | None) -> None:
    for name in _INSTANTS:
        if name not in query:
            member = name[0].lower() + name[1:]
            raise _constraints(
                [f"Value at 'queries.{number}.member.{member}' {_NOT_SO} not be null"]
            )
    start, end = instant(query["StartDate"]), instant(query["EndDate"])
    if start >= end:
        raise Refused("Expected start date to be before the end date.")
    if end - start > LONGEST_INTERVAL:
        raise Refused(
            "Invalid interval, can request at most 60 days. "
            "Please partition your requested interval."
        )
    if any(query[name] % _DAY for name in _INSTANTS):
        raise Refused("Expected dates at midnight UTC.")
    if now is not None and end > now:
        # Neither that SES does this nor what it would say is confirmed; it is the worst case.
        raise Refused("Invalid interval, the end date must not be in the future.")
