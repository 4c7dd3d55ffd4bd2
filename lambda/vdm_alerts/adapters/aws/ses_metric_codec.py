"""From what SES answers to series, or to why an answer is none."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

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

_log = logging.getLogger(__name__)


def to_query(
    number: int, query: Query, starts: datetime, ends: datetime
) -> "BatchGetMetricDataQueryTypeDef":
    """Return *query* as SES takes it, *number* telling it from the others of its call."""
    wired: BatchGetMetricDataQueryTypeDef = {
        "Id": str(number),
        "Namespace": "VDM",
        "Metric": query.metric.value,
        "StartDate": starts,
        "EndDate": ends,
    }
    if dimensions := query.scope.dimensions:  # An empty map is refused; none is the account.
        wired["Dimensions"] = {key.value: value for key, value in dimensions.items()}
    return wired


def from_response(
    batch: Sequence[Query],
    answer: "BatchGetMetricDataResponseTypeDef",
    starts: datetime,
    ends: datetime,
) -> Mapping[Query, Series | Gap]:
    """Match *answer* to *batch* by Id; what it leaves out, or garbles, is not known."""
    by_id = {str(number): query for number, query in enumerate(batch)}
    found: dict[Query, Series | Gap] = {}
    for result in answer.get("Results", []):
        query = by_id.get(result.get("Id", ""))
        series = _series(result, starts, ends)
        if query is None or series is None or query in found:
            _log.warning("SES gave an answer that makes no sense: %s", result)
        if query is not None:
            # Of two answers to one question, there is no telling which is right.
            found[query] = Gap.UNAVAILABLE if series is None or query in found else series
    for error in answer.get("Errors", []):
        query = by_id.get(error.get("Id", ""))
        if query is not None:
            denied = error.get("Code") == "ACCESS_DENIED"
            found[query] = Gap.ACCESS_DENIED if denied else Gap.UNAVAILABLE
        _log.warning("SES answered a query with an error: %s: %s", query, error.get("Message"))
    return {query: found.get(query, Gap.UNAVAILABLE) for query in batch}


def _series(result: "MetricDataResultTypeDef", starts: datetime, ends: datetime) -> Series | None:
    """Return the series in *result*; None where it cannot be the answer to what was asked."""
    days = [_day(stamp) for stamp in result.get("Timestamps", [])]
    values = result.get("Values", [])
    if len(days) != len(values) or len(days) != len(set(days)):
        return None
    first, end = starts.date(), ends.date()
    if any(day is None or not first <= day < end for day in days):
        return None
    if any(type(value) is not int or value < 0 for value in values):
        return None
    return Series({day: value for day, value in zip(days, values, strict=True) if day})


@lru_cache(maxsize=256)
def _day(stamp: datetime) -> date | None:
    """Return the UTC day that begins with *stamp*; None where none does.

    botocore by itself hands out local time, and the local day may be another than SES's.
    """
    utc = stamp.astimezone(UTC)
    return utc.date() if utc.time() == time() else None


def use_fast_timestamps(session: "Session") -> None:
    """Have clients made by *session* read instants by a table of those seen before.

    There are sixty in each answer, and the same sixty in all of them; botocore would work each out
    with the machine's time zone, which takes most of the time that reading an answer does.
    """
    factory = session.get_component("response_parser_factory")
    factory.set_parser_defaults(timestamp_parser=_instant)


@lru_cache(maxsize=256)
def _instant(value: float | str) -> datetime:
    """Return the instant that SES wrote as *value*: seconds since 1970, or ISO 8601."""
    if isinstance(value, int | float):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    return parse_timestamp(value)
