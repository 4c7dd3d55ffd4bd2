"""Which rules apply to which scopes, as far as names and volumes tell."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from heapq import nlargest

from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS, OTHER_ISPS
from vdm_alerts.core.model.metrics import Dimension, Kind, Scope
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.patterns import WILD
from vdm_alerts.core.rules.rule import Rule


def provider_names(rule: Rule) -> tuple[str, ...]:
    """Return the providers to query for *rule*: known ones, and names in its *include* list."""
    patterns = rule.include.patterns.get(Dimension.ISP, ())
    names = (each for each in patterns if each != OTHER_ISPS and not set(each) & WILD)
    return (*KNOWN_ISPS, *names)


class RuleScopes:
    """Answers which rules apply to a scope, and which to its parts at mailbox providers.

    Immutable once built; rules for scopes outside of the roster are worked out when asked for.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        roster: SenderRoster,
        isps: Sequence[str],
        open_scopes: Collection[Scope],
    ) -> None:
        """Prepare for *rules* and the senders of *roster*.

        *isps* are the providers that can be queried. Scopes with an open alert, *open_scopes*, are
        evaluated even if they no longer belong to a rule's top senders.
        """
        self._rules = rules
        self._roster = roster
        self._isps = isps
        self._open_scopes = open_scopes
        self._by_scope = {scope: self._rules_for(scope) for scope in roster.records}
        domains = (scope.identity for scope in roster.records if scope.identity)
        self._domains = frozenset(domain.lower() for domain in domains)
        self._top_volumes = {rule.name: self._lowest_top_volume(rule) for rule in rules if rule.top}

    def rules_for(self, scope: Scope) -> Sequence[Rule]:
        """Return the rules that need counts of *scope* itself, or of its parts at a provider."""
        known = self._by_scope.get(scope)
        return self._rules_for(scope) if known is None else known

    def covers(self, scope: Scope) -> bool:
        """Return whether any rule needs *scope*."""
        return bool(self.rules_for(scope)) or any(rule.covers(scope) for rule in self._rules)

    def applies(self, rule: Rule, scope: Scope) -> bool:
        """Return whether *rule* is evaluated for *scope*."""
        return rule.covers(scope) and self.is_in_top(rule, scope)

    def applies_to_parts(self, rule: Rule, scope: Scope) -> bool:
        """Return whether *rule* is evaluated for *scope*, a sender, at each provider separately."""
        return (*scope.kind, Dimension.ISP) in rule.scopes and self.is_in_top(rule, scope)

    def is_in_top(self, rule: Rule, scope: Scope) -> bool:
        """Return whether the sender of *scope* is among the largest that *rule* asks for."""
        sender = scope.whole
        if rule.top is None or not sender.kind or scope in self._open_scopes:
            return True
        least = self._top_volumes[rule.name].get(sender.kind, 0)
        return self._roster.record(sender).volume >= least

    def is_within_a_domain(self, scope: Scope) -> bool:
        """Return whether *scope* is an address whose domain is an identity and counts its email."""
        domain = scope.domain
        return domain is not None and domain.identity in self._domains

    def _rules_for(self, scope: Scope) -> Sequence[Rule]:
        return [rule for rule in self._rules if self._needs(rule, scope)]

    def _needs(self, rule: Rule, scope: Scope) -> bool:
        if rule.covers(scope) and not rule.indicator.permanent_gap(scope):
            return True
        return (*scope.kind, Dimension.ISP) in rule.scopes and any(
            rule.covers(scope.at(isp)) for isp in (*self._isps, OTHER_ISPS)
        )

    def _lowest_top_volume(self, rule: Rule) -> Mapping[Kind, int]:
        """Return, for each kind of sender, the volume of the last of the rule's top senders."""
        assert rule.top is not None
        volumes: defaultdict[Kind, list[int]] = defaultdict(list)
        for scope, entry in self._roster.records.items():
            if self._needs(rule, scope) and not self.is_within_a_domain(scope):
                volumes[scope.kind].append(entry.volume)
        return {kind: min(nlargest(rule.top, each)) for kind, each in volumes.items()}
