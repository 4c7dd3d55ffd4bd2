"""Which queries to make next about the account and each scope.

For a sender, the number of emails sent comes first; if that can matter to a rule, the events
follow; and only if those can matter too, the volume they are divided by.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vdm_alerts.core.model.metrics import Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.planning.queries import ACCOUNT_SENT, Answers, Query, answer, base_queries
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.rules.rule import Rule

UNATTRIBUTED_WINDOW = Window(2)
"""The days whose emails are compared to find emails that no known identity sent."""
MIN_UNATTRIBUTED = 10
"""Fewest of these that count: the account is counted a moment before its identities."""


@dataclass(frozen=True, slots=True)
class QueryBatch:
    """Queries to make together."""

    queries: tuple[Query, ...]
    reserve: int = 0
    """How many further queries, at most, the answers may require."""


def always_read_batches(plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield what is queried in any case: the account, and scopes with an open alert."""
    yield from unanswered([ACCOUNT_SENT], plan, answers)
    for scope in plan.selection.always_read:
        yield from all_metrics(scope, plan, answers)


def follow_up_batches(plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield what else to query about scopes whose sent emails are known."""
    for scope in plan.all_scopes:
        sent = answers.get(Query(Metric.SEND, scope))
        if isinstance(sent, Series) and scope not in plan.selection.always_read:
            for rule in plan.rule_scopes.rules_for(scope):
                minimum = plan.minimum_counts[rule.name]
                if plan.rule_scopes.is_in_top(rule, scope) and minimum.are_reached_by_emails(
                    sent, plan.last
                ):
                    yield from events_then_volume(rule, scope, plan, answers)


def first_batches(plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield the first query about every other scope.

    For a provider that is every metric, for a sender the emails sent.
    """
    new_email = unattributed_emails(plan, answers) - plan.roster.unattributed
    reads_deferred = new_email >= min_unattributed(plan)
    for scope in (*plan.selection.due, *(plan.selection.deferred if reads_deferred else ())):
        sent = Query(Metric.SEND, scope)
        if scope.isp:
            yield from all_metrics(scope, plan, answers)
        elif sent not in answers:
            yield QueryBatch((sent,), _most_follow_ups(scope, plan))


def all_metrics(scope: Scope, plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield the unanswered queries for every metric of *scope* that a rule needs."""
    metrics = [
        metric
        for rule in plan.rule_scopes.rules_for(scope)
        for metric in (rule.indicator.volume, rule.indicator.events)
    ]
    yield from unanswered([Query(metric, scope) for metric in metrics], plan, answers)


def _most_follow_ups(scope: Scope, plan: ReadPlan) -> int:
    """Return how many queries, at most, may follow the one for the emails that *scope* sent."""
    rules = plan.rule_scopes.rules_for(scope)
    metrics = {each for rule in rules for each in (rule.indicator.events, rule.indicator.volume)}
    drilldowns = [
        rule
        for rule in rules
        if plan.rule_scopes.applies_to_parts(rule, scope) and plan.needs_drilldown(rule, scope)
    ]
    return len(metrics - {Metric.SEND}) + 2 * len(drilldowns) * (len(plan.isps) + 1)


def events_then_volume(
    rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers
) -> Iterator[QueryBatch]:
    """Yield the query for *rule*'s events in *scope*; once those can matter, for the volume."""
    events = answer(Query(rule.indicator.events, scope), plan.isps, answers)
    volume = Query(rule.indicator.volume, scope)
    if events is None:
        yield from unanswered([Query(rule.indicator.events, scope)], plan, answers, then=[volume])
    elif isinstance(events, Series):
        total = events.total(rule.lookback, plan.last)
        if plan.minimum_counts[rule.name].are_reached_by_events(total):
            yield from unanswered([volume], plan, answers)


def unanswered(
    queries: Iterable[Query], plan: ReadPlan, answers: Answers, then: Iterable[Query] = ()
) -> Iterator[QueryBatch]:
    """Yield one batch of those *queries* that have no answer yet, and may require *then*."""

    def missing(wanted: Iterable[Query]) -> tuple[Query, ...]:
        needed = (each for query in wanted for each in base_queries(query, plan.isps))
        return tuple(each for each in dict.fromkeys(needed) if each not in answers)

    if now := missing(queries):
        yield QueryBatch(now, len(missing(then)))


def unattributed_emails(plan: ReadPlan, answers: Answers) -> int:
    """Return how many emails the account sent lately that no identity sent, as far as is known.

    0 if an identity is unreadable or too small to be monitored: then nobody can tell. An address is
    not counted beside its domain. 0, too, until all identities that are due have been counted.
    """
    account = answers.get(ACCOUNT_SENT)
    if not plan.identity_rules or plan.leaves_out_identities or not isinstance(account, Series):
        return 0
    attributed = 0
    for scope in plan.all_scopes:
        if scope.kind != (Dimension.IDENTITY,) or plan.rule_scopes.is_within_a_domain(scope):
            continue
        sent = answers.get(Query(Metric.SEND, scope))
        if isinstance(sent, Series):
            attributed += sent.total(UNATTRIBUTED_WINDOW, plan.last)
        elif scope not in plan.selection.deferred:
            return 0
    return max(0, account.total(UNATTRIBUTED_WINDOW, plan.last) - attributed)


def min_unattributed(plan: ReadPlan) -> int:
    """Return how many more unattributed emails mean that a new sender has started."""
    fewest = min((rule.min_volume for rule in plan.identity_rules), default=0)
    return max(MIN_UNATTRIBUTED, fewest)
