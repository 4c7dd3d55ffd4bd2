"""Who is behind a breach: the one sender, at one provider, that most of it belongs to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from heapq import nlargest
from itertools import islice

from vdm_alerts.core.evaluation.verdicts import Breached, Evidence
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope, Series
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.planning.drilldown import by_weight, parts
from vdm_alerts.core.planning.queries import Found, Query, answer, as_of
from vdm_alerts.core.planning.query_batches import Step, ask_for
from vdm_alerts.core.planning.selection import Sweep
from vdm_alerts.core.planning.verdicts import verdict
from vdm_alerts.core.rules.rule import Rule

MOST_CASES = 20
"""Scopes that break a rule, and are looked into for who is behind it, at a run."""
AT_ONCE = 3
"""Suspects asked about at a time: with more, answers come sooner, and more of them for nothing."""


@dataclass(frozen=True, slots=True)
class Culprit:
    """The one sender, at one provider, to which most of the events of a breach belong.

    *share* is how many of them, a fraction; *evidence* is its own rate, in the same window.
    """

    scope: Scope
    share: float
    evidence: Evidence


@dataclass(frozen=True)
class Case:
    """A breach of *rule* in *scope*, by the figures in *evidence*, as far as it is looked into."""

    rule: Rule
    scope: Scope
    evidence: Evidence
    sweep: Sweep
    found: Found

    @property
    def culprit(self) -> Culprit | None:
        """Who most of the events belong to, and where; None where it is nobody in particular.

        It has to have half of them, and to be worse than the whole: that the largest part of the
        mail has the largest part of its bounces names nobody. Nobody is looked for behind a rate
        that is bad where it is low.
        """
        if self.rule.indicator.low_is_bad:
            return None
        for suspect, events in (self._leader, self._sender):
            if suspect is None:
                continue
            volume = answer(self._volume(suspect), self.sweep.isps, self.found)
            if not isinstance(volume, Series):
                return None
            window, all_events = self.evidence.window, self.evidence.rate.events
            mails, all_mails = volume.total(window, self._last), self._mails
            if mails and (events * all_mails > all_events * mails or events >= all_events):
                its_own = Evidence(Rate(events, mails), window)
                return Culprit(suspect, min(1.0, events / all_events), its_own)
        return None

    def steps(self) -> Iterator[Step]:
        """Yield what has still to be asked before somebody, or nobody, can be named."""
        left = self.evidence.rate.events - sum(
            count
            for suspect, count in self._counts.items()
            # What an address in a domain has is the domain's too.
            if not self.sweep.is_within_a_domain(suspect)
        )
        is_open = left > max(self._counts.values(), default=0) and left >= self._half
        not_asked = (one for one in self._suspects if one not in self._counts)
        if is_open and (queries := [self._events(one) for one in islice(not_asked, AT_ONCE)]):
            yield from ask_for(queries, self.sweep, self.found)
        else:
            suspects = [one for one, _ in (self._leader, self._sender) if one]
            yield from ask_for(map(self._volume, suspects), self.sweep, self.found)

    @cached_property
    def _mails(self) -> int:
        """How much mail was sent in the window of the evidence."""
        volume = answer(self._volume(self.scope), self.sweep.isps, self.found)
        return volume.total(self.evidence.window, self._last) if isinstance(volume, Series) else 0

    @cached_property
    def _last(self) -> date:
        """The last of the days that the evidence is of."""
        return as_of(self.sweep.now, self.sweep.last, self.found).last

    def _events(self, scope: Scope) -> Query:
        return Query(self.rule.indicator.events, scope)

    def _volume(self, scope: Scope) -> Query:
        return Query(self.rule.indicator.volume, scope)

    @property
    def _half(self) -> float:
        return self.evidence.rate.events / 2

    @cached_property
    def _suspects(self) -> Sequence[Scope]:
        """The senders at providers that it may be, the likeliest first."""
        isps = by_weight(self.rule, self.sweep, self.found)
        if self.scope.whole != ACCOUNT:
            if self.scope.isp:
                return []  # It is one itself.
            return parts(self.rule, self.scope, isps)
        senders = [one for one, count in self._senders.items() if count >= self._half]
        if self.scope.isp:
            return [sender.at(self.scope.isp) for sender in senders]
        return [part for one in senders for part in parts(self.rule, one, isps)]

    @cached_property
    def _senders(self) -> Mapping[Scope, int]:
        """The events of each identity, all its mail counted; only one with half can be it."""
        return {
            scope: events.total(self.evidence.window, self._last)
            for scope in self.sweep.everybody
            if scope.kind == (Dimension.IDENTITY,)
            and isinstance(events := self.found.get(self._events(scope)), Series)
        }

    @cached_property
    def _counts(self) -> Mapping[Scope, int]:
        """The events of each suspect that has been asked about; none where they are denied."""
        answers = {
            one: answer(self._events(one), self.sweep.isps, self.found) for one in self._suspects
        }
        return {
            one: seen.total(self.evidence.window, self._last) if isinstance(seen, Series) else 0
            for one, seen in answers.items()
            if seen is not None
        }

    @cached_property
    def _leader(self) -> tuple[Scope | None, int]:
        """The suspect with the most events; None where that is not half of them."""
        return self._first(self._counts)

    @cached_property
    def _sender(self) -> tuple[Scope | None, int]:
        """The identity with the most of the account's events, wherever they are; None likewise."""
        return self._first(self._senders if self.scope == ACCOUNT else {})

    def _first(self, counts: Mapping[Scope, int]) -> tuple[Scope | None, int]:
        # Of an address and the domain that it is in, the address says more.
        first = max(
            counts, key=lambda one: (counts[one], one.domain is not None, str(one)), default=None
        )
        if first is None or counts[first] < self._half:
            return None, 0
        return first, counts[first]


def cases(sweep: Sweep, found: Found) -> Iterator[Case]:
    """Yield the breaches in *found* that are worth looking into, the worst of each rule first."""
    for rule in sweep.rules:
        if rule.indicator.low_is_bad:
            continue
        breaches = [
            Case(rule, scope, seen.evidence, sweep, found)
            for scope in sweep.everybody
            if sweep.watches(rule, scope)
            and isinstance(seen := verdict(rule, scope, sweep, found), Breached)
        ]
        yield from nlargest(MOST_CASES, breaches, key=lambda case: case.evidence.rate.value)
