"""The history of alerts: a record of each state transition."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing, Ok, Pending
from vdm_alerts.core.evaluation.explanation import explain
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Healthy,
    Inconclusive,
    NoEmail,
    Verdict,
)
from vdm_alerts.core.model.severity import Severity

STATE_NAMES: Mapping[type, str] = {Ok: "Ok", Pending: "Pending", Firing: "Firing"}
"""The name of each state in the history and in stored records."""
VERDICT_NAMES: Mapping[type, str] = {
    Healthy: "Healthy",
    Breached: "Breached",
    NoEmail: "NoEmail",
    Inconclusive: "Inconclusive",
}
"""The name of each kind of verdict in stored records."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of the state of one alert.

    States are written as `state_name` returns them.
    """

    key: AlertKey
    """The alert."""
    time: datetime
    """The time of the run that changed the state."""
    before: str
    """The state before the run."""
    after: str
    """The state after the run."""
    reason: str
    """The explanation of the verdict, or why the alert was closed."""
    record: VerdictRecord | NoRecord = field(default=NoRecord.NOT_STORED, compare=False)
    """The record of the verdict, or why there is none."""


@dataclass(frozen=True, slots=True)
class RecentTransitions:
    """The latest state transitions of all alerts."""

    items: tuple[Transition, ...]
    """The transitions, the oldest first."""
    is_complete: bool = True
    """Whether all are included; otherwise, there are too many, or some are damaged."""

    def followed_by(self, later: Iterable[Transition]) -> "RecentTransitions":
        """Return these transitions and *later* ones, which a store that lost the response has."""
        return replace(self, items=tuple(dict.fromkeys([*self.items, *later])))


def transitions(
    before: Mapping[AlertKey, Alert],
    after: Mapping[AlertKey, Alert],
    verdicts: Mapping[AlertKey, Verdict],
    closed: Mapping[AlertKey, str],
    record_of: Callable[[AlertKey], VerdictRecord | None],
    now: datetime,
) -> Iterator[Transition]:
    """Yield each state transition of a run.

    *before* and *after* are the alerts before and after the run. *closed* says why an alert was
    closed. *record_of* returns the record of the verdict on an alert, or None if it has none. *now*
    is the time of the run.
    """
    for key in {**before, **after}:
        old_state = state_name(before.get(key, Alert(*key)))
        new_state = state_name(after.get(key, Alert(*key)))
        if old_state != new_state:
            verdict = verdicts.get(key)
            why = closed.get(key) or (explain(verdict) if verdict else "")
            record = None if key in closed else record_of(key)
            yield Transition(key, now, old_state, new_state, why, record or NoRecord.NO_VERDICT)


def state_name(alert: Alert) -> str:
    """Return "Ok", "Pending", "Firing WARNING" or "Firing CRITICAL"."""
    state = alert.state
    name = STATE_NAMES[type(state)]
    return f"{name} {state.severity}" if isinstance(state, Firing) else name


def firing_severity(name: str) -> Severity | None:
    """Return the severity in the *name* of a state by `state_name`; None if it is not firing."""
    return next((each for each in Severity if name == f"{STATE_NAMES[Firing]} {each}"), None)
