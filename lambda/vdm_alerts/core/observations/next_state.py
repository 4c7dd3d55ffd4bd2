"""The state after a run, before the run sends any notification."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.alerts.stored_state import StoredState, SubscriberCount
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.metric_reading import MetricReading
from vdm_alerts.core.observations.observation import Observation

MAX_SCOPE_SIZE = 200
"""Bytes of the name of a scope in the figures of a week, which are stored in one item."""
MAX_DAMAGE = 20
"""The findings about damaged items that are stored until they are notified. They share an item."""


def next_state(
    before: StoredState, observation: Observation, alerts: Iterable[Alert], now: datetime
) -> StoredState:
    """Return the state after a run at *now*.

    It is the state *before* with the new *alerts*, and with rules and subscribers of *observation*.
    If the rules are unreadable, the stored ones are kept. What was notified does not change, except
    that repaired damage is forgotten.
    """
    damage = (finding for finding in before.damage if not _is_notified(finding, before))
    return replace(
        before,
        alerts={alert.key: alert for alert in alerts},
        transient_since=observation.transient_since,
        subscribers=observation.subscribers,
        expected_subscribers=_expected_subscribers(before, observation.subscribers, now),
        sent_last_day=observation.sent_last_day,
        days_without_vdm=observation.days_without_vdm,
        rules=observation.rule_set.texts if observation.rule_set else before.rules,
        last_run=now,
        weekly_requests=before.open_weekly_requests,
        week=_week(before, observation, now),
        findings=tuple(each for each in before.findings if not _is_repaired(each, before)),
        damage=tuple(damage)[:MAX_DAMAGE],
    )


def _week(before: StoredState, observation: Observation, now: datetime) -> WeekFigures:
    reading = observation.reading
    return before.week.after_run(
        now,
        before.last_run,
        reading.queries_made if reading else 0,
        [source.value for source in observation.unreadable_sources],
        [bounded(str(scope), MAX_SCOPE_SIZE) for scope in _unknown_scopes(reading)],
    )


def _unknown_scopes(reading: MetricReading | None) -> set[Scope]:
    """Return the scopes of which a rate is unknown, unless all of VDM is.

    A scope that was left for the next run is not unknown: a finding reports one that waits for too
    long.
    """
    if reading is None or reading.failed or reading.account_emails is None:
        return set()
    unknown = {Gap.UNAVAILABLE, Gap.REJECTED, Gap.ACCESS_DENIED}
    return {
        query.scope
        for query, answer in reading.answers.items()
        if isinstance(answer, Gap) and answer in unknown
    }


def _is_repaired(finding: Finding, before: StoredState) -> bool:
    """Return whether *finding* is about damage that is gone. If it occurs again, it is new."""
    return finding.source is FindingSource.HISTORY and finding not in before.damage


def _is_notified(damage: Finding, before: StoredState) -> bool:
    return any(damage.is_known_from(finding) for finding in before.findings)


def _expected_subscribers(
    before: StoredState, confirmed: int | None, now: datetime
) -> SubscriberCount | None:
    """Return the count below which subscriptions have ended unnoticed.

    It follows a higher count at once, and a lower count only when that is notified.
    """
    expected = before.expected_subscribers
    if confirmed is None or (expected and confirmed < expected.confirmed):
        return expected
    return SubscriberCount(confirmed, now)
