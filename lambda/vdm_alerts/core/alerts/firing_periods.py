"""The periods in which alerts fired, from the history of alerts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing
from vdm_alerts.core.alerts.history import Transition, firing_severity
from vdm_alerts.core.model.severity import Severity


@dataclass(frozen=True, slots=True)
class FiringPeriod:
    """A period in which one alert fired."""

    key: AlertKey
    """The alert."""
    severity: Severity
    """The worst severity in this period."""
    start: datetime | None
    """When the alert fired; None if that was before the first known transition."""
    end: datetime | None
    """When the alert was resolved or closed; None if it is still open, or if that is unknown."""
    is_open: bool = False
    """Whether the alert is still open."""


def firing_periods(
    transitions: Sequence[Transition], alerts: Mapping[AlertKey, Alert]
) -> Sequence[FiringPeriod]:
    """Return the firing periods in *transitions*, and those of the open alerts in *alerts*.

    The worst come first, and then the earliest. *transitions* are in the order of their times.
    """
    by_alert: defaultdict[AlertKey, list[Transition]] = defaultdict(list)
    for transition in transitions:
        by_alert[transition.key].append(transition)
    open_keys = [key for key, alert in alerts.items() if isinstance(alert.state, Firing)]
    periods = [
        period
        for key in dict.fromkeys([*by_alert, *open_keys])
        for period in _periods(key, by_alert[key], alerts.get(key))
    ]
    return sorted(periods, key=_order)


def _periods(
    key: AlertKey, transitions: Sequence[Transition], alert: Alert | None
) -> Iterator[FiringPeriod]:
    """Yield the periods of one alert, the earliest first."""
    severity: Severity | None = None
    start: datetime | None = None
    for transition in transitions:
        before, after = firing_severity(transition.before), firing_severity(transition.after)
        severity = max(filter(None, (severity, before, after)), default=None)
        if after and not before:
            start = transition.time
        if before and severity and not after:
            yield FiringPeriod(key, severity, start, transition.time)
            severity = start = None
    state = alert.state if alert else None
    if isinstance(state, Firing):
        worst = max(severity or state.severity, state.severity)
        yield FiringPeriod(key, worst, state.since, None, is_open=True)
    elif severity:
        yield FiringPeriod(key, severity, start, None)


def _order(period: FiringPeriod) -> tuple[int, bool, float, str, str]:
    start = period.start.timestamp() if period.start else 0
    return -period.severity, not period.is_open, start, period.key.rule, str(period.key.scope)
