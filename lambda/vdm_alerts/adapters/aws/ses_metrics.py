"""VDM's daily counts, by SES's BatchGetMetricData."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vdm_alerts.adapters.aws.errors import code_of, translate_errors
from vdm_alerts.adapters.aws.ses_metric_codec import from_response, to_query
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import (
    AccessDeniedError,
    Finding,
    OperationFailedError,
    UnavailableError,
)
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import ACCOUNT_SENT, Query, TodayRejectedError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

MAX_CONCURRENCY = 16
"""Calls under way at a time: with fewer than a second for an answer, enough to fill the quota."""
MAX_QUERIES = 10
"""Queries a call takes; botocore does not check it.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricData.html
"""

VDM_IS_OFF = Finding(
    key="VDM",
    what="Virtual Deliverability Manager is switched off in this account and Region, so there is "
    "nothing to read",
    remedy="Switch it on in the SES console under Virtual Deliverability Manager; engagement "
    "tracking and optimized shared delivery can stay off, and it is charged by the mail",
)

MAX_FAILURES = 5
"""Calls in a row without an answer, boto3's repeats not counted, after which no more are made."""

MAX_DENIALS = 20
"""Denied scopes that are found one by one; after that a denied call is denied as a whole."""

_ACTION = "ses:BatchGetMetricData"
_log = logging.getLogger(__name__)


class SesMetrics:
    """A SeriesSource: whole UTC days.

    Several calls are under way at a time, because one takes longer than SES's quota makes it wait
    for the next.
    """

    def __init__(self, client: "SESV2Client", pace: RateLimiter | None = None) -> None:
        """Send requests through *client* at *pace*, by default the quota of SES.

        *client* needs a connection for each of the *CALLERS*.
        """
        self._client = client
        (pace or RateLimiter()).attach(client, "BatchGetMetricData")

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the counts of each query in *window* ending *last*, or why there are none.

        Raises AccessDenied where the account's own mail is denied, TodayRefused where these days
        are refused, and Hindrance where VDM is off. What is not asked before *deadline* is cut. So
        is what is left once AWS has not answered several calls in a row: it would only wait as
        long.
        """
        reading = _ReadCalls(
            self._client,
            starts=_midnight(window.first_day(last)),
            ends=_midnight(last + timedelta(days=1)),  # SES leaves out the day that it begins.
            deadline=deadline,
        )
        first, *rest = _batches(queries)
        # Alone, because what it meets is what all the others would meet.
        found = dict(reading.read(first))
        with ThreadPoolExecutor(MAX_CONCURRENCY) as callers:
            for each in callers.map(reading.read, rest):
                found |= each
        return found


@dataclass(slots=True)
class _ReadCalls:
    """One reading, shared by all callers: what to ask for, and what came in the way."""

    client: "SESV2Client"
    starts: datetime
    ends: datetime
    deadline: Deadline
    is_over: bool = False
    failures: int = 0
    denials: int = 0
    rejected: set[Scope] = field(default_factory=set)

    def read(self, batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        """Return the answers to *batch*. Raises AccessDenied, TodayRefused and Hindrance."""
        self.is_over |= self.deadline.left() < timedelta()
        if self.is_over:
            return dict.fromkeys(batch, Gap.CUT_OFF)
        refused = {query: Gap.REJECTED for query in batch if query.scope in self.rejected}
        rest = [query for query in batch if query not in refused]
        return {**refused, **(self._answered(rest) if rest else {})}

    def _answered(self, batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        try:
            found = self._call(batch)
        except AccessDeniedError as denial:
            return self._split(batch, denial)
        except UnavailableError as error:
            refusal = error.__cause__
            if isinstance(refusal, ClientError) and code_of(refusal) == "BadRequestException":
                return self._split(batch, error)
            return self._failed(batch, error)
        except OperationFailedError:
            self.is_over = True
            raise
        except Exception as error:  # noqa: BLE001 - botocore has no name for an answer in pieces
            return self._failed(batch, error)
        self.failures = 0
        return found

    def _call(self, batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        wired = [
            to_query(number, each, self.starts, self.ends) for number, each in enumerate(batch)
        ]
        try:
            with translate_errors(_ACTION):
                answer = self.client.batch_get_metric_data(Queries=wired)
        except UnavailableError as error:
            if "enable Virtual Deliverability Manager" in str(error.__cause__):
                raise OperationFailedError(VDM_IS_OFF) from error.__cause__
            raise
        return from_response(batch, answer, self.starts, self.ends)

    def _failed(self, batch: Sequence[Query], error: Exception) -> Mapping[Query, Series | Gap]:
        _log.warning("%d series were not read: %s", len(batch), error)
        self.failures += 1
        self.is_over |= self.failures >= MAX_FAILURES
        return dict.fromkeys(batch, Gap.UNAVAILABLE)

    def _split(
        self, batch: Sequence[Query], no: AccessDeniedError | UnavailableError
    ) -> Mapping[Query, Series | Gap]:
        """Ask for *batch*, to which SES said *no*, in parts, until what it means is alone.

        The account has no name that could be wrong, and no resource of its own that could be
        denied: there it is the days, or everything.
        """
        if len(batch) > 1 and not (
            isinstance(no, AccessDeniedError) and self.denials >= MAX_DENIALS
        ):
            first, second = _halves(batch)
            return {**self.read(first), **self.read(second)}
        scope = batch[0].scope
        if isinstance(no, AccessDeniedError):
            if ACCOUNT_SENT in batch:
                self.is_over = True
                raise no
            self.denials += 1
            _log.warning("AWS denies %d series, of %s: %s", len(batch), scope, no)
            return dict.fromkeys(batch, Gap.ACCESS_DENIED)
        if batch[0] == ACCOUNT_SENT:
            self.is_over = True
            raise TodayRejectedError(str(no.__cause__)) from no
        _log.warning("SES refuses %s of %s: %s", batch[0].metric, scope, no.__cause__)
        if scope != ACCOUNT:
            self.rejected.add(scope)
        return dict.fromkeys(batch, Gap.REJECTED)


def _halves(batch: Sequence[Query]) -> tuple[Sequence[Query], Sequence[Query]]:
    """Return *batch* in two: by scopes, and of one scope the first query apart from the others."""
    scopes = list(dict.fromkeys(query.scope for query in batch))
    if len(scopes) == 1:
        return batch[:1], batch[1:]
    half = set(scopes[: len(scopes) // 2])
    return (
        [query for query in batch if query.scope in half],
        [query for query in batch if query.scope not in half],
    )


def _batches(queries: Sequence[Query]) -> Iterator[Sequence[Query]]:
    """Yield *queries* in tens; those that SES may refuse with a batch of their own a scope."""
    sound = [query for query in queries if not query.scope.may_be_rejected]
    for start in range(0, len(sound), MAX_QUERIES):
        yield sound[start : start + MAX_QUERIES]
    doubtful: dict[Scope, list[Query]] = {}
    for query in queries:
        if query.scope.may_be_rejected:
            doubtful.setdefault(query.scope, []).append(query)
    yield from doubtful.values()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
