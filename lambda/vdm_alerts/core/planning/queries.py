"""Queries of VDM, and the answers to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.model.findings import Finding, OperationFailedError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap

USUAL_WINDOW = Window(7)
"""The days from which the usual number of emails is calculated."""
MIN_SENT_SHARE = 0.1
"""The share of the usual daily emails that SES must have sent since VDM counted the last one."""


@dataclass(frozen=True, slots=True)
class Query:
    """One metric of one scope.

    The API counts one query, however many days it covers.
    """

    metric: Metric
    scope: Scope


class TodayRejectedError(OperationFailedError):
    """SES rejected the queried days, perhaps because today is one of them."""

    def __init__(self, why: str) -> None:
        """Describe the rejection; *why* is the message of SES."""
        super().__init__(
            Finding(
                key="days",
                what=f"SES rejects the days of the queries: {why}",
                effect="no rate can be read",
                remedy="Report this error: VDM Alerts queries whole UTC days, at most 60",
            )
        )


ACCOUNT_SENT_QUERY = Query(Metric.SEND, ACCOUNT)
"""The query for the emails that the whole account sent."""

Answers: TypeAlias = Mapping[Query, Series | Gap]
"""The answers so far: the daily counts, or the reason why there are none."""


def data_as_of(
    now: datetime, last: date, answers: Answers, sent_last_day: int | None = None
) -> AsOf:
    """Return *now*, and the last day that *answers* have counts of.

    *last* is the last day that was queried. If it is today and no count of today is above zero, SES
    may not serve today yet; then the last day is yesterday. The account's counts decide. If all of
    them are unreadable, the counts of all scopes decide.

    *sent_last_day* are the emails that SES itself counted in the last 24 hours. If these are many
    and VDM counted none, VDM is late: see `is_late`. Then the last day is the last one with counts.
    """
    account_answers = [answers.get(Query(metric, ACCOUNT)) for metric in Metric]
    account_series = [result for result in account_answers if isinstance(result, Series)]
    deciding_series = account_series or (
        result for result in answers.values() if isinstance(result, Series)
    )
    today_is_missing = last == now.date() and all(
        series.newest_day != last for series in deciding_series
    )
    as_of = AsOf(now, last - timedelta(days=1) if today_is_missing else last)
    sent = answers.get(ACCOUNT_SENT_QUERY)
    if isinstance(sent, Series) and sent.newest_day and is_late(sent, as_of, sent_last_day):
        return AsOf(now, sent.newest_day)
    return as_of


def is_late(sent: Series, as_of: AsOf, sent_last_day: int | None) -> bool:
    """Return whether VDM lacks emails that SES has sent.

    *sent* are the account's emails by VDM. *sent_last_day* are the emails that SES itself counted
    in the last 24 hours. Without the latter, VDM that stands still looks like an account that sends
    nothing. A few emails prove nothing: VDM counts only those with a single recipient.
    """
    newest = sent.newest_day
    if newest is None or sent_last_day is None or newest >= as_of.now.date() - timedelta(days=1):
        return False
    usual = sent.total(USUAL_WINDOW, newest) / USUAL_WINDOW.days
    return sent_last_day >= max(1, MIN_SENT_SHARE * usual)


def base_queries(query: Query, isps: Sequence[str]) -> Sequence[Query]:
    """Return the queries that SES has to answer for the answer to *query*.

    For most scopes that is *query* itself. SES has no name for "other providers": these are the
    scope at all providers without the scope at each of *isps*.
    """
    if not query.scope.is_derived:
        return (query,)
    whole = query.scope.at_all_providers
    scopes = (whole, *(whole.at_provider(isp) for isp in isps))
    return [Query(query.metric, scope) for scope in scopes]


def find_answer(query: Query, isps: Sequence[str], answers: Answers) -> Series | Gap | None:
    """Return the answer to *query*; None if it was not queried yet.

    The answer for "other providers" is the whole minus the counts of each of *isps*. If one of
    these is a gap or is missing, so is the answer.
    """
    if not query.scope.is_derived:
        return answers.get(query)
    series: list[Series] = []
    for base_query in base_queries(query, isps):
        result = answers.get(base_query)
        if not isinstance(result, Series):
            return result
        series.append(result)
    whole, *parts = series
    return whole.minus(parts)
