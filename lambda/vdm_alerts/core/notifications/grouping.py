"""Assignment of alerts to incidents: one cause is one incident."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing
from vdm_alerts.core.model.mailbox_providers import SEVERAL_PROVIDERS
from vdm_alerts.core.model.metrics import ACCOUNT, Kind, Scope
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.planning.contributor import Contributor
from vdm_alerts.core.planning.investigations import MIN_SENDERS

MAX_INCIDENTS = 50
"""Open incidents of one rule and indicator. More would only be listed in a digest."""
Contributors: TypeAlias = Mapping[AlertKey, Contributor]
"""The main contributor to each breach that has one."""


def group_into_incidents(
    alerts: Iterable[Alert],
    contributors: Contributors,
    same_email: Iterable[tuple[AlertKey, AlertKey]],
    now: datetime,
) -> list[Alert]:
    """Return *alerts* in the same order; each that is firing has an incident.

    A firing alert without an incident joins the open incident of its rule that shares its cause, or
    that is about the *same_email*. If the whole account is breached, by the counts of VDM or by
    SES's own rate, the alert joins the incident of the account. Otherwise it starts an incident, or
    joins the latest one if the rule has `MAX_INCIDENTS` open. An alert that is no longer open
    leaves its incident.
    """
    grouped = [alert if alert.is_active else replace(alert, incident=None) for alert in alerts]
    firing = {alert.key for alert in grouped if isinstance(alert.state, Firing)}
    links = _links_by_alert(grouped, firing, contributors, same_email)
    incidents = _OpenIncidents()
    for alert in grouped:
        if alert.incident:
            incidents.add(alert, alert.incident, links[alert.key])
    new_alerts = [alert for alert in grouped if alert.key in firing and not alert.incident]
    assigned: dict[AlertKey, str] = {}
    for alert in sorted(new_alerts, key=_order):
        incident = incidents.find(alert, links[alert.key]) or incidents.new_id(alert, now)
        incidents.add(alert, incident, links[alert.key])
        assigned[alert.key] = incident
    return [
        replace(alert, incident=assigned[alert.key]) if alert.key in assigned else alert
        for alert in grouped
    ]


def cause_of(alert: Alert, contributors: Contributors) -> Scope:
    """Return the main contributor to the breach, or the alert's own scope."""
    contributor = contributors.get(alert.key)
    return contributor.scope if contributor else alert.scope


class _OpenIncidents:
    """The open incidents, and the links by which further alerts join them."""

    def __init__(self) -> None:
        self._incident_by_link: dict[AlertKey, str] = {}
        self._incident_by_account_rate: dict[Indicator, str] = {}
        self._ids_by_account: defaultdict[AlertKey, list[str]] = defaultdict(list)
        self._ids: set[str] = set()

    def add(self, alert: Alert, incident: str, links: Sequence[AlertKey]) -> None:
        """Record that *alert* belongs to *incident*, and which *links* lead there."""
        ids = self._ids_by_account[_account_key(alert)]
        if incident not in ids:
            ids.append(incident)
        self._ids.add(incident)
        for link in links:
            self._incident_by_link.setdefault(link, incident)
        if alert.scope == ACCOUNT and alert.indicator:
            self._incident_by_account_rate.setdefault(alert.indicator, incident)

    def find(self, alert: Alert, links: Sequence[AlertKey]) -> str | None:
        """Return the incident that *alert* joins; None if it must start one."""
        for link in (*links, _account_key(alert)):
            if link in self._incident_by_link:
                return self._incident_by_link[link]
        same_rate = _other_source(alert)
        if same_rate and same_rate in self._incident_by_account_rate:
            return self._incident_by_account_rate[same_rate]
        ids = self._ids_by_account[_account_key(alert)]
        return ids[-1] if len(ids) >= MAX_INCIDENTS else None

    def new_id(self, alert: Alert, now: datetime) -> str:
        """Return an unused id from the name of the rule and *now*."""
        name = f"{alert.rule}-{now:%Y%m%dT%H%MZ}"
        number, candidate = 1, name
        while candidate in self._ids:
            number += 1
            candidate = f"{name}-{number}"
        return candidate


def _links_by_alert(
    alerts: Sequence[Alert],
    firing: Collection[AlertKey],
    contributors: Contributors,
    same_email: Iterable[tuple[AlertKey, AlertKey]],
) -> Mapping[AlertKey, Sequence[AlertKey]]:
    """Return the keys that connect each alert with other alerts of its rule.

    The keys are of its scope, its cause, the provider of its cause, and senders of the same email.
    The provider connects only if it is breached itself, or if it is the only cause for several
    senders.
    """
    common = {*firing, *_common_providers(alerts, contributors)}
    partners: defaultdict[AlertKey, list[AlertKey]] = defaultdict(list)
    for one, other in same_email:
        partners[one].append(other)
        partners[other].append(one)
    links: dict[AlertKey, Sequence[AlertKey]] = {}
    for alert in alerts:
        cause = cause_of(alert, contributors)
        provider = _provider_key(alert, cause)
        links[alert.key] = [
            alert.key,
            alert.key._replace(scope=cause),
            *([provider] if cause.isp and provider in common else []),
            *partners[alert.key],
        ]
    return links


def _common_providers(alerts: Iterable[Alert], contributors: Contributors) -> set[AlertKey]:
    """Return the keys of the providers that are the only cause for several senders of a kind.

    Bounces at several providers that share a name, such as `UNKNOWN_ISP`, have no common cause.
    """
    senders: defaultdict[tuple[AlertKey, Kind], set[Scope]] = defaultdict(set)
    for alert in alerts:
        contributor = contributors.get(alert.key)
        if not contributor or contributor.scope.isp in SEVERAL_PROVIDERS:
            continue
        if contributor.is_only_cause and alert.scope.kind:
            sender, provider = alert.scope.at_all_providers, _provider_key(alert, contributor.scope)
            senders[provider, sender.kind].add(sender)
    return {provider for (provider, _), names in senders.items() if len(names) >= MIN_SENDERS}


def _order(alert: Alert) -> tuple[int, str, bool]:
    """Return the sort key of a new alert, so that parts join the whole.

    The account is first and senders at providers are last. SES's own rate follows the counted rate,
    which has a cause by which it may join an incident.
    """
    is_from_ses = alert.indicator is not None and alert.indicator.is_from_ses
    return len(alert.scope.kind), str(alert.scope), is_from_ses


def _other_source(alert: Alert) -> Indicator | None:
    """Return the same rate from the other source, of VDM or SES; None if there is no other."""
    if alert.indicator is None:
        return None
    return alert.indicator.counted if alert.indicator.is_from_ses else alert.indicator.from_ses


def _provider_key(alert: Alert, cause: Scope) -> AlertKey:
    """Return the key of the same rule and indicator for the provider of *cause*."""
    return alert.key._replace(scope=Scope(isp=cause.isp))


def _account_key(alert: Alert) -> AlertKey:
    """Return the key of the same rule and indicator for the whole account."""
    return alert.key._replace(scope=ACCOUNT)
