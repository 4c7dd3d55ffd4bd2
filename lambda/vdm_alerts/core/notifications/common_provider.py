"""The mailbox provider that is the common cause of an incident with several senders."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.mailbox_providers import SEVERAL_PROVIDERS
from vdm_alerts.core.model.metrics import ACCOUNT, Kind, Scope
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.grouping import Contributors
from vdm_alerts.core.planning.investigations import MIN_SENDERS

MIN_SENDERS_OF_BREACHED = 2
"""Senders from which on a provider that is breached itself is the common cause."""


@dataclass(frozen=True, slots=True)
class CommonProvider:
    """A mailbox provider that is the only cause of the breaches of several senders."""

    isp: str
    kind: Kind
    """The kind of these senders. If an incident has several kinds, the most frequent one."""
    senders: int
    """How many senders of this kind breach the rule."""
    rate: Rate
    """The rate of the account at the provider if that is breached, otherwise of these senders."""
    own_alert: AffectedScope | None
    """The affected scope of the provider; None if the provider is not breached."""


def common_provider(
    scopes: Sequence[AffectedScope], contributors: Contributors
) -> CommonProvider | None:
    """Return the provider that is the common cause of the *scopes* of an incident, or None.

    If the account is breached, too, it leads the notification, so the result is None.

    A run investigates only the worst breaches and the new ones. A sender of the incident that was
    not investigated counts like the others.
    """
    firing = [scope for scope in scopes if scope.is_firing and not scope.is_recovering]
    groups = _rates_by_provider(firing, contributors)
    if not groups or any(scope.alert.scope == ACCOUNT for scope in firing):
        return None
    isp, kind = max(groups, key=lambda group: (len(groups[group]), group))
    rates = groups[isp, kind]
    own_alert = next((scope for scope in firing if _is_breached(scope, Scope(isp=isp))), None)
    if len(rates) < (MIN_SENDERS_OF_BREACHED if own_alert else MIN_SENDERS):
        return None
    others = {
        scope.alert.scope
        for scope in firing
        if scope.alert.scope.kind == kind and not scope.contributor
    }
    at_provider = Rate(
        sum(rate.events for rate in rates.values()), sum(rate.volume for rate in rates.values())
    )
    rate = own_alert.evidence.rate if own_alert and own_alert.evidence else at_provider
    return CommonProvider(isp, kind, len(_without_parts({*rates, *others})), rate, own_alert)


def _rates_by_provider(
    firing: Iterable[AffectedScope], contributors: Contributors
) -> Mapping[tuple[str, Kind], Mapping[Scope, Rate]]:
    """Return the rate of each sender at the provider that is the only cause of its breach.

    The rates are grouped by the provider and the kind of the sender.
    """
    groups: defaultdict[tuple[str, Kind], dict[Scope, Rate]] = defaultdict(dict)
    for affected in firing:
        contributor, sender = contributors.get(affected.alert.key), affected.alert.scope
        is_whole_sender = sender.kind and not sender.isp
        if (
            is_whole_sender
            and contributor
            and contributor.is_only_cause
            and (isp := contributor.scope.isp)
            and isp not in SEVERAL_PROVIDERS
        ):
            groups[isp, sender.kind][sender] = contributor.evidence.rate
    return {
        group: {scope: rates[scope] for scope in _without_parts(rates)}
        for group, rates in groups.items()
    }


def _without_parts(senders: Iterable[Scope]) -> Sequence[Scope]:
    """Return *senders* without the addresses whose domain is one of them."""
    all_senders = frozenset(senders)
    return [sender for sender in all_senders if sender.domain not in all_senders]


def _is_breached(affected: AffectedScope, scope: Scope) -> bool:
    return affected.alert.scope == scope and isinstance(affected.verdict, Breached)
