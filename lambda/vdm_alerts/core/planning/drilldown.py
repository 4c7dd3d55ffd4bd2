"""Drill-down: reading a sender's counts at each mailbox provider."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Answers, Query, find_answer
from vdm_alerts.core.planning.query_batches import QueryBatch, events_then_volume
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.rules.rule import Rule

NEAR_THRESHOLD = 0.5
"""From this fraction of the first threshold on, a sender is drilled down in every run.

Below it, a sender is drilled down once a day: a healthy rate can hide a problem at one provider.
"""
PROVIDERS_PER_BATCH = 2
"""Providers that are queried together.

More would need fewer rounds of queries, but more queries whose answers turn out not to matter.
"""


@dataclass(frozen=True, slots=True)
class DrilldownCandidate:
    """A sender that may hide a breach of a rule at a provider."""

    sort_key: tuple[bool, float, str]
    """The candidate with the lowest key is drilled down first."""
    rule: Rule
    scope: Scope
    """The sender, at all providers."""
    events: int
    """Events of the sender within the rule's lookback."""
    parts: Sequence[Scope]
    """The sender at each provider that the rule covers."""


def drilldown_batches(plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield the next queries about senders at single providers.

    Senders near a threshold come first, the worst rate before the others. Healthy senders that may
    hide a problem at a provider follow, the longest wait first.
    """
    for candidate in sorted(_candidates(plan, answers), key=lambda candidate: candidate.sort_key):
        yield from _next_batches(candidate, plan, answers)


def fully_drilled_down(plan: ReadPlan, answers: Answers) -> Mapping[Scope, Collection[str]]:
    """Return the senders whose drill-down is complete, with the rule names.

    A drill-down is complete if it needs no further query, and no queried provider is unreadable.
    """
    rules_by_sender: defaultdict[Scope, set[str]] = defaultdict(set)
    for candidate in _candidates(plan, answers):
        metric = candidate.rule.indicator.events
        has_gap = any(isinstance(answers.get(Query(metric, part)), Gap) for part in candidate.parts)
        if not has_gap and not any(_next_batches(candidate, plan, answers)):
            rules_by_sender[candidate.scope].add(candidate.rule.name)
    return rules_by_sender


def providers_by_events(rule: Rule, plan: ReadPlan, answers: Answers) -> Sequence[str]:
    """Return every provider, the one with most events first.

    The events are those of *rule* in the account. "Other providers" are last.
    """

    def account_events(isp: str) -> int:
        events = answers.get(Query(rule.indicator.events, ACCOUNT.at_provider(isp)))
        return events.total(rule.longest_window, plan.last_day) if isinstance(events, Series) else 0

    return [*sorted(plan.isps, key=account_events, reverse=True), OTHER_ISPS]


def provider_parts(rule: Rule, scope: Scope, isps: Sequence[str]) -> Sequence[Scope]:
    """Return *scope* at each of *isps* for which SES can know *rule*'s rate."""
    return [
        part for isp in isps if not rule.indicator.permanent_gap(part := scope.at_provider(isp))
    ]


def _candidates(plan: ReadPlan, answers: Answers) -> Iterator[DrilldownCandidate]:
    """Yield the senders to drill down now, for each rule.

    The account is none of them: its providers are scopes that every reading queries.
    """
    for rule in plan.rules:
        isps = providers_by_events(rule, plan, answers)
        for scope in plan.senders_by_rule.get(rule.name, ()):
            if scope == ACCOUNT:
                continue
            candidate = _candidate(rule, scope, isps, plan, answers)
            if candidate:
                yield candidate


def _candidate(
    rule: Rule, scope: Scope, isps: Sequence[str], plan: ReadPlan, answers: Answers
) -> DrilldownCandidate | None:
    """Return *scope* as a candidate; None if it needs no drill-down now.

    That is so if it has too few events, or if it is healthy and was drilled down recently.
    """
    events = answers.get(Query(rule.indicator.events, scope))
    if not isinstance(events, Series):
        return None
    total = events.total(rule.lookback, plan.last_day)
    if not plan.minimum_counts[rule.name].are_reached_by_events(total):
        return None
    parts = [part for part in provider_parts(rule, scope, isps) if rule.covers(part)]
    badness = _badness(rule, scope, plan, answers)
    has_open_alert = not plan.open_scopes.isdisjoint(parts)
    if badness >= NEAR_THRESHOLD or has_open_alert:
        return DrilldownCandidate((False, -badness, str(scope)), rule, scope, total, parts)
    if plan.needs_drilldown(rule, scope):
        drilled_down_at = plan.roster.record(scope).drilled_down_at.get(rule.name)
        waiting_since = drilled_down_at.timestamp() if drilled_down_at else 0
        return DrilldownCandidate((True, waiting_since, str(scope)), rule, scope, total, parts)
    return None


def _badness(rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers) -> float:
    """Return how bad the worst rate of *scope* is; 1 is the first threshold.

    The result is 0 if the rate is unknown.
    """
    events = find_answer(Query(rule.indicator.events, scope), plan.isps, answers)
    volume = find_answer(Query(rule.indicator.volume, scope), plan.isps, answers)
    if not (isinstance(events, Series) and isinstance(volume, Series)):
        return 0.0
    last = plan.data_as_of(answers).last_day
    return rule.for_scope(scope).worst_badness(events, volume, last)


def _next_batches(
    candidate: DrilldownCandidate, plan: ReadPlan, answers: Answers
) -> Iterator[QueryBatch]:
    """Yield the next queries about one sender, a few providers at a time.

    The drill-down stops when the events at the remaining providers are too few to breach the rule.
    """
    rule = candidate.rule
    minimum = plan.minimum_counts[rule.name]
    remaining_events = candidate.events
    unanswered = 0
    for part in candidate.parts:
        is_batch_full = unanswered == PROVIDERS_PER_BATCH
        if is_batch_full or not minimum.are_reached_by_events(remaining_events):
            return
        yield from events_then_volume(rule, part, plan, answers)
        events = answers.get(Query(rule.indicator.events, part))
        if events is None:
            unanswered += 1
        elif isinstance(events, Series):
            remaining_events -= events.total(rule.lookback, plan.last_day)
