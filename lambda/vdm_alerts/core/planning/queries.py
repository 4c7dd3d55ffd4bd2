"""What VDM can be asked, and what it has answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.model.findings import Finding, OperationFailedError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap


@dataclass(frozen=True, slots=True)
class Query:
    """One metric of one scope: one query of the API, whatever the number of days."""

    metric: Metric
    scope: Scope


class TodayRejectedError(OperationFailedError):
    """SES refused to answer for the days that it was asked about; today may be one too many."""

    def __init__(self, why: str) -> None:
        """Say *why* in SES's own words."""
        super().__init__(
            Finding(
                key="days",
                what=f"SES refuses to answer for the days that it is asked about: {why}",
                remedy="Please report it: VDM Alerts asks for whole UTC days, sixty at the most",
            )
        )


ACCOUNT_SENT = Query(Metric.SEND, ACCOUNT)

Answers: TypeAlias = Mapping[Query, Series | Gap]
"""What has been answered so far, or why it was not."""


def as_of(now: datetime, last: date, answers: Answers) -> AsOf:
    """Return until when mail has been counted, of what was asked for until *last*.

    That nothing at all has been counted of today says nothing of today: SES may not serve it yet.
    The account's mail shows that; where it could not be read, anybody's does.
    """
    account = [answers.get(Query(metric, ACCOUNT)) for metric in Metric]
    known = [each for each in account if isinstance(each, Series)]
    anybody = known or (each for each in answers.values() if isinstance(each, Series))
    is_missing = last == now.date() and all(each.newest_day != last for each in anybody)
    return AsOf(now, last - timedelta(days=1) if is_missing else last)


def base_queries(query: Query, isps: Sequence[str]) -> Sequence[Query]:
    """Return what SES has to be asked for, to know the answer to *query*: itself, as a rule."""
    if not query.scope.is_derived:
        return (query,)
    whole = query.scope.whole
    return [Query(query.metric, each) for each in (whole, *(whole.at(isp) for isp in isps))]


def answer(query: Query, isps: Sequence[str], answers: Answers) -> Series | Gap | None:
    """Return what *answers* says to *query*; None where it has not been asked.

    What goes to none of the named *isps* is the whole without what goes to them.
    """
    if not query.scope.is_derived:
        return answers.get(query)
    parts: list[Series] = []
    for each in base_queries(query, isps):
        part = answers.get(each)
        if not isinstance(part, Series):
            return part
        parts.append(part)
    whole, *named = parts
    return whole.minus(named)
