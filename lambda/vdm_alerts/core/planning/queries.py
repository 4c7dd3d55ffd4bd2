"""Queries of VDM, and the answers to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.model.findings import Finding, OperationFailedError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap


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
                what=f"SES refuses to answer for the days that it is asked about: {why}",
                remedy="Please report it: VDM Alerts asks for whole UTC days, sixty at the most",
            )
        )


ACCOUNT_SENT_QUERY = Query(Metric.SEND, ACCOUNT)
"""The query for the emails that the whole account sent."""

Answers: TypeAlias = Mapping[Query, Series | Gap]
"""The answers so far: the daily counts, or the reason why there are none."""


def data_as_of(now: datetime, last: date, answers: Answers) -> AsOf:
    """Return *now*, and the last day that *answers* have counts of.

    *last* is the last day that was queried. If it is today and no count of today is above zero, SES
    may not serve today yet; then the last day is yesterday. The account's counts decide. If all of
    them are unreadable, the counts of all scopes decide.
    """
    account_answers = [answers.get(Query(metric, ACCOUNT)) for metric in Metric]
    account_series = [result for result in account_answers if isinstance(result, Series)]
    deciding_series = account_series or (
        result for result in answers.values() if isinstance(result, Series)
    )
    today_is_missing = last == now.date() and all(
        series.newest_day != last for series in deciding_series
    )
    return AsOf(now, last - timedelta(days=1) if today_is_missing else last)


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
