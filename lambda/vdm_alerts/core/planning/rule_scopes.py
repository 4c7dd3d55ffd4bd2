"""Which rules apply to which scopes, by their names and volumes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from heapq import nlargest

from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS, OTHER_ISPS
from vdm_alerts.core.model.metrics import Dimension, Kind, Scope
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.patterns import WILDCARDS
from vdm_alerts.core.rules.rule import Rule


def provider_names(rule: Rule) -> tuple[str, ...]:
    """Return the providers that *rule* may need.

    These are the known providers, and the names without wildcards in the rule's *include* list.
    """
    patterns = rule.include.patterns.get(Dimension.ISP, ())
    names = (name for name in patterns if name != OTHER_ISPS and not set(name) & WILDCARDS)
    return (*KNOWN_ISPS, *names)


class RuleScopes:
    """Which rules apply to a scope, and to its parts at mailbox providers.

    Instances do not change. The rules for each scope of the roster are computed once, in advance.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        roster: SenderRoster,
        isps: Sequence[str],
        open_scopes: Collection[Scope],
    ) -> None:
        """Compute which of *rules* apply to the senders in *roster*.

        *isps* are the providers that can be queried. Scopes with an open alert, *open_scopes*, are
        evaluated even if they no longer belong to a rule's top senders.
        """
        self._rules = rules
        self._roster = roster
        self._isps = isps
        self._open_scopes = open_scopes
        self._rules_by_scope = {scope: self._rules_for(scope) for scope in roster.records}
        identities = (scope.identity for scope in roster.records if scope.identity)
        self._identities = frozenset(identity.lower() for identity in identities)
        self._addresses_by_domain: defaultdict[Scope, list[Scope]] = defaultdict(list)
        for scope in roster.records:
            if scope.domain:
                self._addresses_by_domain[scope.domain].append(scope)
        self._top_volumes = {rule.name: self._min_top_volumes(rule) for rule in rules if rule.top}

    def rules_for(self, scope: Scope) -> Sequence[Rule]:
        """Return the rules that need counts of *scope*, or of its parts."""
        rules = self._rules_by_scope.get(scope)
        return self._rules_for(scope) if rules is None else rules

    def covers(self, scope: Scope) -> bool:
        """Return whether any rule is about *scope*, or needs counts of it."""
        return bool(self.rules_for(scope)) or any(rule.covers(scope) for rule in self._rules)

    def applies(self, rule: Rule, scope: Scope) -> bool:
        """Return whether *rule* is evaluated for *scope*."""
        return rule.covers(scope) and self.is_in_top(rule, scope)

    def applies_to_parts(self, rule: Rule, scope: Scope) -> bool:
        """Return whether *rule* is evaluated for *scope* at each provider."""
        return (*scope.kind, Dimension.ISP) in rule.scopes and self.is_in_top(rule, scope)

    def is_in_top(self, rule: Rule, scope: Scope) -> bool:
        """Return whether the sender of *scope* is one of *rule*'s top senders.

        That is also true if the rule has no limit, or if *scope* has no sender or has an open
        alert.
        """
        sender = scope.at_all_providers
        if rule.top is None or not sender.kind or scope in self._open_scopes:
            return True
        min_volume = self._top_volumes[rule.name].get(sender.kind, 0)
        return self._roster.record(sender).volume >= min_volume

    def is_within_a_domain(self, scope: Scope) -> bool:
        """Return whether *scope* is an address whose domain is in the roster.

        The counts of the domain include those of the address.
        """
        domain = scope.domain
        return domain is not None and domain.identity in self._identities

    def addresses_of(self, domain: Scope) -> Sequence[Scope]:
        """Return the addresses in the roster whose counts are part of the counts of *domain*.

        The result is empty if *domain* is any other scope than a domain.
        """
        return self._addresses_by_domain.get(domain, ())

    def _rules_for(self, scope: Scope) -> Sequence[Rule]:
        return [rule for rule in self._rules if self._needs(rule, scope)]

    def _needs(self, rule: Rule, scope: Scope) -> bool:
        if rule.covers(scope) and not rule.indicator.permanent_gap(scope):
            return True
        return (*scope.kind, Dimension.ISP) in rule.scopes and any(
            rule.covers(scope.at_provider(isp)) for isp in (*self._isps, OTHER_ISPS)
        )

    def _min_top_volumes(self, rule: Rule) -> Mapping[Kind, int]:
        """Return the volume of *rule*'s smallest top sender, by kind of sender."""
        assert rule.top is not None
        volumes: defaultdict[Kind, list[int]] = defaultdict(list)
        for scope, record in self._roster.records.items():
            if self._needs(rule, scope) and not self.is_within_a_domain(scope):
                volumes[scope.kind].append(record.volume)
        return {
            kind: min(nlargest(rule.top, kind_volumes)) for kind, kind_volumes in volumes.items()
        }
