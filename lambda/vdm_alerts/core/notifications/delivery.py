"""What is stored of a notification before it is published, and once it is delivered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.notifications import affected
from vdm_alerts.core.notifications.notification import (
    SERVICE,
    SUMMARY,
    Digest,
    Notice,
    Trouble,
    incidents_in,
    numbered_in,
)


def mark_attempted(state: Memory, due: Sequence[Notice], now: datetime) -> Memory:
    """Return *state* as saved before *due* is published: from then on it may have been sent."""
    alerts, attempts = dict(state.alerts), dict(state.attempts)
    for notice in due:
        for each in numbered_in(notice):
            attempts[each.id] = Attempt(each.sequence, each.news)
        for incident in incidents_in(notice):
            for scope in incident.affected:
                alerts[scope.alert.key] = affected.attempted(scope, now)
        if isinstance(notice, Trouble):
            state = replace(state, findings=notice.attempted)
    return replace(state, alerts=alerts, attempts=attempts)


def mark_delivered(state: Memory, sent: Sequence[Notice], now: datetime) -> Memory:
    """Return *state* as saved once *sent* is delivered."""
    alerts, attempts, numbers = dict(state.alerts), dict(state.attempts), dict(state.numbers)
    for notice in sent:
        for each in numbered_in(notice):
            attempts.pop(each.id, None)
        for incident in incidents_in(notice):
            numbers[incident.id] = incident.sequence
            for scope in incident.affected:
                alerts[scope.alert.key] = affected.delivered(scope, incident.sequence, now)
        if isinstance(notice, Trouble):
            state = replace(state, findings=notice.delivered, trouble_sequence=notice.sequence)
        if isinstance(notice, Digest) and notice.watch:
            state = replace(state, introduced=True)
    active = {key: alert for key, alert in alerts.items() if not alert.is_at_rest}
    open_ids = {SERVICE, SUMMARY, *(alert.incident for alert in active.values())}
    return replace(
        state,
        alerts=active,
        attempts={id_: attempt for id_, attempt in attempts.items() if id_ in open_ids},
        numbers={id_: number for id_, number in numbers.items() if id_ in open_ids},
    )
