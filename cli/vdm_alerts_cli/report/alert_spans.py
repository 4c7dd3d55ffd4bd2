"""The alerts of a deployment, as a page shows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing
from vdm_alerts_cli.output import show_time
from vdm_alerts_cli.report.account import AlertHistory
from vdm_alerts_cli.report.page import AlertSpan
from vdm_alerts_cli.report.wording import alert_title


@dataclass(frozen=True, slots=True)
class KeyedSpan:
    """The period of one alert, with the key of the alert."""

    key: AlertKey
    span: AlertSpan


def alert_spans(history: AlertHistory | str, zone: tzinfo) -> Sequence[KeyedSpan]:
    """Return the periods of all alerts, worst first; none if the *history* is unknown."""
    if isinstance(history, str):
        return ()
    return [
        KeyedSpan(
            period.key,
            AlertSpan(
                alert_title(period.key),
                period.severity,
                period.start,
                period.end,
                period.is_open,
                list(_details(history, period.key, zone)) if period.is_open else (),
            ),
        )
        for period in history.periods
    ]


def _details(history: AlertHistory, key: AlertKey, zone: tzinfo) -> Iterator[str]:
    """Yield what is known of an open alert, a sentence each."""
    alert = history.alerts[key]
    state = alert.state
    if isinstance(state, Firing) and state.recovering_since:
        yield f"Recovering since {show_time(state.recovering_since, zone)}."
    if reason := history.latest_reason(key):
        yield f"{reason.rstrip('.')}."
    yield _last_notification(alert, zone)


def _last_notification(alert: Alert, zone: tzinfo) -> str:
    last = alert.last_notified
    if last is None:
        return "Not notified yet."
    time = show_time(last.sent_at, zone)
    if last.figures is None:
        return f"Last notified {time}."
    figures = last.figures
    days = f"the {figures.window} through {figures.last_day}"
    return f"Last notified {time}, with {figures.rate} in {days}."
