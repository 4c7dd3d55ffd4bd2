"""One reading of the account: by which rules, of whom, and whose turn it is."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from heapq import nlargest

from vdm_alerts.core.isps import OTHER_ISPS
from vdm_alerts.core.metrics import ACCOUNT, LONGEST_WINDOW, Dimension, Kind, Metric, Scope, Window
from vdm_alerts.core.queries import Found, Query
from vdm_alerts.core.roster import Roster
from vdm_alerts.core.rules import Rule


@dataclass(frozen=True)
class Sweep:
    """One reading of the account: by which rules, of whom, as of when.

    *remembered* are the scopes that alerts are open for. *last* is the newest day to ask for.
    """

    rules: Sequence[Rule]
    roster: Roster
    remembered: frozenset[Scope]
    now: datetime
    last: date

    @cached_property
    def longest(self) -> Window:
        """The longest window of any rule."""
        return max(window for rule in self.rules for window in rule.windows)

    @cached_property
    def window(self) -> Window:
        """The days to ask for: one query serves every rule, and the day before their windows."""
        return Window(min(self.longest.days + 1, LONGEST_WINDOW.days))

    @cached_property
    def isps(self) -> Sequence[str]:
        """Every provider that some rule has a name for."""
        return list(dict.fromkeys(isp for rule in self.rules for isp in rule.isps))

    @cached_property
    def whole(self) -> Sequence[Scope]:
        """The scopes of which everything is asked, the weightiest first."""
        providers = (ACCOUNT.at(isp) for isp in (*self.isps, OTHER_ISPS))
        watched = (scope for scope in providers if any(rule.covers(scope) for rule in self.rules))
        open_ = sorted(self.remembered.difference(self.refused), key=str)
        return list(dict.fromkeys([ACCOUNT, *watched, *open_]))

    @cached_property
    def refused(self) -> Collection[Scope]:
        """The senders that SES is known to refuse to answer for; they are not asked about."""
        entries = self.roster.entries
        return dict.fromkeys(one for one in entries if self.roster.is_refused(one, self.now))

    @cached_property
    def due(self) -> Sequence[Scope]:
        """The senders whose turn it is: who has waited longest, and then who sends most, first."""
        return sorted((one for one in self._senders if self._is_due(one)), key=self._turn)

    @cached_property
    def resting(self) -> Collection[Scope]:
        """The senders whose turn it is not."""
        due = set(self.due)
        return dict.fromkeys(one for one in self._senders if one not in due)

    def read(self, found: Found) -> Sequence[Scope]:
        """Return the scopes that *found* has anything of, beside parts at providers."""
        scopes = (*self.whole, *self.due, *self.resting, *self.refused)
        return [one for one in scopes if Query(Metric.SEND, one) in found or one in self.whole]

    @cached_property
    def leaves_out_identities(self) -> bool:
        """Whether there is mail of identities that this sweep does not ask about."""
        asked = {*self.whole, *self.due}
        return any(
            scope not in asked and (entry.volume or scope not in self.resting)
            for scope, entry in self.roster.entries.items()
            if scope.kind == (Dimension.IDENTITY,)
        )

    @cached_property
    def _senders(self) -> Sequence[Scope]:
        left_out = {*self.whole, *self.refused}
        return [one for one in self.roster.entries if one not in left_out and self.concerned(one)]

    def _is_due(self, scope: Scope) -> bool:
        sends = self.roster.entry(scope).volume > 0
        is_hot = sends and any(self.is_in_top(rule, scope) for rule in self.concerned(scope))
        return is_hot or self.roster.is_due(scope, self.now)

    def _turn(self, scope: Scope) -> tuple[float, int, str]:
        entry = self.roster.entry(scope)
        return entry.read.timestamp() if entry.read else 0, -entry.volume, str(scope)

    def watches(self, rule: Rule, scope: Scope) -> bool:
        """Say whether *rule* is to judge *scope*."""
        return rule.covers(scope) and self.is_in_top(rule, scope)

    def watches_parts(self, rule: Rule, scope: Scope) -> bool:
        """Say whether *rule* is to judge *scope*, a sender, at each provider on its own."""
        return (*scope.kind, Dimension.ISP) in rule.scopes and self.is_in_top(rule, scope)

    def concerned(self, scope: Scope) -> Sequence[Rule]:
        """Return the rules that watch *scope* itself, or some part of it at a provider."""
        return [
            rule
            for rule in self.rules
            if (rule.covers(scope) and not rule.indicator.gap_of(scope))
            or (
                (*scope.kind, Dimension.ISP) in rule.scopes
                and any(rule.covers(scope.at(isp)) for isp in (*self.isps, OTHER_ISPS))
            )
        ]

    def is_in_top(self, rule: Rule, scope: Scope) -> bool:
        """Say whether *scope*, when last read, sent enough among its like for *rule*."""
        if rule.top is None or not scope.whole.kind or scope in self.remembered:
            return True
        least = self._least[rule.name].get(scope.whole.kind, 0)
        return self.roster.entry(scope.whole).volume >= least

    @cached_property
    def _least(self) -> Mapping[str, Mapping[Kind, int]]:
        """The volume of the last of the top of each kind, by the rules that have a top.

        An address in a domain takes no place of its own: its mail is the domain's.
        """
        volumes: defaultdict[Kind, list[int]] = defaultdict(list)
        for scope, entry in self.roster.entries.items():
            if scope.domain not in self.roster.entries:
                volumes[scope.kind].append(entry.volume)
        return {
            rule.name: {kind: min(nlargest(rule.top, each)) for kind, each in volumes.items()}
            for rule in self.rules
            if rule.top is not None
        }
