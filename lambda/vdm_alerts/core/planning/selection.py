"""One reading of the account: by which rules, of whom, and whose turn it is."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from heapq import nlargest

from vdm_alerts.core.alerts.alert import Alert, Key
from vdm_alerts.core.evaluation.context import ORDINARY, Phase
from vdm_alerts.core.evaluation.verdicts import Verdict
from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Kind, Scope, Window
from vdm_alerts.core.planning.roster import Roster
from vdm_alerts.core.rules.rule import Rule


@dataclass(frozen=True)
class Sweep:
    """One reading of the account: by which rules, of whom, as of when.

    *alerts* are those that are remembered. *last* is the newest day to ask for.
    """

    rules: Sequence[Rule]
    roster: Roster
    alerts: Mapping[Key, Alert]
    now: datetime
    last: date

    @cached_property
    def remembered(self) -> frozenset[Scope]:
        """The scopes that alerts are open for."""
        return frozenset(key.scope for key, alert in self.alerts.items() if alert.is_open)

    @cached_property
    def longest(self) -> Window:
        """The longest window of any rule."""
        return max(rule.longest for rule in self.rules)

    @cached_property
    def recent(self) -> Window:
        """The days in which somebody who is not quiet has sent something."""
        return max(rule.reach for rule in self.rules)

    @cached_property
    def rest(self) -> timedelta:
        """How long who is quiet, or in good order, is left alone.

        A day, less what a schedule may be early. But what a rule about single days is to find is
        out of its window by the next day.
        """
        shortest = min(window.days for rule in self.rules for window in rule.windows)
        return timedelta(hours=4) if shortest == 1 else timedelta(hours=23, minutes=30)

    @cached_property
    def isps(self) -> Sequence[str]:
        """Every provider that some rule has a name for, and that SES does not refuse."""
        named = dict.fromkeys(isp for rule in self.rules for isp in rule.isps)
        return [isp for isp in named if ACCOUNT.at(isp) not in self.refused]

    @cached_property
    def refused(self) -> Collection[Scope]:
        """Those whom SES is known to refuse to answer for; they are not asked about."""
        entries = self.roster.entries
        return {one for one in entries if self.roster.is_refused(one, self.now)}

    @cached_property
    def whole(self) -> Collection[Scope]:
        """The scopes of which everything is asked, whatever they send; the account first."""
        open_ = sorted(self.remembered.difference(self.refused), key=str)
        return dict.fromkeys([ACCOUNT, *open_])

    @cached_property
    def due(self) -> Collection[Scope]:
        """Those whose turn it is: who has waited longest, then providers, then who sends most."""
        return dict.fromkeys(sorted(filter(self._is_due, self._others), key=self._turn))

    @cached_property
    def resting(self) -> Collection[Scope]:
        """Those whose turn it is not."""
        return dict.fromkeys(one for one in self._others if one not in self.due)

    @cached_property
    def everybody(self) -> Sequence[Scope]:
        """All that this sweep is about, whether it is their turn or not."""
        return [*self.whole, *self.due, *self.resting, *self.refused]

    @cached_property
    def about_identities(self) -> Sequence[Rule]:
        """The rules that watch identities."""
        return [rule for rule in self.rules if (Dimension.IDENTITY,) in rule.scopes]

    @cached_property
    def leaves_out_identities(self) -> bool:
        """Whether there is mail of identities that this sweep does not ask about."""
        return any(
            scope in self.refused or (scope in self.resting and entry.volume)
            for scope, entry in self.roster.entries.items()
            if scope.kind == (Dimension.IDENTITY,)
        )

    @cached_property
    def _others(self) -> Sequence[Scope]:
        providers = (ACCOUNT.at(isp) for isp in (*self.isps, OTHER_ISPS))
        known = dict.fromkeys([*providers, *self.roster.entries])
        # An identity that no rule watches is counted all the same, to know whose mail it is.
        return [
            one
            for one in known
            if one not in self.whole
            and one not in self.refused
            and (
                self._is_watched(one)
                or (self.about_identities and one.kind == (Dimension.IDENTITY,))
            )
        ]

    def _is_watched(self, scope: Scope) -> bool:
        return bool(self.concerned(scope)) or any(rule.covers(scope) for rule in self.rules)

    def _is_due(self, scope: Scope) -> bool:
        if scope.isp:
            return True
        entry = self.roster.entry(scope)
        rules = self.concerned(scope)
        is_small = bool(rules) and not any(self.is_in_top(rule, scope) for rule in rules)
        if entry.volume and not is_small:
            return True
        return entry.read is None or self.now - entry.read >= self.rest

    def _turn(self, scope: Scope) -> tuple[float, bool, bool, int, str]:
        entry = self.roster.entry(scope)
        # What is left of all providers has no entry, and its turn after theirs.
        tried = self.roster.swept if scope.is_derived else entry.tried
        waited = tried.timestamp() if tried else 0
        return waited, scope.isp is None, scope.is_derived, -entry.volume, str(scope)

    def phase(self, rule: Rule, scope: Scope) -> Phase:
        """Return what is going on with *rule* in *scope* already."""
        alert = self.alerts.get(Key.of(rule, scope))
        return alert.phase(rule) if alert else ORDINARY

    def series(self, rule: Rule) -> int:
        """Return how many series *rule* judges that have any mail, as far as is known."""
        if rule.name not in self._series:
            at = sum(rule.covers_isp(isp) for isp in (*self.isps, OTHER_ISPS))
            self._series[rule.name] = sum(
                self.watches(rule, scope) + at * self.watches_parts(rule, scope)
                for scope in self.everybody
                if self._may_have_mail(scope)
            )
        return self._series[rule.name]

    def _may_have_mail(self, scope: Scope) -> bool:
        entry = self.roster.entry(scope)
        return bool(entry.volume) or entry.read is None or scope == ACCOUNT

    @cached_property
    def _series(self) -> dict[str, int]:
        return {}

    @cached_property
    def judged(self) -> dict[Key, Verdict]:
        """The verdicts so far; what they rest on does not change while a sweep goes on."""
        return {}

    def is_drill_due(self, rule: Rule, scope: Scope) -> bool:
        """Say whether the parts of *scope*, which is in good order, are to be looked at again."""
        drilled = self.roster.entry(scope).drilled.get(rule.name)
        return drilled is None or self.now - drilled >= self.rest

    def watches(self, rule: Rule, scope: Scope) -> bool:
        """Say whether *rule* is to judge *scope*."""
        return rule.covers(scope) and self.is_in_top(rule, scope)

    def watches_parts(self, rule: Rule, scope: Scope) -> bool:
        """Say whether *rule* is to judge *scope*, a sender, at each provider on its own."""
        return (*scope.kind, Dimension.ISP) in rule.scopes and self.is_in_top(rule, scope)

    def concerned(self, scope: Scope) -> Sequence[Rule]:
        """Return the rules that watch *scope* itself, or some part of it at a provider."""
        if scope not in self._concerned:
            self._concerned[scope] = [rule for rule in self.rules if self._concerns(rule, scope)]
        return self._concerned[scope]

    @cached_property
    def _concerned(self) -> dict[Scope, Sequence[Rule]]:
        return {}

    def _concerns(self, rule: Rule, scope: Scope) -> bool:
        if rule.covers(scope) and not rule.indicator.gap_of(scope):
            return True
        return (*scope.kind, Dimension.ISP) in rule.scopes and any(
            rule.covers(scope.at(isp)) for isp in (*self.isps, OTHER_ISPS)
        )

    def is_in_top(self, rule: Rule, scope: Scope) -> bool:
        """Say whether *scope*, when last read, sent enough among its like for *rule*."""
        if rule.top is None or not scope.whole.kind or scope in self.remembered:
            return True
        least = self._least[rule.name].get(scope.whole.kind, 0)
        return self.roster.entry(scope.whole).volume >= least

    @cached_property
    def _least(self) -> Mapping[str, Mapping[Kind, int]]:
        """The volume of the last of the top of each kind, by the rules that have a top."""
        return {
            rule.name: {
                kind: min(nlargest(rule.top, volumes))
                for kind, volumes in self._volumes(rule).items()
            }
            for rule in self.rules
            if rule.top is not None
        }

    def _volumes(self, rule: Rule) -> Mapping[Kind, Sequence[int]]:
        volumes: defaultdict[Kind, list[int]] = defaultdict(list)
        for scope, entry in self.roster.entries.items():
            if self._concerns(rule, scope) and not self.is_within_a_domain(scope):
                volumes[scope.kind].append(entry.volume)
        return volumes

    def is_within_a_domain(self, scope: Scope) -> bool:
        """Say whether *scope* is an address whose domain is an identity, and counts its mail."""
        domain = scope.domain
        return domain is not None and domain.identity in self._domains

    @cached_property
    def _domains(self) -> Collection[str]:
        return {one.identity.lower() for one in self.roster.entries if one.identity}
