"""What to ask of the account and of everybody in it, step by step.

Of a sender first how much they have sent; then, where that is enough for some rule, what became of
it; and only where that is enough too, what it has to be divided by.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vdm_alerts.core.model.metrics import Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.planning.queries import ACCOUNT_SENT, Found, Query, answer, ingredients
from vdm_alerts.core.planning.selection import Sweep
from vdm_alerts.core.rules.rule import Rule

LATELY = Window(2)
"""The days in which mail that nobody is known to have sent is looked for."""
LEAST_UNCLAIMED = 10
"""How much of that is taken for chance: the account is counted a moment before its identities."""


@dataclass(frozen=True, slots=True)
class Step:
    """Queries worth asking together, and how many more at the most the answers may call for."""

    queries: tuple[Query, ...]
    reserve: int = 0


def of_whole(sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield what is to be known whatever was sent: all of the account, and of open alerts."""
    yield from ask_for([ACCOUNT_SENT], sweep, found)
    for scope in sweep.whole:
        yield from all_of(scope, sweep, found)


def of_begun(sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield what else is worth asking of those whose mail has been counted."""
    for scope in sweep.everybody:
        sent = found.get(Query(Metric.SEND, scope))
        if isinstance(sent, Series) and scope not in sweep.whole:
            for rule in sweep.concerned(scope):
                if sweep.is_in_top(rule, scope) and rule.may_speak_of(sent, sweep.last):
                    yield from weighing(rule, scope, sweep, found)


def of_next(sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield the first question to everybody else: all of a provider, and the mail of a sender."""
    begun = unclaimed(sweep, found) - sweep.roster.unclaimed >= fewest_unclaimed(sweep)
    for scope in (*sweep.due, *(sweep.resting if begun else ())):
        sent = Query(Metric.SEND, scope)
        if scope.isp:
            yield from all_of(scope, sweep, found)
        elif sent not in found:
            yield Step((sent,), _most_after(scope, sweep))


def all_of(scope: Scope, sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield the question for every metric of *scope* that some rule needs."""
    metrics = [
        metric
        for rule in sweep.concerned(scope)
        for metric in (rule.indicator.volume, rule.indicator.events)
    ]
    yield from ask_for([Query(metric, scope) for metric in metrics], sweep, found)


def _most_after(scope: Scope, sweep: Sweep) -> int:
    """Return how many questions at the most may follow the one for the mail of *scope*."""
    rules = sweep.concerned(scope)
    metrics = {each for one in rules for each in (one.indicator.events, one.indicator.volume)}
    drilled = [
        one for one in rules if sweep.watches_parts(one, scope) and sweep.is_drill_due(one, scope)
    ]
    return len(metrics - {Metric.SEND}) + 2 * len(drilled) * (len(sweep.isps) + 1)


def weighing(rule: Rule, scope: Scope, sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield the question for *rule*'s events in *scope*, or, where those may matter, the volume."""
    events = answer(Query(rule.indicator.events, scope), sweep.isps, found)
    volume = Query(rule.indicator.volume, scope)
    if events is None:
        yield from ask_for([Query(rule.indicator.events, scope)], sweep, found, then=[volume])
    elif isinstance(events, Series) and rule.may_be_broken_by(events.total(rule.reach, sweep.last)):
        yield from ask_for([volume], sweep, found)


def ask_for(
    queries: Iterable[Query], sweep: Sweep, found: Found, then: Iterable[Query] = ()
) -> Iterator[Step]:
    """Yield one step for whatever of *queries* is not known yet, and may lead to *then*."""

    def unknown(wanted: Iterable[Query]) -> tuple[Query, ...]:
        needed = (each for query in wanted for each in ingredients(query, sweep.isps))
        return tuple(each for each in dict.fromkeys(needed) if each not in found)

    if now := unknown(queries):
        yield Step(now, len(unknown(then)))


def unclaimed(sweep: Sweep, found: Found) -> int:
    """Return how much mail the account has lately sent that no identity has, as far as is known.

    0 where one of them cannot be read, or is too small to be watched: then there is no telling. An
    address in a domain is not counted beside it. Nothing is known, and so nothing unclaimed, before
    all whose turn it is have been counted.
    """
    account = found.get(ACCOUNT_SENT)
    if not sweep.about_identities or sweep.leaves_out_identities or not isinstance(account, Series):
        return 0
    claimed = 0
    for scope in sweep.everybody:
        if scope.kind != (Dimension.IDENTITY,) or sweep.is_within_a_domain(scope):
            continue
        sent = found.get(Query(Metric.SEND, scope))
        if isinstance(sent, Series):
            claimed += sent.total(LATELY, sweep.last)
        elif scope not in sweep.resting:
            return 0
    return max(0, account.total(LATELY, sweep.last) - claimed)


def fewest_unclaimed(sweep: Sweep) -> int:
    """Return how much more mail of nobody means that somebody has begun to send."""
    fewest = min((rule.min_volume for rule in sweep.about_identities), default=0)
    return max(LEAST_UNCLAIMED, fewest)
