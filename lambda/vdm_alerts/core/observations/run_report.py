"""One run in numbers, and the rates worth a metric."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.evaluation.verdicts import evidence_of
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.observations.observation import Gathered
from vdm_alerts.core.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Reading:
    """One rate that *rule* judged, for the record: its indicator of *scope*, a fraction."""

    rule: Rule
    scope: Scope
    value: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One run in numbers. It is logged, and is what the function returns.

    *queries* is how many VDM was asked. *days_behind* is how many days ago the newest mail is that
    VDM has counted, 0 for today; None where that is not known. *unread* counts what else is
    unwatched: rules that cannot be used, and what should pass.
    """

    queries: int
    days_behind: int | None
    series_judged: int
    series_unknown: int
    alerts_warning: int
    alerts_critical: int
    notices_told: int
    notices_owed: int
    findings: int
    unread: int
    subscribers: int | None

    def published(self) -> dict[str, int | None]:
        """Return the figures under the names that the log and the function's response carry."""
        return {name: getattr(self, field) for field, name in RUN_FIGURES.items()}


RUN_FIGURES: Mapping[str, str] = {
    "queries": "queries",
    "days_behind": "days_behind",
    "series_judged": "series_judged",
    "series_unknown": "series_unknown",
    "alerts_warning": "alerts_warning",
    "alerts_critical": "alerts_critical",
    "notices_told": "notices_told",
    "notices_owed": "notices_owed",
    "findings": "findings",
    "unread": "unread",
    "subscribers": "subscribers",
}
"""The published name of each field of a `Summary`."""


NAMESPACE = "VdmAlerts"
"""The CloudWatch namespace of what is recorded; the dimension "service" tells stacks apart."""


MOST_RECORDED = 20
"""Rates beside the account's that a run makes a metric of."""
RECORDED_EVERY = timedelta(hours=6)
"""How often it does: rates are of days, and a metric is paid for by the hour with data in it."""


def summary(
    seen: Gathered, after: Memory, now: datetime, *, findings: int, told: int, owed: int
) -> Summary:
    """Return the numbers of a run that has *seen* this and leaves *after*."""
    newest = seen.newest_day
    firing = [one.state.severity for one in after.alerts.values() if isinstance(one.state, Firing)]
    unjudged = sum(each.hinders for each in seen.unusable.values())
    return Summary(
        queries=seen.survey.asked if seen.survey else 0,
        days_behind=None if newest is None else (now.date() - newest).days,
        series_judged=len(seen.verdicts),
        series_unknown=seen.series_unknown,
        alerts_warning=firing.count(Severity.WARNING),
        alerts_critical=firing.count(Severity.CRITICAL),
        notices_told=told,
        notices_owed=owed - told,
        findings=findings,
        unread=len(seen.passing) + unjudged,
        subscribers=seen.subscribers,
    )


def readings(
    seen: Gathered, known: Memory, now: datetime, before: datetime | None
) -> Sequence[Reading]:
    """Return the rates worth a metric each: the account's, and the worst of what fires.

    None where the last run, as of *before*, has recorded them not long ago. Every one of them costs
    money, and an account can have ten thousand identities.
    """
    if not _is_later_spell(now, before):
        return ()
    open_ = {key for key, alert in known.alerts.items() if alert.is_open}
    found = [
        Reading(seen.rules[key.rule].at(key.scope), key.scope, evidence.rate.value)
        for key, verdict in seen.verdicts.items()
        if key.scope == ACCOUNT or key in open_
        if (evidence := evidence_of(verdict))
    ]
    account = [each for each in found if each.scope == ACCOUNT]
    firing = [each for each in found if each.scope != ACCOUNT]
    return [*account, *sorted(firing, key=_height, reverse=True)[:MOST_RECORDED]]


def _is_later_spell(now: datetime, before: datetime | None) -> bool:
    """Say whether *now* is in a later spell for recording rates than *before* was."""
    spell = RECORDED_EVERY.total_seconds()
    return before is None or now.timestamp() // spell > before.timestamp() // spell


def _height(reading: Reading) -> float:
    """Return how bad *reading* is, beside its rule's first threshold."""
    return reading.rule.badness(reading.value)
