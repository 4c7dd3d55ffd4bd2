"""The alerts of a week in the weekly summary."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from vdm_alerts.core.alerts.firing_periods import FiringPeriod
from vdm_alerts.core.evaluation.verdicts import value_of
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.model.rates import percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.timefmt import format_duration, format_time
from vdm_alerts.core.model.wording import WORDING, enumeration, number_of
from vdm_alerts.core.notifications.rendering.content import Listing, listed
from vdm_alerts.core.notifications.rendering.sentences import scope_with_kind
from vdm_alerts.core.notifications.weekly_summary import CurrentAlert, WeeklySummary

MAX_LISTED = 10
"""Incidents, alerts that have ended, and problems in the text; the rest are counted."""
MAX_SCOPES = 3
"""Scopes whose alerts fired together; the rest are counted."""
MAX_NAME_SIZE = 120
"""Bytes of the name of a scope in the text."""


def open_alerts_sentence(alerts: Sequence[CurrentAlert]) -> str:
    """Return how many *alerts* are open and critical, and how many incidents they make."""
    number, incidents = len(alerts), len(_by_incident(alerts))
    critical = sum(alert.period.severity is Severity.CRITICAL for alert in alerts)
    noun = "critical alert" if critical == number else "alert"
    some = f", {critical:,} of them critical" if 0 < critical < number else ""
    counts = f"{number_of(noun, number)} {_is(number)} open{some}"
    return f"{counts}, in {number_of('incident', incidents)}."


def open_alerts_listing(summary: WeeklySummary, now: datetime) -> Sequence[Listing]:
    """Return the open alerts by incident, with their rates and since when they are open."""
    incidents = _by_incident(summary.open_alerts)
    items = [_open_item(incident, now) for incident in incidents[:MAX_LISTED]]
    return listed("Open alerts:", items, len(incidents))


def ended_alerts_listing(summary: WeeklySummary) -> Sequence[Listing]:
    """Return the alerts that have ended, those together that fired at the same time."""
    ended = sorted(summary.ended or (), key=_group_key)
    groups = [list(group) for _, group in groupby(ended, key=_group_key)]
    items = [_ended_item(group) for group in groups]
    return listed("Resolved or closed this week:", items[:MAX_LISTED], len(items))


def _by_incident(alerts: Sequence[CurrentAlert]) -> Sequence[Sequence[CurrentAlert]]:
    """Return *alerts* by incident, in their order; within an incident, the worst first."""
    incidents: dict[object, list[CurrentAlert]] = {}
    for alert in alerts:
        incidents.setdefault(alert.incident or alert.period.key, []).append(alert)
    return [sorted(incident, key=_order_in_incident) for incident in incidents.values()]


def _order_in_incident(alert: CurrentAlert) -> tuple[int, Sequence[int], str]:
    """Return the sort key: severity, then the account, senders, providers, and combinations."""
    scope, dimensions = alert.period.key.scope, list(Dimension)
    kind = [len(scope.kind), *(dimensions.index(dimension) for dimension in scope.kind)]
    return -alert.period.severity, kind, str(scope)


def _open_item(incident: Sequence[CurrentAlert], now: datetime) -> str:
    """Return the first alert of *incident* with its severity, rate and start, and the others."""
    first, others = incident[0], incident[1:]
    start = first.period.start
    since = f", open since {format_time(start)} ({format_duration(now - start)})" if start else ""
    names = [
        f"{short_name(other.period.key.scope)} {_current_rate(other)}"
        for other in others[:MAX_SCOPES]
    ]
    if (omitted := len(others) - MAX_SCOPES) > 0:
        names.append(f"{omitted:,} more")
    also = f"; also {enumeration(names)}" if names else ""
    return (
        f"{first.period.severity.key}: {_noun(first.period)} {_current_rate(first)}, "
        f"{short_name(first.period.key.scope)}{since}{also}"
    )


def _current_rate(alert: CurrentAlert) -> str:
    value = value_of(alert.verdict)
    return "unknown" if value is None else percent(value)


def _noun(period: FiringPeriod) -> str:
    """Return the name of the rate of an alert; the rule's if an earlier version stored no rate."""
    indicator = period.key.indicator
    return WORDING[indicator].noun if indicator else f"rule {period.key.rule}"


def _group_key(period: FiringPeriod) -> tuple[int, float, float, str]:
    times = (time.timestamp() if time else 0 for time in (period.start, period.end))
    start, end = times
    return -period.severity, start, end, period.key.rule


def _ended_item(group: Sequence[FiringPeriod]) -> str:
    first = group[0]
    names = [short_name(period.key.scope) for period in group[:MAX_SCOPES]]
    if (omitted := len(group) - MAX_SCOPES) > 0:
        names.append(f"{omitted:,} more")
    return f"{first.severity.key}: {_noun(first)}, {enumeration(names)}: {_duration(first)}"


def _duration(period: FiringPeriod) -> str:
    """Return how long an ended alert was open, and until when."""
    if period.end is None:
        return "the end is unknown"
    end = f"until {format_time(period.end)}"
    if period.start is None:
        return f"open {end}, for more than a week"
    return f"open for {format_duration(period.end - period.start)}, {end}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def short_name(scope: Scope) -> str:
    """Return *scope* with its kind, cut if it is very long."""
    return bounded(scope_with_kind(scope), MAX_NAME_SIZE)
