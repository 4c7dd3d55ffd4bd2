"""The daily counts of VDM, from the BatchGetMetricData operation of SES."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vdm_alerts.adapters.aws.errors import code_of, translate_errors
from vdm_alerts.adapters.aws.ses_metric_codec import (
    from_response,
    remove_invalid_counts,
    to_query,
)
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.adapters.aws.time_limit import requests_end_by
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import (
    AccessDeniedError,
    Finding,
    OperationFailedError,
    UnavailableError,
)
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import ACCOUNT_SENT_QUERY, Query, TodayRejectedError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

MAX_CONCURRENCY = 16
"""Calls at the same time. If a call takes less than 1 second, this is enough to use the quota."""
MAX_QUERIES = 10
"""Maximum queries in a call. botocore does not check the limit.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricData.html
"""

VDM_IS_OFF = Finding(
    key="VDM",
    what="Virtual Deliverability Manager is turned off in this account and Region",
    effect="only the rates of the account that SES itself reports are monitored",
    remedy="Turn it on in the SES console under Virtual Deliverability Manager. AWS charges for it "
    "per email. Engagement tracking and optimized shared delivery can stay off",
)

MAX_FAILURES = 5
"""Failed calls in a row after which the read stops. Retries by boto3 are not counted."""

MAX_DENIALS = 20
"""Denied calls that are split down to one scope. After them, all of a denied call is denied."""

_ACTION = "ses:BatchGetMetricData"
_log = logging.getLogger(__name__)


class SesMetrics:
    """A SeriesSource on SES. It reads counts of whole UTC days.

    It makes several calls at the same time, because a call takes longer than the interval between
    calls that the SES quota allows.
    """

    def __init__(self, client: "SESV2Client", rate_limiter: RateLimiter) -> None:
        """Send requests through *client*, at the rate of *rate_limiter*.

        *client* needs MAX_CONCURRENCY connections.
        """
        self._client = client
        self._rate_limiter = rate_limiter
        rate_limiter.attach(client, "BatchGetMetricData")
        client.meta.events.register("before-parse.sesv2.BatchGetMetricData", remove_invalid_counts)

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the daily counts of each query in *window* ending *last*, or why there are none.

        A query that is not made before *deadline* is cut off. So are the remaining queries after
        MAX_FAILURES calls in a row have failed, because each of them would take its full timeout.

        Raises AccessDeniedError if the emails sent by the account are denied, TodayRejectedError if
        SES rejects queries about these days, and OperationFailedError if VDM is off.
        """
        calls = _ReadCalls(
            self._client,
            starts=_midnight(window.first_day(last)),
            ends=_midnight(last + timedelta(days=1)),  # SES excludes the day of EndDate.
            deadline=deadline,
        )
        first, *rest = _batches(queries)
        with requests_end_by(self._client, deadline):
            # The first call is made alone: an error that ends the read would occur in every call.
            answers = dict(calls.read(first))
            with ThreadPoolExecutor(MAX_CONCURRENCY) as executor:
                for batch_answers in executor.map(calls.read, rest):
                    answers |= batch_answers
        return answers

    def throttled_calls(self) -> int:
        """Return how many calls SES has throttled so far, retries included."""
        return self._rate_limiter.throttled_calls


