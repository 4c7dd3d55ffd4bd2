"""What has happened to alerts, a line each, for whoever asks later."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing, Ok, Pending
from vdm_alerts.core.evaluation.verdicts import Verdict

STATE_NAMES: Mapping[type, str] = {Ok: "Ok", Pending: "Pending", Firing: "Firing"}
"""The name of each state in the history and in stored records."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A step in the life of the alert of *key*: from one state to another, and *why*.

    States are written "Ok", "Pending", "Firing WARNING", "Firing CRITICAL". *why* is the sentence
    of the verdict, or that it is not watched any more.
    """

    key: AlertKey
    time: datetime
    before: str
    after: str
    why: str


def transitions(
    before: Mapping[AlertKey, Alert],
    after: Mapping[AlertKey, Alert],
    verdicts: Mapping[AlertKey, Verdict],
    closed: Mapping[AlertKey, str],
    now: datetime,
) -> Iterator[Transition]:
    """Yield every change of state between two sets of alerts.

    *closed* says why an alert is no longer monitored.
    """
    for key in {**before, **after}:
        was, alert = (alerts.get(key, Alert(*key)) for alerts in (before, after))
        if state_name(was) != state_name(alert):
            why = closed.get(key) or str(verdicts.get(key, ""))
            yield Transition(key, now, state_name(was), state_name(alert), why)


def state_name(alert: Alert) -> str:
    """Return the state of *alert*, with how bad it is."""
    state = alert.state
    kind = STATE_NAMES[type(state)]
    return f"{kind} {state.severity}" if isinstance(state, Firing) else kind
