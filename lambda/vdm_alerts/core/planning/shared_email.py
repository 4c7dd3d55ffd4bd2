"""Which breached senders send the same email: an identity, its configuration set, its tenant.

VDM counts the email of two senders together, such as an identity with a configuration set. If that
count has most of the events of each, the two breaches are one problem.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest
from itertools import takewhile

from vdm_alerts.core.model.metrics import Dimension, Scope, Series
from vdm_alerts.core.planning.contributor import Investigation
from vdm_alerts.core.planning.investigations import breached_providers
from vdm_alerts.core.planning.queries import Answers, Query
from vdm_alerts.core.planning.query_batches import QueryBatch, unanswered_batch
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.rules.rule import Rule

MAX_SENDERS = 50
"""Configuration sets and tenants of one rule whose identity is searched for in one run."""
MAX_CANDIDATES = 3
"""Senders of another kind that each sender is compared with."""
MIN_SHARE = 0.5
"""Two senders send the same email if they have this share of each other's events in common."""

_KINDS = ((Dimension.IDENTITY,), (Dimension.CONFIGURATION_SET,), (Dimension.TENANT,))
"""The kinds of senders. Each one is compared with the kinds before it."""


@dataclass(frozen=True)
class SharedEmailSearch:
    """The search for breached senders of one rule that send the same email."""

    rule: Rule
    events_by_sender: Mapping[Scope, int]
    """The events of each breached sender, within the rule's longest window."""
    new_senders: frozenset[Scope]
    """The breached senders that do not belong to an incident yet."""
    plan: ReadPlan
    answers: Answers

    def batches(self) -> Iterator[QueryBatch]:
        """Yield the next queries of the search; nothing when its result is known."""
        queries = [
            self._query(sender, candidate)
            for sender, candidates in self._comparisons
            if (candidate := self._next_candidate(sender, candidates))
        ]
        yield from unanswered_batch(queries, self.plan, self.answers)

    @property
    def pairs(self) -> Sequence[tuple[Scope, Scope]]:
        """The pairs of breached senders that are known to send the same email."""
        return [
            (sender, candidate)
            for sender, candidates in self._comparisons
            for candidate in candidates
            if self._is_shared(sender, candidate)
        ]

    @cached_property
    def _comparisons(self) -> Sequence[tuple[Scope, Sequence[Scope]]]:
        """Each sender, with the likeliest candidates of one other kind."""
        senders_by_kind: defaultdict[tuple[Dimension, ...], list[Scope]] = defaultdict(list)
        for sender in self.events_by_sender:
            senders_by_kind[sender.kind].append(sender)
        senders = [sender for kind in _KINDS[1:] for sender in senders_by_kind[kind]]
        largest = nlargest(MAX_SENDERS, senders, key=lambda sender: self.events_by_sender[sender])
        return [
            (sender, self._candidates(sender, senders_by_kind[kind]))
            for sender in largest
            for kind in _KINDS[: _KINDS.index(sender.kind)]
        ]

    def _candidates(self, sender: Scope, others: Sequence[Scope]) -> Sequence[Scope]:
        """Return the likeliest of *others*: almost as many events first, then a similar name."""
        events, name = self.events_by_sender[sender], str(sender)

        def order(other: Scope) -> tuple[int, int, str]:
            difference = abs(self.events_by_sender[other] - events)
            return difference, -_common_length(name, str(other)), str(other)

        possible = [
            other
            for other in others
            if self._is_most_of_both(min(events, self.events_by_sender[other]), sender, other)
            and not self.new_senders.isdisjoint((sender, other))
        ]
        return sorted(possible, key=order)[:MAX_CANDIDATES]

    def _next_candidate(self, sender: Scope, candidates: Sequence[Scope]) -> Scope | None:
        """Return the next candidate to compare *sender* with; None if the result is known."""
        for candidate in candidates:
            if self._query(sender, candidate) not in self.answers:
                return candidate
            if self._is_shared(sender, candidate):
                return None
        return None

    def _is_shared(self, sender: Scope, other: Scope) -> bool:
        common = self.answers.get(self._query(sender, other))
        return isinstance(common, Series) and self._is_most_of_both(
            common.total(self.rule.longest_window, self.plan.last_day), sender, other
        )

    def _is_most_of_both(self, events: int, sender: Scope, other: Scope) -> bool:
        most = max(self.events_by_sender[sender], self.events_by_sender[other])
        return events >= MIN_SHARE * most

    def _query(self, sender: Scope, other: Scope) -> Query:
        """Return the query for the events of the email that both senders sent."""
        return Query(self.rule.indicator.events, sender.together_with(other))


def shared_email_search(breaches: Sequence[Investigation]) -> SharedEmailSearch | None:
    """Return the search among the *breaches* of one rule; None if there is no new breach.

    A breach whose main contributor is at a breached provider is left out: its cause is known.
    """
    isps = breached_providers(breaches)
    senders = [
        breach
        for breach in breaches
        if breach.scope.kind in _KINDS
        and not ((contributor := breach.contributor) and contributor.scope.isp in isps)
    ]
    new = frozenset(breach.scope for breach in senders if breach.is_new)
    if not new:
        return None
    rule, plan, answers = senders[0].rule, senders[0].plan, senders[0].answers
    events = {
        breach.scope: counts.total(rule.longest_window, plan.last_day)
        for breach in senders
        if isinstance(counts := answers.get(Query(rule.indicator.events, breach.scope)), Series)
    }
    return SharedEmailSearch(rule, events, new, plan, answers)


def _common_length(one: str, other: str) -> int:
    """Return with how many equal characters both names begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
