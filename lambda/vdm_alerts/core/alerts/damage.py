"""Damage of the stored state: what is reported, and what applies in its place."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from vdm_alerts.core.alerts.alert import Alert, Firing, Ok, Pending
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.model.findings import Finding

MAX_CLOCK_ERROR = timedelta(days=1)
"""How far a stored time may be ahead of the clock, which may have been set back.

The end of an alert, or the next run, waits so long at most.
"""
REPLACED = "No action is needed, because VDM Alerts replaces the item"
"""The remedy of an item that the next save of its content replaces."""


def damaged_item(name: str, why: str, effect: str, remedy: str = REPLACED) -> Finding:
    """Return the finding about the stored item *name*, which is unusable because of *why*.

    *effect* says what applies in its place: a clause without its period.
    """
    return Finding(
        key=f"item {name}",
        what=f"The stored item {name} is damaged ({why})",
        effect=effect,
        remedy=remedy,
        blocks_monitoring=False,
        one_shot=True,
    ).bounded()


def damaged_alert(name: str, why: str) -> Finding:
    """Return the finding about the item *name* of an alert, which is unusable because of *why*."""
    effect = (
        "if the rate is on the bad side of its threshold, you are notified again, marked as alert "
        "history damaged; otherwise the alert closes without a notification"
    )
    return damaged_item(name, why, effect)


def without_future_times(state: StoredState, wall_clock: datetime) -> StoredState:
    """Return *state* without times that are too far ahead of *wall_clock* to be true.

    The history of an alert with such a time is lost. Such a time of the last run is forgotten, so
    that it does not block all runs until then.
    """
    latest = wall_clock + MAX_CLOCK_ERROR
    untrue = [key for key, alert in state.alerts.items() if _has_time_after(alert, latest)]
    damage = [
        damaged_alert(f"alert of {key.rule} in {key.scope}", "it has a time in the future")
        for key in untrue
    ]
    if state.last_run and state.last_run > latest:
        effect = "the next run does not wait until then"
        damage.append(damaged_item("run", f"the last run is at {state.last_run}", effect))
        state = replace(state, last_run=None)
    return replace(
        _without_future_week(state, latest),
        alerts={**state.alerts, **{key: Alert(*key, history_lost=True) for key in untrue}},
        transient_since={
            key: since for key, since in state.transient_since.items() if since <= latest
        },
        damage=(*state.damage, *damage),
    )


def _without_future_week(state: StoredState, latest: datetime) -> StoredState:
    """Return *state* without requests and figures of a week after *latest*.

    A later day of the last summary would answer all requests until then.
    """
    week, day = state.week, latest.date()
    is_untrue = (week.summary_day or day) > day or (week.since or latest) > latest
    return replace(
        state,
        weekly_requests=frozenset(each for each in state.weekly_requests if each <= day),
        week=WeekFigures() if is_untrue else week,
    )


def _has_time_after(alert: Alert, latest: datetime) -> bool:
    return any(time > latest for time in _times(alert)) or any(
        day > latest.date() for day in _days(alert)
    )


def _times(alert: Alert) -> Iterator[datetime]:
    """Yield every time of *alert*."""
    match alert.state:
        case Ok() as ok:
            times = (ok.since, ok.interrupted_since)
        case Pending() as pending:
            times = (pending.since, pending.healthy_since)
        case Firing() as firing:
            times = (firing.since, firing.healthy_since)
            yield from filter(None, (firing.recovering_since, firing.severity_since))
    yield from filter(None, times)
    yield from alert.resolved_at
    if alert.last_notified:
        yield alert.last_notified.since
        yield alert.last_notified.sent_at


def _days(alert: Alert) -> Iterator[date]:
    """Yield every day of *alert*."""
    if isinstance(alert.state, Firing) and alert.state.opened_from:
        yield alert.state.opened_from
    if alert.last_notified and alert.last_notified.figures:
        yield alert.last_notified.figures.last_day
