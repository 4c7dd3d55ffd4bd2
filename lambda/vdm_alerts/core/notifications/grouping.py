"""What belongs together: alerts of one cause are one incident."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.planning.contributor import Contributor

MAX_INCIDENTS = 50
"""Open incidents of one rule: what is remembered of all of them has to fit into one item."""
Contributors: TypeAlias = Mapping[AlertKey, Contributor]
"""The main contributor to each breach that has one."""


def group_into_incidents(
    alerts: Iterable[Alert], contributors: Contributors, now: datetime
) -> list[Alert]:
    """Return *alerts* with every firing one in an incident, with those of the same cause.

    Where a rule is broken by the account as a whole, all that it finds from then on belongs to
    that; where it has found very many causes, all further ones share the last incident. An alert
    that ended before anybody was told of it leaves its incident.
    """
    remembered = [alert if alert.is_open else replace(alert, incident=None) for alert in alerts]
    firing = {one.key for one in remembered if isinstance(one.state, Firing)}
    homes: dict[AlertKey, str] = {}
    taken = {alert.incident for alert in remembered if alert.incident}
    opened: defaultdict[AlertKey, list[str]] = defaultdict(list)
    for alert in remembered:
        open_ = opened[_account_key(alert)]
        if alert.incident and alert.incident not in open_:
            open_.append(alert.incident)
        for link in _links(alert, firing, contributors) if alert.incident else ():
            homes.setdefault(link, alert.incident or "")
    found: dict[AlertKey, str] = {}
    new = [one for one in remembered if one.key in firing and not one.incident]
    for alert in sorted(new, key=lambda one: (len(one.scope.kind), str(one.scope))):
        links = [*_links(alert, firing, contributors), _account_key(alert)]
        known = next((homes[link] for link in links if link in homes), None)
        open_ = opened[_account_key(alert)]
        if known is None and len(open_) >= MAX_INCIDENTS:
            known = open_[-1]
        if known is None:
            known = _unused_id(f"{alert.rule}-{now:%Y%m%dT%H%MZ}", taken)
            taken.add(known)
            open_.append(known)
        found[alert.key] = known
        for link in links[:-1]:
            homes.setdefault(link, found[alert.key])
    return [
        replace(one, incident=found[one.key]) if one.key in found else one for one in remembered
    ]


def _links(
    alert: Alert, firing: Collection[AlertKey], contributors: Contributors
) -> list[AlertKey]:
    """Return what ties *alert* to others: its scope, its cause, and the provider that it is at.

    The provider only where that is breached as a whole, by whoever it is.
    """
    cause = cause_of(alert, contributors)
    links = [alert.key, alert.key._replace(scope=cause)]
    provider = alert.key._replace(scope=Scope(isp=cause.isp))
    return [*links, provider] if cause.isp and provider in firing else links


def _account_key(alert: Alert) -> AlertKey:
    """Return the key of what *alert* is of, in the account as a whole."""
    return alert.key._replace(scope=ACCOUNT)


def cause_of(alert: Alert, contributors: Contributors) -> Scope:
    """Return what is behind the breach of *alert*: a part of its scope, or all of it."""
    found = contributors.get(alert.key)
    return found.scope if found else alert.scope


def _unused_id(name: str, taken: Collection[str]) -> str:
    """Return an id that is not *taken*: *name*, or that with a number."""
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
