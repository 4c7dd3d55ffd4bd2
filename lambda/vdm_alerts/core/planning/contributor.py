"""The main contributor to a breach: the sender with most of its events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from heapq import nlargest
from itertools import islice
from typing import NamedTuple

from vdm_alerts.core.evaluation.verdicts import Breached, Evidence
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope, Series
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.planning.drilldown import provider_parts, providers_by_events
from vdm_alerts.core.planning.queries import Answers, Query, data_as_of, find_answer
from vdm_alerts.core.planning.query_batches import QueryBatch, unanswered_batch
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.scope_verdict import EarlyVerdicts
from vdm_alerts.core.rules.rule import Rule

MAX_INVESTIGATIONS = 20
"""Breached scopes of one rule that are investigated for a main contributor in one run."""
CANDIDATES_PER_BATCH = 3
"""Candidates that are queried together.

More would need fewer rounds of queries, but more queries whose answers turn out not to matter.
"""


@dataclass(frozen=True, slots=True)
class Contributor:
    """The sender, usually at one provider, with most events of a breach."""

    scope: Scope
    share: float
    """Its fraction of the events of the breach."""
    evidence: Evidence
    """Its own rate, in the window of the breach."""


@dataclass(frozen=True)
class Investigation:
    """The search for the main contributor to a breach of a rule in a scope."""

    rule: Rule
    scope: Scope
    evidence: Evidence
    """The evidence of the breach."""
    plan: ReadPlan
    answers: Answers

    @property
    def contributor(self) -> Contributor | None:
        """The main contributor; None if there is none, or it is not known.

        A contributor has at least half of the events, and a higher rate than the breached scope.
        Without the second condition, the sender of most emails would be named for its volume alone.
        A breach by a rate that is too low has no main contributor.
        """
        if self.rule.indicator.low_is_bad:
            return None
        all_events = self.evidence.rate.events
        for scope, events in self._leaders:
            volume = find_answer(self._volume_query(scope), self.plan.isps, self.answers)
            if not isinstance(volume, Series):
                return None
            emails = volume.total(self.evidence.window, self._last_day)
            if emails and self._explains_breach(events, emails):
                evidence = replace(self.evidence, rate=Rate(events, emails), confidence=None)
                return Contributor(scope, min(1.0, events / all_events), evidence)
        return None

    def batches(self) -> Iterator[QueryBatch]:
        """Yield the next queries of the search; nothing when its result is known."""
        attributed = sum(
            events
            for scope, events in self._events_by_candidate.items()
            # The events of a domain include those of its addresses.
            if not self.plan.rule_scopes.is_within_a_domain(scope)
        )
        remaining = self.evidence.rate.events - attributed
        most_events = max(self._events_by_candidate.values(), default=0)
        can_be_overtaken = remaining > most_events and remaining >= self._half_of_events
        unqueried = (scope for scope in self._candidates if scope not in self._events_by_candidate)
        next_candidates = list(islice(unqueried, CANDIDATES_PER_BATCH))
        if can_be_overtaken and next_candidates:
            queries = [self._events_query(scope) for scope in next_candidates]
        else:
            queries = [self._volume_query(leader.scope) for leader in self._leaders]
        yield from unanswered_batch(queries, self.plan, self.answers)

    @property
    def _leaders(self) -> Sequence["_Leader"]:
        """The possible main contributors, in order of preference.

        A sender at a provider precedes an identity as a whole.
        """
        return [leader for leader in (self._leading_candidate, self._leading_identity) if leader]

    @cached_property
    def _leading_candidate(self) -> "_Leader | None":
        """The candidate with most events; None if it has less than half."""
        return self._leader(self._events_by_candidate)

    @cached_property
    def _leading_identity(self) -> "_Leader | None":
        """The identity with most events; None if it has less than half.

        Only a breach of the whole account can have an identity as its main contributor.
        """
        return self._leader(self._events_by_identity if self.scope == ACCOUNT else {})

    def _leader(self, events_by_scope: Mapping[Scope, int]) -> "_Leader | None":
        # If events are equal, an address is preferred: it says more than its domain.
        scope = max(
            events_by_scope,
            key=lambda scope: (events_by_scope[scope], scope.domain is not None, str(scope)),
            default=None,
        )
        if scope is None or events_by_scope[scope] < self._half_of_events:
            return None
        return _Leader(scope, events_by_scope[scope])

    @cached_property
    def _candidates(self) -> Sequence[Scope]:
        """The senders at providers to investigate, the likeliest first."""
        isps = providers_by_events(self.rule, self.plan, self.answers)
        if self.scope.is_sender_at_provider:
            return []  # The scope is a sender at a provider itself.
        if self.scope.at_all_providers != ACCOUNT:
            return provider_parts(self.rule, self.scope, isps)
        identities = [
            scope
            for scope, events in self._events_by_identity.items()
            if events >= self._half_of_events
        ]
        if self.scope.isp:
            return [identity.at_provider(self.scope.isp) for identity in identities]
        return [
            part for identity in identities for part in provider_parts(self.rule, identity, isps)
        ]

    @cached_property
    def _events_by_identity(self) -> Mapping[Scope, int]:
        """The events of each identity in the window of the breach."""
        return {
            scope: events.total(self.evidence.window, self._last_day)
            for scope in self.plan.all_scopes
            if scope.kind == (Dimension.IDENTITY,)
            and isinstance(events := self.answers.get(self._events_query(scope)), Series)
        }

    @cached_property
    def _events_by_candidate(self) -> Mapping[Scope, int]:
        """The events of each queried candidate; 0 if the answer is a gap."""
        counts: dict[Scope, int] = {}
        for scope in self._candidates:
            events = find_answer(self._events_query(scope), self.plan.isps, self.answers)
            if isinstance(events, Series):
                counts[scope] = events.total(self.evidence.window, self._last_day)
            elif events is not None:
                counts[scope] = 0
        return counts

    def _explains_breach(self, events: int, emails: int) -> bool:
        """Return whether a candidate has a higher rate, or all of the events."""
        all_events = self.evidence.rate.events
        is_higher_rate = events * self._all_emails > all_events * emails
        return is_higher_rate or events >= all_events

    @cached_property
    def _all_emails(self) -> int:
        """The volume of the breached scope; 0 if it is unreadable."""
        volume = find_answer(self._volume_query(self.scope), self.plan.isps, self.answers)
        if not isinstance(volume, Series):
            return 0
        return volume.total(self.evidence.window, self._last_day)

    @cached_property
    def _last_day(self) -> date:
        """The last day of the window of the breach."""
        as_of = data_as_of(self.plan.now, self.plan.last_day, self.answers)
        return self.evidence.last_day or as_of.last_day

    @property
    def _half_of_events(self) -> float:
        return self.evidence.rate.events / 2

    def _events_query(self, scope: Scope) -> Query:
        return Query(self.rule.indicator.events, scope)

    def _volume_query(self, scope: Scope) -> Query:
        return Query(self.rule.indicator.volume, scope)


def investigations(
    plan: ReadPlan, answers: Answers, verdicts: EarlyVerdicts
) -> Iterator[Investigation]:
    """Yield an investigation for each known breach.

    The highest rates of each rule come first. At most MAX_INVESTIGATIONS are yielded for a rule.
    """
    for rule in plan.rules:
        if rule.indicator.low_is_bad:
            continue
        breaches = [
            Investigation(rule, scope, verdict.evidence, plan, answers)
            for scope in plan.all_scopes
            if plan.rule_scopes.applies(rule, scope)
            and isinstance(verdict := verdicts.verdict(rule, scope, answers), Breached)
        ]
        yield from nlargest(
            MAX_INVESTIGATIONS, breaches, key=lambda breach: breach.evidence.rate.value
        )


class _Leader(NamedTuple):
    """The scope with most of the events of a breach."""

    scope: Scope
    events: int
