"""Drill-down: reading a sender's emails at each mailbox provider separately."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Answers, Query, answer, as_of
from vdm_alerts.core.planning.query_batches import QueryBatch, events_then_volume
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.rules.rule import Rule

NEAR_THRESHOLD = 0.5
"""From this share of the first threshold on, a sender is drilled down at every run.

Below it, once a day: a problem at one provider can hide in its emails.
"""
PROVIDERS_PER_BATCH = 2
"""Providers queried together. More would bring answers sooner, and more of them for nothing."""


@dataclass(frozen=True, slots=True)
class DrilldownCandidate:
    """A sender whose parts at providers may breach *rule*."""

    turn: tuple[bool, float, str]
    """The sort key: the lowest is drilled down first."""
    rule: Rule
    scope: Scope
    events: int
    """Events of the whole sender within the rule's reach."""
    parts: Sequence[Scope]


def drilldown_batches(plan: ReadPlan, answers: Answers) -> Iterator[QueryBatch]:
    """Yield the next queries about parts of senders, after the answers in *answers*.

    Senders near a threshold come first, the worst of them before the rest; then healthy senders
    that may hide a problem at a provider, the longest wait first.
    """
    for candidate in sorted(_candidates(plan, answers), key=lambda each: each.turn):
        yield from _next_batches(candidate, plan, answers)


def fully_drilled_down(plan: ReadPlan, answers: Answers) -> Mapping[Scope, Collection[str]]:
    """Return the senders whose parts are known as far as they matter, with the rules' names."""
    done: defaultdict[Scope, set[str]] = defaultdict(set)
    for candidate in _candidates(plan, answers):
        metric = candidate.rule.indicator.events
        has_gap = any(isinstance(answers.get(Query(metric, each)), Gap) for each in candidate.parts)
        if not has_gap and not any(_next_batches(candidate, plan, answers)):
            done[candidate.scope].add(candidate.rule.name)
    return done


def providers_by_events(rule: Rule, plan: ReadPlan, answers: Answers) -> Sequence[str]:
    """Return every provider, the one with most of the account's events for *rule* first."""

    def total(isp: str) -> int:
        events = answers.get(Query(rule.indicator.events, ACCOUNT.at(isp)))
        return events.total(rule.longest_window, plan.last) if isinstance(events, Series) else 0

    return [*sorted(plan.isps, key=total, reverse=True), OTHER_ISPS]


def parts_of(rule: Rule, scope: Scope, isps: Sequence[str]) -> Sequence[Scope]:
    """Return *scope* at each of *isps* where SES can know *rule*'s rate."""
    return [part for isp in isps if not rule.indicator.permanent_gap(part := scope.at(isp))]


def _next_batches(
    candidate: DrilldownCandidate, plan: ReadPlan, answers: Answers
) -> Iterator[QueryBatch]:
    """Yield the next queries about the parts of one sender, a few providers at a time.

    Once the events that are left are too few to breach the rule, so are those of every part that is
    left, and no further query is made.
    """
    rule, left, unanswered = candidate.rule, candidate.events, 0
    minimum = plan.minimum_counts[rule.name]
    for part in candidate.parts:
        if unanswered == PROVIDERS_PER_BATCH or not minimum.are_reached_by_events(left):
            return
        yield from events_then_volume(rule, part, plan, answers)
        events = answers.get(Query(rule.indicator.events, part))
        if events is None:
            unanswered += 1
        elif isinstance(events, Series):
            left -= events.total(rule.lookback, plan.last)


def _candidates(plan: ReadPlan, answers: Answers) -> Iterator[DrilldownCandidate]:
    """Yield the senders that may hide a breach at a provider and whose turn has come."""
    for rule in plan.rules:
        isps = providers_by_events(rule, plan, answers)
        for scope in plan.all_scopes:
            if plan.rule_scopes.applies_to_parts(rule, scope):
                yield from _candidate(rule, scope, isps, plan, answers)


def _candidate(
    rule: Rule, scope: Scope, isps: Sequence[str], plan: ReadPlan, answers: Answers
) -> Iterator[DrilldownCandidate]:
    events = answers.get(Query(rule.indicator.events, scope))
    if not isinstance(events, Series):
        return
    total = events.total(rule.lookback, plan.last)
    if not plan.minimum_counts[rule.name].are_reached_by_events(total):
        return
    parts = [each for each in parts_of(rule, scope, isps) if rule.covers(each)]
    badness = _badness(rule, scope, plan, answers)
    if badness >= NEAR_THRESHOLD or not plan.open_scopes.isdisjoint(parts):
        yield DrilldownCandidate((False, -badness, str(scope)), rule, scope, total, parts)
    elif plan.needs_drilldown(rule, scope):
        drilled = plan.roster.record(scope).drilled_down_at.get(rule.name)
        waiting_since = drilled.timestamp() if drilled else 0
        yield DrilldownCandidate((True, waiting_since, str(scope)), rule, scope, total, parts)


def _badness(rule: Rule, scope: Scope, plan: ReadPlan, answers: Answers) -> float:
    """Return how near *scope* is to breaching *rule*; 0 if that is unknown."""
    events = answer(Query(rule.indicator.events, scope), plan.isps, answers)
    volume = answer(Query(rule.indicator.volume, scope), plan.isps, answers)
    if not (isinstance(events, Series) and isinstance(volume, Series)):
        return 0.0
    return rule.for_scope(scope).worst_badness(
        events, volume, as_of(plan.now, plan.last, answers).last
    )