@dataclass(slots=True)
class _ReadCalls:
    """The calls of one read, and what they have in common. All threads share it."""

    client: "SESV2Client"
    starts: datetime
    """The midnight that begins the first day, in UTC."""
    ends: datetime
    """The midnight that ends the last day, in UTC."""
    deadline: Deadline
    is_over: bool = False
    """Whether no further call is made."""
    failures: int = 0
    """Failed calls since the last successful call."""
    denials: int = 0
    """Denied calls that were not split further."""
    rejected: set[Scope] = field(default_factory=set)
    """Scopes whose name SES rejects. They are not queried again."""

    def read(self, batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        """Return the answers to *batch*.

        Raises AccessDeniedError, TodayRejectedError or OperationFailedError as `SesMetrics.read`.
        """
        self.is_over |= self.deadline.remaining() < timedelta()
        if self.is_over:
            return dict.fromkeys(batch, Gap.CUT_OFF)
        rejected = {query: Gap.REJECTED for query in batch if query.scope in self.rejected}
        others = [query for query in batch if query not in rejected]
        return {**rejected, **(self._answers(others) if others else {})}

    def _answers(self, batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        """Make one call for *batch*. If AWS rejects or denies the call, split it."""
        try:
            answers = self._call(batch)
        except AccessDeniedError as denial:
            return self._split(batch, denial)
        except UnavailableError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and code_of(cause) == "BadRequestException":
                return self._split(batch, error)
            return self._failed(batch, error)
        except OperationFailedError:
            self.is_over = True
            raise
        except Exception as error:  # noqa: BLE001 - botocore has no error for a malformed response
            return self._failed(batch, error)
        self.failures = 0
        return answers

    def _call(self, batch: Sequence[Query]) -> Mapping[Query, Series | Gap]:
        queries = [
            to_query(number, query, self.starts, self.ends) for number, query in enumerate(batch)
        ]
        try:
            with translate_errors(_ACTION):
                response = self.client.batch_get_metric_data(Queries=queries)
        except UnavailableError as error:
            if "enable Virtual Deliverability Manager" in str(error.__cause__):
                raise OperationFailedError(VDM_IS_OFF) from error.__cause__
            raise
        return from_response(batch, response, self.starts, self.ends)

    def _failed(self, batch: Sequence[Query], error: Exception) -> Mapping[Query, Series | Gap]:
        _log.warning("%d series unreadable: %s", len(batch), error)
        self.failures += 1
        self.is_over |= self.failures >= MAX_FAILURES
        return dict.fromkeys(batch, Gap.UNAVAILABLE)

    def _split(
        self, batch: Sequence[Query], error: AccessDeniedError | UnavailableError
    ) -> Mapping[Query, Series | Gap]:
        """Read *batch*, which AWS denied or rejected with *error*, in smaller and smaller parts.

        Finally, the denied or rejected query is alone in its call.
        """
        is_denied = isinstance(error, AccessDeniedError)
        if len(batch) > 1 and not (is_denied and self.denials >= MAX_DENIALS):
            first, second = _halves(batch)
            return {**self.read(first), **self.read(second)}
        return self._denied(batch, error) if is_denied else self._rejected(batch, error)

    def _denied(self, batch: Sequence[Query], error: Exception) -> Mapping[Query, Gap]:
        """Return that *batch* is denied. Raises *error* if *batch* has the account's emails.

        The account has no resource of its own in IAM, so a denial of the account denies everything.
        """
        if ACCOUNT_SENT_QUERY in batch:
            self.is_over = True
            raise error
        self.denials += 1
        _log.warning(
            "access denied to %d series, for example of %s: %s", len(batch), batch[0].scope, error
        )
        return dict.fromkeys(batch, Gap.ACCESS_DENIED)

    def _rejected(self, batch: Sequence[Query], error: Exception) -> Mapping[Query, Gap]:
        """Return that *batch*, of one query, is rejected, and note the name of its scope.

        The account has no name that SES could reject. If SES rejects the account's emails, it
        rejects the days: raises TodayRejectedError.
        """
        query = batch[0]
        if query == ACCOUNT_SENT_QUERY:
            self.is_over = True
            raise TodayRejectedError(str(error.__cause__)) from error
        _log.warning("SES rejected %s of %s: %s", query.metric, query.scope, error.__cause__)
        if query.scope != ACCOUNT:
            self.rejected.add(query.scope)
        return dict.fromkeys(batch, Gap.REJECTED)


def _halves(batch: Sequence[Query]) -> tuple[Sequence[Query], Sequence[Query]]:
    """Return *batch* in two parts, which share no scope.

    If *batch* has only one scope, the first part is the first query.
    """
    scopes = list(dict.fromkeys(query.scope for query in batch))
    if len(scopes) == 1:
        return batch[:1], batch[1:]
    half = set(scopes[: len(scopes) // 2])
    return (
        [query for query in batch if query.scope in half],
        [query for query in batch if query.scope not in half],
    )


def _batches(queries: Sequence[Query]) -> Iterator[Sequence[Query]]:
    """Yield *queries* in batches of at most MAX_QUERIES.

    SES rejects a whole call for an invalid name. So the queries of each scope with a name that SES
    may reject are a batch of their own.
    """
    well_formed = [query for query in queries if not query.scope.may_be_rejected]
    for start in range(0, len(well_formed), MAX_QUERIES):
        yield well_formed[start : start + MAX_QUERIES]
    doubtful: dict[Scope, list[Query]] = {}
    for query in queries:
        if query.scope.may_be_rejected:
            doubtful.setdefault(query.scope, []).append(query)
    yield from doubtful.values()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
