"""Looking closer: at which mailbox provider it is, and who is behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import TypeAlias

from vdm_alerts.core.isps import OTHER_ISPS
from vdm_alerts.core.metrics import ACCOUNT, Dimension, Scope, Series
from vdm_alerts.core.queries import Found, Query, answer
from vdm_alerts.core.rates import Rate
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.steps import Step, asking, weighing
from vdm_alerts.core.sweep import Sweep
from vdm_alerts.core.verdicts import Breached, Evidence, Healthy, Unknown, Verdict, judge

NEAR = 0.5
"""From how much of the first threshold on a sender is looked at by provider at every run.

Below it, whatever may hide in its mail is looked for once a day.
"""
MOST_SUSPECTS = 5
"""Identities looked at by provider where the account, or a provider, breaks a rule."""
MOST_CASES = 20
"""Scopes that break a rule, and are looked into for who is behind it, at a run."""


_Case: TypeAlias = tuple[float, str, Rule, Sequence[Scope]]
"""When a scope's turn is, by number and name, and which parts of it are to be judged by what."""


@dataclass(frozen=True, slots=True)
class Culprit:
    """The one sender, at one provider, to which most of the events of a breach belong.

    *share* is how many of them, a fraction; *evidence* is its own rate, in the same window.
    """

    scope: Scope
    share: float
    evidence: Evidence


def verdict(rule: Rule, scope: Scope, sweep: Sweep, found: Found) -> Verdict | None:
    """Return the judgement of *scope* as far as it has been asked about; None where it has not."""
    if gap := rule.indicator.gap_of(scope):
        return Unknown(gap)
    events = answer(Query(rule.indicator.events, scope), sweep.isps, found)
    volume = answer(Query(rule.indicator.volume, scope), sweep.isps, found)
    if events is None or volume is None:
        return None
    return judge(rule, events, volume, sweep.last)


