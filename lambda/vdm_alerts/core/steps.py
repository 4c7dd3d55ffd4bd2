"""What to ask of the account and of everybody in it, step by step.

Of a sender first how much they have sent; then, where that is enough for some rule, what became of
it; and only where that is enough too, what it has to be divided by.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vdm_alerts.core.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.queries import ACCOUNT_SENT, Found, Query, answer, ingredients
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.sweep import Sweep

LATELY = Window(2)
"""The days in which mail that nobody is known to have sent is looked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """Queries worth asking together, and how many more at the most the answers may call for."""

    queries: tuple[Query, ...]
    reserve: int = 0

    @property
    def cost(self) -> int:
        """How many queries to set aside before taking this step."""
        return len(self.queries) + self.reserve


def steps(sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield what is worth asking after *found*, the weightiest first; nothing once all is known.

    Raises nothing, and asks for nothing that is in *found* already.
    """
    for scope in sweep.whole:
        queries = {
            Query(metric, scope)
            for rule in sweep.concerned(scope)
            for metric in (rule.indicator.volume, rule.indicator.events)
        }
        if scope == ACCOUNT:
            queries.add(ACCOUNT_SENT)
        yield from asking(queries, sweep, found)
    begun = mail_of_nobody(sweep, found, [*sweep.whole, *sweep.due])
    for scope in (*sweep.due, *(sweep.resting if begun else ())):
        yield from _of_sender(scope, sweep, found)


def _of_sender(scope: Scope, sweep: Sweep, found: Found) -> Iterator[Step]:
    rules = sweep.concerned(scope)
    sent = found.get(Query(Metric.SEND, scope))
    if sent is None:
        metrics = {each for one in rules for each in (one.indicator.events, one.indicator.volume)}
        yield Step((Query(Metric.SEND, scope),), len(metrics - {Metric.SEND}))
    elif isinstance(sent, Series):
        for rule in rules:
            if sweep.is_in_top(rule, scope) and rule.may_speak_of(sent, sweep.last):
                yield from weighing(rule, scope, sweep, found)


def weighing(rule: Rule, scope: Scope, sweep: Sweep, found: Found) -> Iterator[Step]:
    """Yield the question for *rule*'s events in *scope*, or, where those may matter, the volume."""
    events = answer(Query(rule.indicator.events, scope), sweep.isps, found)
    volume = Query(rule.indicator.volume, scope)
    if events is None:
        yield from asking([Query(rule.indicator.events, scope)], sweep, found, then=[volume])
    elif isinstance(events, Series) and rule.may_be_broken_by(events, sweep.last):
        yield from asking([volume], sweep, found)


def asking(
    queries: Iterable[Query], sweep: Sweep, found: Found, then: Iterable[Query] = ()
) -> Iterator[Step]:
    """Yield one step for whatever of *queries* is not known yet, and may lead to *then*."""

    def unknown(wanted: Iterable[Query]) -> tuple[Query, ...]:
        needed = (each for query in wanted for each in ingredients(query, sweep.isps))
        return tuple(each for each in dict.fromkeys(needed) if each not in found)

    if now := unknown(queries):
        yield Step(now, len(unknown(then)))


def mail_of_nobody(sweep: Sweep, found: Found, known: Iterable[Scope]) -> bool:
    """Say whether the account has lately sent mail that none of the *known* identities has sent.

    Enough of it to matter to some rule, that is: a sender who has been quiet, or is new, has begun.
    Where one of them cannot be read, or is not watched, there is no telling. An address in a domain
    is not counted beside it.
    """
    account = found.get(ACCOUNT_SENT)
    watching = [rule for rule in sweep.rules if (Dimension.IDENTITY,) in rule.scopes]
    if not watching or sweep.leaves_out_identities or not isinstance(account, Series):
        return False
    of_identities = 0
    for scope in known:
        if scope.kind != (Dimension.IDENTITY,) or scope.domain in sweep.roster.entries:
            continue
        sent = found.get(Query(Metric.SEND, scope))
        if not isinstance(sent, Series):
            return False
        of_identities += sent.total(LATELY, sweep.last)
    unclaimed = account.total(LATELY, sweep.last) - of_identities
    return unclaimed >= min(rule.min_volume for rule in watching)
