"""VDM's daily counts, by SES's BatchGetMetricData."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vdm_alerts.aws.answers import answers, wire
from vdm_alerts.aws.pace import Pace
from vdm_alerts.aws.refusals import code_of, doing
from vdm_alerts.core.findings import Finding, Hindrance
from vdm_alerts.core.metrics import ACCOUNT, Scope, Series, Window
from vdm_alerts.core.queries import ACCOUNT_SENT, Query
from vdm_alerts.core.rates import Gap
from vdm_alerts.ports import AccessDenied, TodayRefused, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

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

MOST_FAILURES = 5
"""Calls in a row without an answer, boto3's repeats not counted, after which no more are made."""

_ACTION = "ses:BatchGetMetricData"
_log = logging.getLogger(__name__)


class Vdm:
    """A SeriesSource: whole UTC days.

    Several calls are under way at a time, because one takes longer than SES's quota makes it wait
    for the next.
    """

    def __init__(self, client: "SESV2Client", pace: Pace | None = None) -> None:
        """Ask through *client*, which has to have a connection for each of *CALLERS*, at *pace*."""
        self._client = client
        (pace or Pace()).govern(client, "BatchGetMetricData")

    def read(
        self, queries: Sequence[Query], window: Window, last: date, patience: timedelta
    ) -> Mapping[Query, Series | Gap]:
        """Return the counts of each query in *window* ending *last*, or why there are none.

        Raises AccessDenied where the very first call is refused, TodayRefused where these days are,
        and Hindrance where VDM is off. What is not asked within *patience* is cut. Once AWS has
        not answered several calls in a row, what is left is not asked for: it would only wait as
        long.
        """
        reading = _Reading(
            self._client,
            starts=_midnight(window.first_day(last)),
            ends=_midnight(last + timedelta(days=1)),  # SES leaves out the day that it begins.
            over=time.monotonic() + patience.total_seconds(),
        )
        first, *rest = _batches(queries)
        # Alone, because what it meets is what all the others would meet.
        found = dict(reading.asked(first))
        with ThreadPoolExecutor(CALLERS) as callers:
            for each in callers.map(reading.asked_or_denied, rest):
                found |= each
        return found


@dataclass(slots=True)
class _Reading:
    """One reading, shared by all callers: what to ask for, and what came in the way."""

    client: "SESV2Client"
    starts: datetime
    ends: datetime
    over: float
    left: Gap | None = None
    """Why nothing more is asked; None while there is no reason."""
    failures: int = 0
    refused: set[Scope] = field(default_factory=set)

    def asked_or_denied(self, batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        """Return the answers to *batch*, with a gap for each query of a call that AWS denies."""
        try:
            return self.asked(batch)
        except AccessDenied:
            return dict.fromkeys(batch, Gap.ACCESS_DENIED)

    def asked(self, batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        """Return the answers to *batch*. Raises AccessDenied, TodayRefused and Hindrance."""
        if time.monotonic() > self.over:
            self.left = self.left or Gap.CUT
        if self.left:
            return dict.fromkeys(batch, self.left)
        if known := self.refused.intersection(query.scope for query in batch):
            rest = [query for query in batch if query.scope not in known]
            refused = {query: Gap.REFUSED for query in batch if query.scope in known}
            return refused | dict(self.asked(rest)) if rest else refused
        try:
            found = self._call(batch)
        except AccessDenied:
            raise
        except Unavailable as error:
            refusal = error.__cause__
            if isinstance(refusal, ClientError) and code_of(refusal) == "BadRequestException":
                return self._apart(batch, refusal)
            return self._failed(batch, error)
        except Hindrance:
            self.left = Gap.UNAVAILABLE
            raise
        except Exception as error:  # noqa: BLE001 - botocore has no name for an answer in pieces
            return self._failed(batch, error)
        self.failures = 0
        return found

    def _call(self, batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        wired = [wire(number, each, self.starts, self.ends) for number, each in enumerate(batch)]
        try:
            with doing(_ACTION):
                answer = self.client.batch_get_metric_data(Queries=wired)
        except Unavailable as error:
            if "enable Virtual Deliverability Manager" in str(error.__cause__):
                raise Hindrance(VDM_IS_OFF) from error.__cause__
            raise
        return answers(batch, answer, self.starts, self.ends)

    def _failed(self, batch: Sequence[Query], error: Exception) -> Mapping[Query, Series | Gap]:
        _log.warning("%d series were not read: %s", len(batch), error)
        self.failures += 1
        if self.failures >= MOST_FAILURES:
            self.left = Gap.UNAVAILABLE
        return dict.fromkeys(batch, Gap.UNAVAILABLE)

    def _apart(self, batch: Sequence[Query], refusal: ClientError) -> Mapping[Query, Series | Gap]:
        """Ask for *batch*, which SES refuses whole, in halves, until what it refuses is alone.

        The account has no name that could be wrong: there it is the days.
        """
        scopes = list(dict.fromkeys(query.scope for query in batch))
        parts: Sequence[Query | Scope] = scopes if scopes != [ACCOUNT] else batch
        if len(parts) > 1:
            half = set(parts[: len(parts) // 2])
            first = [query for query in batch if query in half or query.scope in half]
            second = [query for query in batch if query not in first]
            return {**self.asked(first), **self.asked(second)}
        if ACCOUNT_SENT in batch:
            self.left = Gap.UNAVAILABLE
            raise TodayRefused(str(refusal)) from refusal
        _log.warning("SES refuses %s: %s", scopes[0], refusal)
        if scopes != [ACCOUNT]:
            self.refused.add(scopes[0])
        return dict.fromkeys(batch, Gap.REFUSED)


def _batches(queries: Sequence[Query]) -> Iterator[Sequence[Query]]:
    """Yield *queries* in tens; those that SES may refuse with a batch of their own a scope."""
    sound = [query for query in queries if not query.scope.is_doubtful]
    for start in range(0, len(sound), MOST_QUERIES):
        yield sound[start : start + MOST_QUERIES]
    doubtful: dict[Scope, list[Query]] = {}
    for query in queries:
        if query.scope.is_doubtful:
            doubtful.setdefault(query.scope, []).append(query)
    yield from doubtful.values()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
