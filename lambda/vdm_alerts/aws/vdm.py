"""VDM's daily counts, by SES's BatchGetMetricData."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vdm_alerts.aws.pace import Pace
from vdm_alerts.aws.refusals import code_of, doing
from vdm_alerts.core.findings import Finding, Hindrance
from vdm_alerts.core.metrics import Series, Window
from vdm_alerts.core.rates import Gap
from vdm_alerts.core.sweep import Query
from vdm_alerts.ports import AccessDenied, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import (
        BatchGetMetricDataQueryTypeDef,
        BatchGetMetricDataResponseTypeDef,
        MetricDataResultTypeDef,
    )

CALLERS = 16
"""Calls under way at a time: with fewer than a second for an answer, enough to fill the quota."""
MOST_QUERIES = 10
"""Queries a call takes; botocore does not check it.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricData.html
"""

VDM_IS_OFF = Finding(
    about="VDM",
    what="Virtual Deliverability Manager is switched off in this account and Region, so there is "
    "nothing to read",
    remedy="Switch it on in the SES console under Virtual Deliverability Manager; engagement "
    "tracking and optimized shared delivery can stay off, and it is charged by the mail",
)

_ACTION = "ses:BatchGetMetricData"
_log = logging.getLogger(__name__)


class Vdm:
    """A SeriesSource: whole UTC days, today's unfinished one among them.

    Several calls are under way at a time, because one takes longer than SES's quota makes it wait
    for the next.
    """

    def __init__(self, client: "SESV2Client", pace: Pace | None = None) -> None:
        """Ask through *client*, which has to have a connection for each of *CALLERS*, at *pace*."""
        self._client = client
        (pace or Pace()).govern(client)

    def read(
        self, queries: Sequence[Query], window: Window, today: date, patience: timedelta
    ) -> Mapping[Query, Series | Gap]:
        """Return the counts of each query in *window* ending *today*, or why there are none.

        Raises AccessDenied where the very first call is refused, and Hindrance where VDM is off.
        What is not answered within *patience* is not known. Once AWS does not answer even after
        boto3's retries, what is left is not asked for in this run: it would only wait as long.
        """
        over = time.monotonic() + patience.total_seconds()
        found: dict[Query, Series | Gap] = dict.fromkeys(queries, Gap.UNAVAILABLE)
        starts = _midnight(window.first_day(today))
        ends = _midnight(today + timedelta(days=1))  # SES leaves out the day that EndDate begins.
        first, *rest = _batches(queries)
        stopped = Event()

        def answers(batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
            if stopped.is_set() or time.monotonic() > over:
                stopped.set()
                return {}
            try:
                return self._ask(batch, starts, ends)
            except Unavailable as error:
                stopped.set()
                _log.warning("reading VDM stopped early: %s", error)
                return {}
            except AccessDenied:
                raise
            except Hindrance:
                stopped.set()
                raise

        found |= answers(first)  # Alone, because what it meets is what all the others would meet.
        with ThreadPoolExecutor(CALLERS) as callers:
            for answered in callers.map(_or_denied(answers), rest):
                found |= answered
        return found

    def _ask(
        self, batch: Sequence[Query], starts: datetime, ends: datetime
    ) -> Mapping[Query, Series | Gap]:
        """Ask for *batch*; where SES refuses it whole for one bad value, ask again in halves."""
        try:
            with doing(_ACTION):
                answer = self._client.batch_get_metric_data(
                    Queries=[
                        _wire(number, query, starts, ends) for number, query in enumerate(batch)
                    ]
                )
        except Unavailable as error:
            refusal = error.__cause__
            if not isinstance(refusal, ClientError):
                raise
            if "enable Virtual Deliverability Manager" in str(refusal):
                raise Hindrance(VDM_IS_OFF) from refusal
            if code_of(refusal) != "BadRequestException":
                raise
            if len(batch) == 1:
                _log.warning("SES refuses %s of %s: %s", batch[0].metric, batch[0].scope, refusal)
                return {batch[0]: Gap.REFUSED}
            half = len(batch) // 2
            first, second = batch[:half], batch[half:]
            return {**self._ask(first, starts, ends), **self._ask(second, starts, ends)}
        return _answers(batch, answer)


def _or_denied(
    ask: Callable[[Sequence[Query]], Mapping[Query, Series | Gap]],
) -> Callable[[Sequence[Query]], Mapping[Query, Series | Gap]]:
    """Return *ask*, with a gap for each query of a call that AWS denies."""

    def asked(batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        try:
            return ask(batch)
        except AccessDenied:
            return dict.fromkeys(batch, Gap.ACCESS_DENIED)

    return asked


def _batches(queries: Sequence[Query]) -> Iterator[Sequence[Query]]:
    for start in range(0, len(queries), MOST_QUERIES):
        yield queries[start : start + MOST_QUERIES]


def _wire(
    number: int, query: Query, starts: datetime, ends: datetime
) -> "BatchGetMetricDataQueryTypeDef":
    wire: BatchGetMetricDataQueryTypeDef = {
        "Id": str(number),
        "Namespace": "VDM",
        "Metric": query.metric.value,
        "StartDate": starts,
        "EndDate": ends,
    }
    if dimensions := query.scope.dimensions:  # An empty map is refused; none is the account.
        wire["Dimensions"] = {key.value: value for key, value in dimensions.items()}
    return wire


def _answers(
    batch: Sequence[Query], answer: "BatchGetMetricDataResponseTypeDef"
) -> Mapping[Query, Series | Gap]:
    """Match *answer* to *batch* by Id; what it leaves out, or garbles, is not known."""
    found: dict[Query, Series | Gap] = dict.fromkeys(batch, Gap.UNAVAILABLE)
    by_id = {str(number): query for number, query in enumerate(batch)}
    for result in answer.get("Results", []):
        if (query := by_id.get(result.get("Id", ""))) and (series := _series(result)):
            found[query] = series
        else:
            _log.warning("SES gave an answer that makes no sense: %s", result)
    for error in answer.get("Errors", []):
        if query := by_id.get(error.get("Id", "")):
            denied = error.get("Code") == "ACCESS_DENIED"
            found[query] = Gap.ACCESS_DENIED if denied else Gap.UNAVAILABLE
        _log.warning("SES answered a query with an error: %s: %s", query, error.get("Message"))
    return found


def _series(result: "MetricDataResultTypeDef") -> Series | None:
    stamps, values = result.get("Timestamps", []), result.get("Values", [])
    if len(stamps) != len(values) or any(value < 0 for value in values):
        return None
    # botocore hands out local time, and the local day may be another than SES's.
    days = (stamp.astimezone(UTC).date() for stamp in stamps)
    return Series(dict(zip(days, values, strict=True)))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
