"""The codec of BatchGetMetricData: queries to requests, and responses to series or gaps."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore.utils import parse_timestamp

from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_sesv2.type_defs import (
        BatchGetMetricDataQueryTypeDef,
        BatchGetMetricDataResponseTypeDef,
        MetricDataResultTypeDef,
    )

MAX_COUNT = 2**53
"""Emails in a day that a count can state: the largest integer up to which JSON is exact.

Source: https://www.rfc-editor.org/rfc/rfc8259#section-6
"""

_log = logging.getLogger(__name__)


def to_query(
    number: int, query: Query, starts: datetime, ends: datetime
) -> "BatchGetMetricDataQueryTypeDef":
    """Return *query* in the form of the SES API, for the days from *starts* until before *ends*.

    *number* is the ID of the query in its call.
    """
    request: BatchGetMetricDataQueryTypeDef = {
        "Id": str(number),
        "Namespace": "VDM",
        "Metric": query.metric.value,
        "StartDate": starts,
        "EndDate": ends,
    }
    if dimensions := query.scope.dimensions:  # SES rejects an empty map. The account has no map.
        request["Dimensions"] = {dimension.value: value for dimension, value in dimensions.items()}
    return request


def from_response(
    batch: Sequence[Query],
    response: "BatchGetMetricDataResponseTypeDef",
    starts: datetime,
    ends: datetime,
) -> Mapping[Query, Series | Gap]:
    """Return the answer in *response* to each query of *batch*, by the ID of the query.

    A query without a valid result is a gap. So is a query with two results, because either result
    may be wrong.
    """
    by_id = {str(number): query for number, query in enumerate(batch)}
    answers: dict[Query, Series | Gap] = {}
    for result in response.get("Results", []):
        query = by_id.get(result.get("Id", ""))
        series = _series(result, starts, ends)
        if query is None or series is None or query in answers:
            _log.warning("SES returned an invalid result: %s", result)
        if query is not None:
            answers[query] = Gap.UNAVAILABLE if series is None or query in answers else series
    for error in response.get("Errors", []):
        query = by_id.get(error.get("Id", ""))
        if query is not None:
            denied = error.get("Code") == "ACCESS_DENIED"
            answers[query] = Gap.ACCESS_DENIED if denied else Gap.UNAVAILABLE
        _log.warning("SES returned an error for a query: %s: %s", query, error.get("Message"))
    return {query: answers.get(query, Gap.UNAVAILABLE) for query in batch}


def use_fast_timestamps(session: "Session") -> None:
    """Make the clients of *session* parse timestamps with a cache.

    Each answer has up to 60 timestamps, and all answers have the same ones. Without the cache,
    botocore converts each timestamp with the local time zone, which is most of the time to parse a
    response.
    """
    factory = session.get_component("response_parser_factory")
    factory.set_parser_defaults(timestamp_parser=_parsed_timestamp)


def remove_invalid_counts(response_dict: dict[str, Any], **_: object) -> None:
    """Replace each invalid count in the body of a response by null, before botocore parses it.

    botocore would read 0.9 as 0 and `true` as 1, and fail for the whole response because of NaN.
    """
    try:
        body = json.loads(response_dict["body"])
        results = [
            result for result in body["Results"] if not all(map(_is_count, result["Values"]))
        ]
    except (KeyError, TypeError, ValueError):  # The parser of botocore reports the error.
        return
    for result in results:
        result["Values"] = [value if _is_count(value) else None for value in result["Values"]]
    if results:
        response_dict["body"] = json.dumps(body).encode()


def _series(result: "MetricDataResultTypeDef", starts: datetime, ends: datetime) -> Series | None:
    """Return the series in *result*, or None if *result* is invalid.

    A valid result has one count for each of its days, which are different UTC days from *starts*
    until before *ends*.
    """
    days = [_day(timestamp) for timestamp in result.get("Timestamps", [])]
    values = result.get("Values", [])
    if len(days) != len(values) or len(days) != len(set(days)):
        return None
    first, end = starts.date(), ends.date()
    if any(day is None or not first <= day < end for day in days):
        return None
    if not all(map(_is_count, values)):
        return None
    return Series({day: value for day, value in zip(days, values, strict=True) if day})


def _is_count(value: object) -> bool:
    """Return whether *value* is a number of emails. `True` is not, although it is an int."""
    return type(value) is int and 0 <= value <= MAX_COUNT


@lru_cache(maxsize=256)
def _day(timestamp: datetime) -> date | None:
    """Return the UTC day that begins at *timestamp*, or None if no UTC day begins then.

    botocore returns local times by default. The local day may differ from the UTC day.
    """
    utc = timestamp.astimezone(UTC)
    return utc.date() if utc.time() == time() else None


@lru_cache(maxsize=256)
def _parsed_timestamp(value: float | str) -> datetime:
    """Return the timestamp *value* of SES: seconds since 1970, or ISO 8601."""
    if isinstance(value, int | float):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    return parse_timestamp(value)
