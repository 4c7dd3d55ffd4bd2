"""The main contributor to a breach: the sender or the provider with most of its events."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.evaluation.verdicts import Evidence
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope, Series
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.planning.drilldown import provider_parts, providers_by_events
from vdm_alerts.core.planning.queries import Answers, Query, find_answer
from vdm_alerts.core.planning.query_batches import QueryBatch, unanswered_batch
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.rules.rule import Rule

CANDIDATES_PER_BATCH = 3
"""Candidates that are queried together.

More would need fewer rounds of queries, but more queries whose answers turn out not to matter.
"""
MOST_OF_DOMAIN = 0.8
"""From this share of its domain's events on, an address is named in place of its domain."""

MIN_REST = 0.1
"""The smallest share of a scope's emails whose rate says whether the rest is in range."""


@dataclass(frozen=True, slots=True)
class Contributor:
    """The sender, usually at one provider, or the provider with most events of a breach."""

    scope: Scope
    share: float
    """Its fraction of the events of the breach."""
    evidence: Evidence
    """Its own rate, in the window of the breach."""
    is_only_cause: bool = False
    """Whether the breached scope without it has emails, and is below the first threshold."""


@dataclass(frozen=True)
class Investigation:
    """The search for the main contributor to a breach of a rule in a scope."""

    rule: Rule
    scope: Scope
    evidence: Evidence
    """The evidence of the breach."""
    plan: ReadPlan
    answers: Answers
    suspects: Collection[str] | None = None
    """The only providers to investigate; None if every provider may have a part in the breach."""

    @property
    def is_new(self) -> bool:
        """Whether the alert of the breach does not belong to an incident yet."""
        alert = self.plan.alerts.get(AlertKey.for_rule(self.rule, self.scope))
        return alert is None or alert.incident is None

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
                share = min(1.0, events / all_events)
                return Contributor(scope, share, evidence, self._is_only_cause(evidence.rate))
        return None

    def batches(self) -> Iterator[QueryBatch]:
        """Yield the next queries of the search; nothing when its result is known."""
        address = None if self.scope == ACCOUNT else self._leading_identity
        if address and (volume := self._volume_query(address.scope)) not in self.answers:
            yield from unanswered_batch([volume], self.plan, self.answers)
            return
        if address and self.contributor:
            return
        if queries := self._queries_of_largest_read_before():
            yield from unanswered_batch(queries, self.plan, self.answers)
            return
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

        An address precedes other parts of its domain. A sender at a provider precedes an identity
        as a whole, which precedes a provider.
        """
        if self.scope == ACCOUNT:
            leaders = [self._leading_candidate, self._leading_identity, self._leading_provider]
        else:
            leaders = [self._leading_identity, self._leading_candidate]
        return [leader for leader in leaders if leader]

    @cached_property
    def _leading_candidate(self) -> "_Leader | None":
        """The candidate with most events; None if it has less than half."""
        return self._leader(self._events_by_candidate)

    @cached_property
    def _leading_identity(self) -> "_Leader | None":
        """The identity with most events; None if it has less than half.

        Only a breach of the account or of a domain can have an identity as its main contributor.
        """
        return self._leader({} if self.scope.isp else self._events_by_identity)

    @cached_property
    def _leading_provider(self) -> "_Leader | None":
        """The provider with most events of the account; None if it has less than half."""
        isps = self.plan.isps if self.scope == ACCOUNT else ()
        return self._leader(self._events_of([ACCOUNT.at_provider(isp) for isp in isps]))

    def _leader(self, events_by_scope: Mapping[Scope, int]) -> "_Leader | None":
        def order(scope: Scope) -> tuple[int, str]:
            return events_by_scope[scope], str(scope)

        whole = max(events_by_scope, key=order, default=None)
        if whole is None:
            return None
        # An address that has almost all events of its domain says more than the domain.
        fewest = MOST_OF_DOMAIN * events_by_scope[whole]
        addresses = [
            scope
            for scope, events in events_by_scope.items()
            if scope.domain == whole and events >= fewest
        ]
        scope = max(addresses, key=order, default=whole)
        if events_by_scope[scope] < self._half_of_events:
            return None
        return _Leader(scope, events_by_scope[scope])

    @cached_property
    def _candidates(self) -> Sequence[Scope]:
        """The senders at providers to investigate, the likeliest first."""
        isps = [
            isp
            for isp in providers_by_events(self.rule, self.plan, self.answers)
            if self.suspects is None or isp in self.suspects
        ]
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
        """The events of each identity that is a part of the scope, in the window of the breach.

        These are the addresses of a domain. All identities are a part of the account, or may be one
        of a provider.
        """
        if self.scope.at_all_providers == ACCOUNT:
            parts = [scope for scope in self.plan.all_scopes if scope.kind == (Dimension.IDENTITY,)]
        else:
            parts = list(self.plan.rule_scopes.addresses_of(self.scope))
        return self._events_of(parts)

    def _queries_of_largest_read_before(self) -> Sequence[Query]:
        """Return the open queries for the events of identities that the sweep has read before.

        A sweep of several invocations reads an identity once, and the account in each of them. Only
        a large identity can have half of the events of the account, or of a provider.
        """
        if self.scope.at_all_providers != ACCOUNT:
            return []
        queries = (
            self._events_query(scope)
            for scope in self.plan.largest_read_before
            if self.plan.roster.record(scope).volume >= self._half_of_events
        )
        return [query for query in queries if query not in self.answers]

    def _events_of(self, parts: Sequence[Scope]) -> Mapping[Scope, int]:
        """Return the events of *parts* in the window of the breach, as far as they are known."""
        return {
            scope: events.total(self.evidence.window, self._last_day)
            for scope in parts
            if isinstance(events := self.answers.get(self._events_query(scope)), Series)
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

    def _is_only_cause(self, part: Rate) -> bool:
        """Return whether the rest of the scope, without *part*, is below the first threshold.

        A small rest proves nothing: a sender whose emails all go to one provider may be bad itself.
        """
        events = self.evidence.rate.events - part.events
        emails = self.evidence.rate.volume - part.volume
        limit = self.rule.for_scope(self.scope).first_threshold.share
        return emails >= MIN_REST * self.evidence.rate.volume and events < limit * emails

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
        as_of = self.plan.data_as_of(self.answers)
        return self.evidence.last_day or as_of.last_day

    @property
    def _half_of_events(self) -> float:
        return self.evidence.rate.events / 2

    def _events_query(self, scope: Scope) -> Query:
        return Query(self.rule.indicator.events, scope)

    def _volume_query(self, scope: Scope) -> Query:
        return Query(self.rule.indicator.volume, scope)


class _Leader(NamedTuple):
    """The scope with most of the events of a breach."""

    scope: Scope
    events: int
