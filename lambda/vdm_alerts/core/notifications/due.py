"""What people are owed in one run, and what is remembered of having told them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, Firing
from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.notifications import affected, incidents, notification
from vdm_alerts.core.notifications.incidents import Incident, digest_of
from vdm_alerts.core.notifications.notification import (
    SERVICE,
    SUMMARY,
    Digest,
    Notice,
    Trouble,
    incidents_in,
    numbered_in,
)
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.observations.observation import Gathered


def owed(
    known: Memory, seen: Gathered, amnesia: Sequence[Finding], now: datetime, *, quiet: bool
) -> list[Notice]:
    """Return every message that people are owed at *now*, of the rates the worst first.

    While it is *quiet*, what is not critical waits. *known* is what there is to remember, with the
    alerts as they stand now, and *amnesia* why it cannot be.
    """
    found = [
        replace(
            one,
            remembered=not amnesia,
            until=seen.until,
            estimate=seen.estimate(one.terms) if one.terms else None,
        )
        for one in incidents.incidents(
            _heard(known, seen),
            seen.rules,
            seen.verdicts,
            seen.culprit,
            known.numbers,
            known.attempts,
            now,
        )
    ]
    if amnesia:
        found = [_unremembered(one, now) for one in found if one.lead.is_firing]
    beside = any(isinstance(alert.state, Firing) for alert in known.alerts.values())
    trouble = notification.trouble(
        [*amnesia, *seen.findings],
        known.findings,
        known.trouble_sequence,
        known.attempts.get(SERVICE),
        blind=seen.blind,
        beside=beside,
    )
    if trouble and amnesia:
        trouble = replace(trouble, id=_apart(trouble, now), sequence=1)
    others: list[Notice] = [trouble] if trouble and (trouble.is_urgent or not quiet) else []
    is_first = not (known.introduced or amnesia) and seen.watch.scopes
    is_read = seen.survey and not (seen.survey.failed or seen.silent) and seen.mail is not None
    if is_first and (found or is_read):
        first = notification.summary(found, seen.watch, known.attempts, beside=beside)
        return [first, *others] if first.is_urgent or not quiet else others
    speaking = [one for one in found if one.is_urgent or not quiet]
    return [*notification.within_bounds(speaking, len(others)), *others]


def _unremembered(incident: Incident, now: datetime) -> Incident:
    """Return *incident* as it is told where that cannot be remembered.

    It says what is so now: what it would say of an end, or of better news, nobody would know to
    take back.
    """
    firing = tuple(replace(one, reason=Reason.FIRING) for one in incident.firing)
    return replace(
        incident,
        id=_apart(incident, now),
        sequence=1,
        reason=Reason.FIRING,
        affected=firing,
    )


def _apart(notice: Notice, now: datetime) -> str:
    """Return an id that no message has that is remembered, nor another that says anything else."""
    return f"{notice.id}-unremembered-{digest_of([now.isoformat(), notice.news])}"


def _heard(known: Memory, seen: Gathered) -> list[Alert]:
    """Return the alerts that nobody has asked not to hear of."""
    return [alert for key, alert in known.alerts.items() if not seen.is_silenced(key)]


def attempting(known: Memory, due: Sequence[Notice], now: datetime) -> Memory:
    """Return what is to be remembered before *due* goes out: that it may have, from then on."""
    alerts, attempts = dict(known.alerts), dict(known.attempts)
    for notice in due:
        for each in numbered_in(notice):
            attempts[each.id] = Attempt(each.sequence, each.news)
        for incident in incidents_in(notice):
            for one in incident.affected:
                alerts[one.alert.key] = affected.attempted(one, now)
        if isinstance(notice, Trouble):
            known = replace(known, findings=notice.attempted)
    return replace(known, alerts=alerts, attempts=attempts)


def delivering(known: Memory, told: Sequence[Notice], now: datetime) -> Memory:
    """Return what is to be remembered once *told* has gone out."""
    alerts, attempts, numbers = dict(known.alerts), dict(known.attempts), dict(known.numbers)
    for notice in told:
        for each in numbered_in(notice):
            attempts.pop(each.id, None)
        for incident in incidents_in(notice):
            numbers[incident.id] = incident.sequence
            for one in incident.affected:
                alerts[one.alert.key] = affected.delivered(one, incident.sequence, now)
        if isinstance(notice, Trouble):
            known = replace(known, findings=notice.delivered, trouble_sequence=notice.sequence)
        if isinstance(notice, Digest) and notice.watch:
            known = replace(known, introduced=True)
    awake = {key: alert for key, alert in alerts.items() if not alert.is_at_rest}
    open_ = {SERVICE, SUMMARY, *(alert.incident for alert in awake.values())}
    return replace(
        known,
        alerts=awake,
        attempts={name: each for name, each in attempts.items() if name in open_},
        numbers={name: last for name, last in numbers.items() if name in open_},
    )
