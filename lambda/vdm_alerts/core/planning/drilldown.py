"""Looking closer: the parts of a sender's mail at each mailbox provider."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Found, Query, answer, as_of
from vdm_alerts.core.planning.query_batches import Step, weighing
from vdm_alerts.core.planning.selection import Sweep
from vdm_alerts.core.rules.rule import Rule

NEAR = 0.5
"""From how much of the first threshold on a sender is looked at by provider at every run.

Below it, whatever may hide in its mail is looked for once a day.
"""
AT_ONCE = 2
"""Providers asked about at a time: with more, answers come sooner, and more of them for nothing."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A sender whose parts may break *rule*; *turn* is when it comes, the lowest first.

    *whole* is how many events it has had.
    """

    turn: tuple[bool, float, str]
    rule: Rule
    scope: Scope
    whole: int
    parts: Sequence[Scope]


def drills(sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield what is worth asking after *found* about parts of what has been read already.

    What is suspicious comes first, the worst of it before the rest; and then what may hide in mail
    that as a whole is in order, whoever has waited longest first.
    """
    for case in sorted(_cases(sweep, found), key=lambda case: case.turn):
        yield from _of_parts(case, sweep, found)


def drilled(sweep: Sweep, found: Found) -> Mapping[Scope, Collection[str]]:
    """Return of whose parts all is known that matters, with the names of the rules it is for."""
    done: defaultdict[Scope, set[str]] = defaultdict(set)
    for case in _cases(sweep, found):
        events = (found.get(Query(case.rule.indicator.events, part)) for part in case.parts)
        if not any(isinstance(each, Gap) for each in events) and not any(
            _of_parts(case, sweep, found)
        ):
            done[case.scope].add(case.rule.name)
    return done


def by_weight(rule: Rule, sweep: Sweep, found: Found) -> Sequence[str]:
    """Return every provider, from the one where the account has most of *rule*'s events on."""

    def weight(isp: str) -> int:
        events = found.get(Query(rule.indicator.events, ACCOUNT.at(isp)))
        return events.total(rule.longest, sweep.last) if isinstance(events, Series) else 0

    return [*sorted(sweep.isps, key=weight, reverse=True), OTHER_ISPS]


def parts(rule: Rule, scope: Scope, isps: Sequence[str]) -> Sequence[Scope]:
    """Return *scope* at each of *isps* of which *rule*'s rate can be known."""
    return [part for isp in isps if not rule.indicator.gap_of(part := scope.at(isp))]


def _of_parts(case: _Case, sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield the next questions about the parts of one sender, a few providers at a time.

    Once what is left of the whole is too little to break the rule, so is every part of what is
    left, and no more is asked.
    """
    left, open_ = case.whole, 0
    for part in case.parts:
        if open_ == AT_ONCE or not case.rule.may_be_broken_by(left):
            return
        yield from weighing(case.rule, part, sweep, found)
        events = found.get(Query(case.rule.indicator.events, part))
        if events is None:
            open_ += 1
        elif isinstance(events, Series):
            left -= events.total(case.rule.reach, sweep.last)


def _cases(sweep: Sweep, found: Found) -> Iterator[_Case]:
    """Yield whose mail may hide what breaks a rule at a provider, as far as it is their turn."""
    for rule in sweep.rules:
        isps = by_weight(rule, sweep, found)
        for scope in sweep.everybody:
            if not sweep.watches_parts(rule, scope):
                continue
            events = found.get(Query(rule.indicator.events, scope))
            if not isinstance(events, Series):
                continue
            whole = events.total(rule.reach, sweep.last)
            if not rule.may_be_broken_by(whole):
                continue
            watched = [one for one in parts(rule, scope, isps) if rule.covers(one)]
            badness = _badness(rule, scope, sweep, found)
            if badness >= NEAR or not sweep.remembered.isdisjoint(watched):
                yield _Case((False, -badness, str(scope)), rule, scope, whole, watched)
            elif sweep.is_drill_due(rule, scope):
                drilled = sweep.roster.entry(scope).drilled.get(rule.name)
                waited = drilled.timestamp() if drilled else 0
                yield _Case((True, waited, str(scope)), rule, scope, whole, watched)


def _badness(rule: Rule, scope: Scope, sweep: Sweep, found: Found) -> float:
    """Return how near *scope* is to breaking *rule*, 0 where that is not known."""
    events = answer(Query(rule.indicator.events, scope), sweep.isps, found)
    volume = answer(Query(rule.indicator.volume, scope), sweep.isps, found)
    if not (isinstance(events, Series) and isinstance(volume, Series)):
        return 0.0
    return rule.at(scope).worst(events, volume, as_of(sweep.now, sweep.last, found).last)
