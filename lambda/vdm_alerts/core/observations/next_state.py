"""The state that a run leaves, before any notification about it is sent."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.observations.observation import Observation


def next_state(
    before: Memory, observation: Observation, alerts: Iterable[Alert], now: datetime
) -> Memory:
    """Return the state after *before*, with *alerts* and what a run at *now* has observed."""
    return replace(
        before,
        alerts={alert.key: alert for alert in alerts},
        passing=observation.passing,
        subscribers=observation.subscribers,
        rules=observation.rulebook.written if observation.rulebook else before.rules,
        last_run=now,
    )
