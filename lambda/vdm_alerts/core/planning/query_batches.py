"""The next queries about the account and each scope.

The first query about a sender or provider is for its emails. If these can matter to a rule, the
events follow. If the events can matter too, the volume that they are divided by follows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.planning.queries import (
    ACCOUNT_SENT_QUERY,
    Answers,
    Query,
    base_queries,
    find_answer,
)
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.rules.rule import Rule

UNATTRIBUTED_WINDOW = Window(2)
"""The days in which the account's emails are compared with those of its identities."""
MIN_UNATTRIBUTED = 10
"""The fewest unattributed emails that matter.

Counts grow between the query for the account and the queries for its identities.
"""


@dataclass(frozen=True, slots=True)
class QueryBatch:
    """Queries to make together."""

    queries: tuple[Query, ...]
    reserve: int = 0
    """The largest number of further queries that the answers may require."""


def always_read_batches(plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield the open queries about the account and scopes with an open alert."""
    yield from unanswered_batch([ACCOUNT_SENT_QUERY], plan, answers)
    for scope in plan.selection.always_read:
        yield from all_metrics_batch(scope, plan, answers)


def follow_up_batches(plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield the further queries about scopes whose sent emails are known."""
    for scope in plan.all_scopes:
        sent = find_answer(Query(Metric.SEND, scope), plan.isps, answers)
        if not isinstance(sent, Series) or scope in plan.selection.always_read:
            continue
        for rule in plan.rule_scopes.rules_for(scope):
            minimum = plan.minimum_counts[rule.name]
            is_in_top = plan.rule_scopes.is_in_top(rule, scope)
            if (
                is_in_top
                and minimum.are_reached_by_emails(sent, plan.last_day)
                and _may_have_enough_events(rule, scope, plan, answers)
            ):
                yield from events_then_volume(rule, scope, plan, answers)


def _may_have_enough_events(rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers) -> bool:
    """Return whether the events of *scope* may be enough to breach *rule*.

    A provider has no more events than the account, whose events every reading queries.
    """
    events = answers.get(Query(rule.indicator.events, ACCOUNT))
    if not scope.isp or not isinstance(events, Series):
        return True
    total = events.total(rule.lookback, plan.last_day)
    return plan.minimum_counts[rule.name].are_reached_by_events(total)


def first_batches(plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield the first query about every other scope that is due: for its emails.

    Deferred scopes are queried too if the account has many more unattributed emails than in the
    reading before, except those that this sweep has read.
    """
    increase = unattributed_emails(plan, answers) - plan.roster.unattributed
    deferred: Iterable[Scope] = ()
    if increase >= min_unattributed(plan):
        read_before = {*plan.read_before}
        deferred = [scope for scope in plan.selection.deferred if scope not in read_before]
    for scope in (*plan.selection.due, *deferred):
        for batch in unanswered_batch([Query(Metric.SEND, scope)], plan, answers):
            yield replace(batch, reserve=_max_follow_ups(scope, plan))


def all_metrics_batch(scope: Scope, plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield a batch of the open queries for every metric of *scope*.

    Only metrics that a rule needs are queried.
    """
    metrics = [
        metric
        for rule in plan.rule_scopes.rules_for(scope)
        for metric in (rule.indicator.volume, rule.indicator.events)
    ]
    yield from unanswered_batch([Query(metric, scope) for metric in metrics], plan, answers)


def events_then_volume(
    rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers
) -> Iterator[QueryBatch]:
    """Yield the next query that *rule* needs of *scope*.

    The query for the events comes first. If their number can breach the rule, the query for the
    volume follows.
    """
    events_query = Query(rule.indicator.events, scope)
    volume_query = Query(rule.indicator.volume, scope)
    events = find_answer(events_query, plan.isps, answers)
    if events is None:
        yield from unanswered_batch([events_query], plan, answers, follow_ups=[volume_query])
    elif isinstance(events, Series):
        total = events.total(rule.lookback, plan.last_day)
        if plan.minimum_counts[rule.name].are_reached_by_events(total):
            yield from unanswered_batch([volume_query], plan, answers)


def unanswered_batch(
    queries: Iterable[Query], plan: ReadPlan, answers: Answers, follow_ups: Iterable[Query] = ()
) -> Iterator[QueryBatch]:
    """Yield one batch of the *queries* without an answer, if there are any.

    *follow_ups* are queries that the answers may require.
    """

    def without_answer(wanted: Iterable[Query]) -> tuple[Query, ...]:
        needed = (base for query in wanted for base in base_queries(query, plan.isps))
        return tuple(query for query in dict.fromkeys(needed) if query not in answers)

    if open_queries := without_answer(queries):
        yield QueryBatch(open_queries, len(without_answer(follow_ups)))


def unattributed_emails(plan: ReadPlan, answers: Answers) -> int:
    """Return how many recent emails of the account no known identity sent.

    The result is 0 if the number is unknown: no rule monitors identities, an identity is left out
    or unreadable, or an identity that is due was not read yet. An address whose domain is an
    identity is skipped, because the domain's counts include it.
    """
    account = answers.get(ACCOUNT_SENT_QUERY)
    if not plan.identity_rules or plan.leaves_out_identities or not isinstance(account, Series):
        return 0
    attributed = 0
    for scope in plan.all_scopes:
        if scope.kind != (Dimension.IDENTITY,) or plan.rule_scopes.is_within_a_domain(scope):
            continue
        sent = answers.get(Query(Metric.SEND, scope))
        if isinstance(sent, Series):
            attributed += sent.total(UNATTRIBUTED_WINDOW, plan.last_day)
        elif scope not in plan.selection.deferred:
            return 0
    return max(0, account.total(UNATTRIBUTED_WINDOW, plan.last_day) - attributed)


def min_unattributed(plan: ReadPlan) -> int:
    """Return the increase of unattributed emails that means a new sender."""
    min_volume = min((rule.min_volume for rule in plan.identity_rules), default=0)
    return max(MIN_UNATTRIBUTED, min_volume)


def _max_follow_ups(scope: Scope, plan: ReadPlan) -> int:
    """Return how many queries the emails sent by *scope* may require."""
    rules = plan.rule_scopes.rules_for(scope)
    metrics = {
        metric for rule in rules for metric in (rule.indicator.events, rule.indicator.volume)
    }
    drilldowns = [
        rule
        for rule in plan.rule_scopes.rules_applying_to_parts(scope)
        if plan.needs_drilldown(rule, scope)
    ]
    # A drill-down needs events and volume, at each provider and of the whole.
    queries_per_drilldown = 2 * (len(plan.isps) + 1)
    queries_per_metric = len(base_queries(Query(Metric.SEND, scope), plan.isps))
    return (
        len(metrics - {Metric.SEND}) * queries_per_metric + len(drilldowns) * queries_per_drilldown
    )
