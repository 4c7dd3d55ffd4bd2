"""The main contributor to a breach: the sender, at one provider, with most of its events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from heapq import nlargest
from itertools import islice

from vdm_alerts.core.evaluation.verdicts import Breached, Evidence
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope, Series
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.planning.drilldown import parts_of, providers_by_events
from vdm_alerts.core.planning.queries import Answers, Query, answer, as_of
from vdm_alerts.core.planning.query_batches import QueryBatch, unanswered
from vdm_alerts.core.planning.read_plan import ReadPlan
from vdm_alerts.core.planning.verdicts import EarlyVerdicts
from vdm_alerts.core.rules.rule import Rule

MAX_INVESTIGATIONS = 20
"""Breached scopes of one rule that are investigated for a main contributor in one run."""
CANDIDATES_PER_BATCH = 3
"""Candidates queried together. More would bring answers sooner, and more of them for nothing."""


@dataclass(frozen=True, slots=True)
class Contributor:
    """The sender, at one provider, to which most of the events of a breach belong."""

    scope: Scope
    share: float
    """Its share of the events, a fraction."""
    evidence: Evidence
    """Its own rate, in the window of the breach."""


@dataclass(frozen=True)
class Investigation:
    """A breach of *rule* in *scope*, and how far its main contributor is known."""

    rule: Rule
    scope: Scope
    evidence: Evidence
    plan: ReadPlan
    answers: Answers

    @property
    def contributor(self) -> Contributor | None:
        """The main contributor; None if there is none, or it is not known.

        It has at least half of the events, and a rate above that of the whole: the largest part of
        the emails has the largest part of the bounces, which proves nothing. Rates that are bad
        where they are low have no main contributor.
        """
        if self.rule.indicator.low_is_bad:
            return None
        for candidate, events in (self._leading_part, self._leading_sender):
            if candidate is None:
                continue
            volume = answer(self._volume(candidate), self.plan.isps, self.answers)
            if not isinstance(volume, Series):
                return None
            window, all_events = self.evidence.window, self.evidence.rate.events
            emails, all_emails = volume.total(window, self._last), self._emails
            if emails and (events * all_emails > all_events * emails or events >= all_events):
                own = Evidence(Rate(events, emails), window)
                return Contributor(candidate, min(1.0, events / all_events), own)
        return None

    def batches(self) -> Iterator[QueryBatch]:
        """Yield what to query until the main contributor is known, or that there is none."""
        left = self.evidence.rate.events - sum(
            count
            for candidate, count in self._counts.items()
            # The events of an address are its domain's too.
            if not self.plan.rule_scopes.is_within_a_domain(candidate)
        )
        is_open = left > max(self._counts.values(), default=0) and left >= self._half
        not_queried = (each for each in self._candidates if each not in self._counts)
        chosen = islice(not_queried, CANDIDATES_PER_BATCH)
        if is_open and (queries := [self._events(each) for each in chosen]):
            yield from unanswered(queries, self.plan, self.answers)
        else:
            leading = [each for each, _ in (self._leading_part, self._leading_sender) if each]
            yield from unanswered(map(self._volume, leading), self.plan, self.answers)

    @cached_property
    def _emails(self) -> int:
        """Emails sent in the window of the evidence."""
        volume = answer(self._volume(self.scope), self.plan.isps, self.answers)
        return volume.total(self.evidence.window, self._last) if isinstance(volume, Series) else 0

    @cached_property
    def _last(self) -> date:
        """The last day of the evidence."""
        return as_of(self.plan.now, self.plan.last, self.answers).last

    def _events(self, scope: Scope) -> Query:
        return Query(self.rule.indicator.events, scope)

    def _volume(self, scope: Scope) -> Query:
        return Query(self.rule.indicator.volume, scope)

    @property
    def _half(self) -> float:
        return self.evidence.rate.events / 2

    @cached_property
    def _candidates(self) -> Sequence[Scope]:
        """The senders at providers that can be the main contributor, the likeliest first."""
        isps = providers_by_events(self.rule, self.plan, self.answers)
        if self.scope.whole != ACCOUNT:
            if self.scope.isp:
                return []  # The scope is such a part itself.
            return parts_of(self.rule, self.scope, isps)
        senders = [scope for scope, count in self._senders.items() if count >= self._half]
        if self.scope.isp:
            return [sender.at(self.scope.isp) for sender in senders]
        return [part for sender in senders for part in parts_of(self.rule, sender, isps)]

    @cached_property
    def _senders(self) -> Mapping[Scope, int]:
        """The events of each identity at all providers; only one with half of them can lead."""
        return {
            scope: events.total(self.evidence.window, self._last)
            for scope in self.plan.all_scopes
            if scope.kind == (Dimension.IDENTITY,)
            and isinstance(events := self.answers.get(self._events(scope)), Series)
        }

    @cached_property
    def _counts(self) -> Mapping[Scope, int]:
        """The events of each candidate that was queried; 0 if the answer was a gap."""
        results = {
            each: answer(self._events(each), self.plan.isps, self.answers)
            for each in self._candidates
        }
        return {
            each: events.total(self.evidence.window, self._last)
            if isinstance(events, Series)
            else 0
            for each, events in results.items()
            if events is not None
        }

    @cached_property
    def _leading_part(self) -> tuple[Scope | None, int]:
        """The candidate with most events; None if it has less than half of them."""
        return self._leading(self._counts)

    @cached_property
    def _leading_sender(self) -> tuple[Scope | None, int]:
        """The identity with most of the account's events at all providers; None likewise."""
        return self._leading(self._senders if self.scope == ACCOUNT else {})

    def _leading(self, counts: Mapping[Scope, int]) -> tuple[Scope | None, int]:
        # An address says more than the domain that it belongs to.
        first = max(
            counts,
            key=lambda each: (counts[each], each.domain is not None, str(each)),
            default=None,
        )
        if first is None or counts[first] < self._half:
            return None, 0
        return first, counts[first]


def investigations(
    plan: ReadPlan, answers: Answers, verdicts: EarlyVerdicts
) -> Iterator[Investigation]:
    """Yield the breaches in *answers* to investigate, the highest rates of each rule first."""
    for rule in plan.rules:
        if rule.indicator.low_is_bad:
            continue
        breaches = [
            Investigation(rule, scope, verdict.evidence, plan, answers)
            for scope in plan.all_scopes
            if plan.rule_scopes.applies(rule, scope)
            and isinstance(verdict := verdicts.verdict(rule, scope, answers), Breached)
        ]
        yield from nlargest(MAX_INVESTIGATIONS, breaches, key=lambda each: each.evidence.rate.value)
