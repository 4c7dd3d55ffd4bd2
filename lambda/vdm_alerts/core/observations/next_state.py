"""The state after a run, before the run sends any notification."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.alerts.stored_state import StoredState, SubscriberCount
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.observations.observation import Observation

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
        findings=tuple(each for each in before.findings if not _is_repaired(each, before)),
        damage=tuple(damage)[:MAX_DAMAGE],
    )


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