def drills(sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield what is worth asking after *found* about parts of what has been read already.

    Who is behind a breach comes first; then what is suspicious, the worst of it before the rest;
    and last what may hide in mail that as a whole is in order, whoever has waited longest first.
    """
    for rule in sweep.rules:
        for scope, evidence in _breaches(rule, sweep, found):
            yield from _looking_into(rule, scope, evidence, sweep, found)
    near, far = _cases(sweep, found)
    for _, _, rule, pairs in (*sorted(near, key=_turn), *sorted(far, key=_turn)):
        for pair in pairs:
            yield from weighing(rule, pair, sweep, found)


def culprit(
    rule: Rule, scope: Scope, evidence: Evidence, sweep: Sweep, found: Found
) -> Culprit | None:
    """Return who most of the events in *evidence* against *scope* belong to, and where; if any.

    It has to have half of them, and to be worse than the whole: that the largest part of the mail
    has the largest part of its bounces names nobody.
    """
    leading = _leading(rule, scope, evidence, sweep, found)
    if leading is None:
        return None
    pair, events = leading
    volume = answer(Query(rule.indicator.volume, pair), sweep.isps, found)
    if not isinstance(volume, Series) or not (mails := volume.total(evidence.window, sweep.last)):
        return None
    rate = Rate(events, mails)
    if rate.value <= evidence.rate.value and events < evidence.rate.events:
        return None
    return Culprit(pair, events / evidence.rate.events, Evidence(rate, evidence.window))


def _cases(sweep: Sweep, found: Found) -> tuple[list[_Case], list[_Case]]:
    """Return whose mail may hide what breaks a rule at a provider: the suspicious, and the rest.

    Of the rest, those whose turn it is.
    """
    near: list[_Case] = []
    far: list[_Case] = []
    for rule in sweep.rules:
        for scope in sweep.read(found):
            pairs = sweep.pairs(rule, scope) if sweep.is_in_top(rule, scope) else ()
            events = found.get(Query(rule.indicator.events, scope))
            if not (pairs and isinstance(events, Series)):
                continue
            if not rule.may_be_broken_by(events, sweep.last):
                continue
            badness = _badness(rule, scope, sweep, found)
            if badness >= NEAR or not sweep.remembered.isdisjoint(pairs):
                near.append((-badness, str(scope), rule, pairs))
            elif sweep.roster.is_drill_due(scope, sweep.now):
                drilled = sweep.roster.entry(scope).drilled
                far.append((drilled.timestamp() if drilled else 0, str(scope), rule, pairs))
    return near, far


def _turn(case: _Case) -> tuple[float, str]:
    return case[0], case[1]


def _breaches(rule: Rule, sweep: Sweep, found: Found) -> Sequence[tuple[Scope, Evidence]]:
    """Return the scopes that are known to break *rule*, the worst first, and the figures."""
    if rule.indicator.low_is_bad:
        return []
    cases = [
        (scope, seen.evidence)
        for scope in sweep.read(found)
        if sweep.watches(rule, scope)
        and isinstance(seen := verdict(rule, scope, sweep, found), Breached)
    ]
    return nlargest(MOST_CASES, cases, key=lambda case: case[1].rate.value)


def _looking_into(
    rule: Rule, scope: Scope, evidence: Evidence, sweep: Sweep, found: Found
) -> Iterator[Step]:
    pairs = list(_candidates(rule, scope, sweep, found))
    events = [Query(rule.indicator.events, pair) for pair in pairs]
    yield from asking(events, sweep, found)
    if leading := _leading(rule, scope, evidence, sweep, found):
        yield from asking([Query(rule.indicator.volume, leading[0])], sweep, found)


def _candidates(rule: Rule, scope: Scope, sweep: Sweep, found: Found) -> Iterator[Scope]:
    """Yield the senders at providers that may be behind what *rule* finds in *scope*."""
    if scope.isp is not None and scope.whole != ACCOUNT:
        return  # It is one itself.
    senders = [scope] if scope.whole != ACCOUNT else _suspects(rule, sweep, found)
    isps = [scope.isp] if scope.isp else [*sweep.isps, OTHER_ISPS]
    for sender in senders:
        for isp in isps:
            if not rule.indicator.gap_of(sender.at(isp)):
                yield sender.at(isp)


def _suspects(rule: Rule, sweep: Sweep, found: Found) -> Sequence[Scope]:
    """Return the identities with the most events."""
    counted = [
        (events.total(rule.windows[-1], sweep.last), str(scope), scope)
        for scope in sweep.read(found)
        if scope.kind == (Dimension.IDENTITY,)
        and isinstance(events := found.get(Query(rule.indicator.events, scope)), Series)
    ]
    return [scope for events, _, scope in nlargest(MOST_SUSPECTS, counted) if events]


def _leading(
    rule: Rule, scope: Scope, evidence: Evidence, sweep: Sweep, found: Found
) -> tuple[Scope, int] | None:
    """Return who has most of the events in *evidence*, and how many; None where nobody has half."""
    best: tuple[int, bool, Scope] | None = None
    for pair in _candidates(rule, scope, sweep, found):
        events = answer(Query(rule.indicator.events, pair), sweep.isps, found)
        if isinstance(events, Series):
            count = events.total(evidence.window, sweep.last)
            # Of an address and the domain that it is in, the address says more.
            if best is None or (count, pair.domain is not None) > best[:2]:
                best = count, pair.domain is not None, pair
    if best is None or best[0] * 2 < evidence.rate.events:
        return None
    return best[2], best[0]


def _badness(rule: Rule, scope: Scope, sweep: Sweep, found: Found) -> float:
    """Return how near *scope* is to breaking *rule*, 0 where that is not known."""
    seen = verdict(rule, scope, sweep, found)
    if not isinstance(seen, Breached | Healthy) or seen.evidence is None:
        return 0.0
    return rule.badness(seen.evidence.rate.value)
