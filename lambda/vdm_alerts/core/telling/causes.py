"""What belongs together: alerts of one cause are one incident."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from vdm_alerts.core.alerts import Alert, Firing, Key
from vdm_alerts.core.metrics import ACCOUNT, Scope
from vdm_alerts.core.reading.culprits import Culprit

Culprits: TypeAlias = Callable[[Key], Culprit | None]
"""Finds out who is behind a breach, if it is anybody in particular."""


def gather(alerts: Iterable[Alert], now: datetime, culprit: Culprits) -> list[Alert]:
    """Return *alerts* with every firing one in an incident, with those of the same cause.

    Where a rule is broken by the account as a whole, all that it finds from then on belongs to
    that. An alert that ended before anybody was told of it leaves its incident.
    """
    remembered = [alert if alert.is_open else replace(alert, incident=None) for alert in alerts]
    homes: dict[Key, str] = {}
    for alert in remembered:
        if alert.incident:
            for scope in (alert.scope, cause_of(alert, culprit)):
                homes.setdefault((alert.rule, scope), alert.incident)
    taken = set(homes.values())
    new = [one for one in remembered if isinstance(one.state, Firing) and not one.incident]
    found: dict[Key, str] = {}
    for alert in sorted(new, key=lambda one: (len(one.scope.kind), str(one.scope))):
        cause = cause_of(alert, culprit)
        wheres = ((alert.rule, scope) for scope in (ACCOUNT, alert.scope, cause))
        known = (homes[where] for where in wheres if where in homes)
        incident = next(known, None) or _fresh(f"{alert.rule}-{now:%Y%m%dT%H%MZ}", taken)
        taken.add(incident)
        for scope in (alert.scope, cause):
            homes.setdefault((alert.rule, scope), incident)
        found[alert.key] = incident
    return [
        replace(one, incident=found[one.key]) if one.key in found else one for one in remembered
    ]


def cause_of(alert: Alert, culprit: Culprits) -> Scope:
    """Return what is behind the breach of *alert*: a part of its scope, or all of it."""
    found = culprit(alert.key)
    return found.scope if found else alert.scope


def _fresh(name: str, taken: Collection[str]) -> str:
    """Return an id that is not *taken*: *name*, or that with a number."""
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
