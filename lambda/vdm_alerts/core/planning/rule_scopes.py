"""Which rules apply to which scopes, by their names and volumes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import nlargest

from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS, OTHER_ISPS
from vdm_alerts.core.model.metrics import Dimension, Kind, Scope
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.matcher_index import MatcherIndex
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
        self._roster = roster
        self._isps = isps
        self._open_scopes = open_scopes
        self._positions = {rule.name: position for position, rule in enumerate(rules)}
        kinds = {kind for rule in rules for kind in rule.scopes}
        self._indexes = {kind: _index(rules, kind) for kind in kinds}
        # Very many senders share few lists of rules.
        shared: dict[tuple[str, ...], Sequence[Rule]] = {}
        self._rules_by_scope: dict[Scope, Sequence[Rule]] = {}
        for scope in roster.records:
            needed = self._rules_for(scope)
            names = tuple(rule.name for rule in needed)
            self._rules_by_scope[scope] = shared.setdefault(names, needed)
        identities = (scope.identity for scope in roster.records if scope.identity)
        self._identities = frozenset(identity.lower() for identity in identities)
        self._addresses_by_domain: defaultdict[Scope, list[Scope]] = defaultdict(list)
        for scope in roster.records:
            if scope.domain:
                self._addresses_by_domain[scope.domain].append(scope)
        self._top_volumes = self._min_top_volumes()

    def rules_for(self, scope: Scope) -> Sequence[Rule]:
        """Return the rules that need counts of *scope*, or of its parts."""
        rules = self._rules_by_scope.get(scope)
        return self._rules_for(scope) if rules is None else rules

    def covers(self, scope: Scope) -> bool:
        """Return whether any rule is about *scope*, or needs counts of it."""
        candidates = self._candidates(scope.kind, scope)
        return bool(self.rules_for(scope)) or any(rule.covers(scope) for rule in candidates)

    def rules_applying_to(self, scope: Scope) -> Sequence[Rule]:
        """Return the rules that are evaluated for *scope*."""
        candidates = self._candidates(scope.kind, scope)
        return [rule for rule in candidates if rule.covers(scope) and self.is_in_top(rule, scope)]

    def rules_applying_to_parts(self, sender: Scope) -> Sequence[Rule]:
        """Return the rules that are evaluated for *sender* at each provider."""
        candidates = self._candidates(_at_provider(sender.kind), sender)
        return [
            rule
            for rule in candidates
            if rule.covers_names(sender) and self.is_in_top(rule, sender)
        ]

    def is_in_top(self, rule: Rule, scope: Scope) -> bool:
        """Return whether the sender of *scope* is one of *rule*'s top senders.

        That is also true if the rule has no limit, or if *scope* has no sender or has an open
        alert.
        """
        if rule.top is None:
            return True
        sender = scope.at_all_providers
        if not sender.kind or scope in self._open_scopes:
            return True
        min_volume = self._top_volumes.get((rule.name, sender.kind), 0)
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

    def _candidates(self, kind: Kind, scope: Scope) -> Sequence[Rule]:
        """Return the rules about *kind* whose patterns may match the senders of *scope*."""
        index = self._indexes.get(kind)
        if index is None:
            return ()
        # A rule is found by each of its patterns that may match.
        return list({rule.name: rule for rule in index.candidates(scope.dimensions)}.values())

    def _rules_for(self, scope: Scope) -> Sequence[Rule]:
        candidates = {
            rule.name: rule
            for kind in (scope.kind, _at_provider(scope.kind))
            for rule in self._candidates(kind, scope)
        }
        needed_by = (rule for rule in candidates.values() if self._needs(rule, scope))
        return sorted(needed_by, key=lambda rule: self._positions[rule.name])

    def _needs(self, rule: Rule, scope: Scope) -> bool:
        if rule.covers(scope) and not rule.indicator.permanent_gap(scope):
            return True
        return _at_provider(scope.kind) in rule.scopes and any(
            rule.covers(scope.at_provider(isp)) for isp in (*self._isps, OTHER_ISPS)
        )

    def _min_top_volumes(self) -> Mapping[tuple[str, Kind], int]:
        """Return the volume of each rule's smallest top sender, by rule and kind of sender."""
        volumes: defaultdict[tuple[str, Kind], list[int]] = defaultdict(list)
        tops: dict[str, int] = {}
        for scope, rules in self._rules_by_scope.items():
            if self.is_within_a_domain(scope):
                continue
            for rule in rules:
                if rule.top:
                    tops[rule.name] = rule.top
                    volumes[rule.name, scope.kind].append(self._roster.record(scope).volume)
        return {
            (name, kind): min(nlargest(tops[name], kind_volumes))
            for (name, kind), kind_volumes in volumes.items()
        }


def _index(rules: Iterable[Rule], kind: Kind) -> MatcherIndex[Dimension, Rule]:
    """Return the index of those *rules* that are about *kind*.

    A rule is found by its *include* patterns of one dimension. For a sender at a provider, this is
    a dimension of the sender, so that the rule is found by the sender alone.
    """
    dimensions = [dimension for dimension in kind if dimension is not Dimension.ISP] or kind
    return MatcherIndex(
        entry for rule in rules if kind in rule.scopes for entry in _entries(rule, dimensions)
    )


def _entries(
    rule: Rule, dimensions: Iterable[Dimension]
) -> Iterator[tuple[Mapping[Dimension, str], Rule]]:
    """Yield *rule* with each of its *include* patterns of one of *dimensions*."""
    for dimension in dimensions:
        if patterns := rule.include.patterns.get(dimension):
            yield from (({dimension: pattern}, rule) for pattern in patterns)
            return
    yield {}, rule


def _at_provider(kind: Kind) -> Kind:
    return (*kind, Dimension.ISP)
