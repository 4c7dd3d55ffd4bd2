"""What one run has read from VDM."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from vdm_alerts.core.alerts.alert import Key
from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.ses_estimate import Estimate, estimate
from vdm_alerts.core.evaluation.verdicts import Breached, Subject, Unknown, Verdict
from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.contributor import Case, Culprit
from vdm_alerts.core.planning.drilldown import drilled
from vdm_alerts.core.planning.queries import Found, Query, answer, as_of
from vdm_alerts.core.planning.query_batches import fewest_unclaimed, unclaimed
from vdm_alerts.core.planning.roster import Reading, Roster
from vdm_alerts.core.planning.selection import Sweep
from vdm_alerts.core.planning.verdicts import verdict
from vdm_alerts.core.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be asked: so many queries a UTC day, any number for None; of today, or not."""

    queries_a_day: int | None = None
    include_today: bool = True


UNLIMITED = Limits()


TOO_LONG = timedelta(days=1)
"""How long what should pass may last before people are told of it."""


LONGEST_WAIT = timedelta(hours=25)
"""How long nobody is to wait for being read again, however few queries may be made."""


@dataclass(frozen=True)
class Survey:
    """What one reading has found: the answers to what *sweep* asked for, of *asked* queries.

    *failed* says that it ended in an error, which there is a finding of.
    """

    sweep: Sweep
    found: Found
    asked: int
    failed: bool = False

    @property
    def at(self) -> AsOf:
        """Until when mail has been counted."""
        return as_of(self.sweep.now, self.sweep.last, self.found)

    @cached_property
    def verdicts(self) -> Mapping[Key, Verdict]:
        """The judgement of every scope that was read, by every rule that watches it."""
        verdicts = {}
        for scope in (*self.sweep.everybody, *self._pairs):
            for rule in self.sweep.rules:
                if self.sweep.watches(rule, scope) and (seen := self._verdict(rule, scope)):
                    verdicts[Key.of(rule, scope)] = seen
        return verdicts

    @cached_property
    def _pairs(self) -> Sequence[Scope]:
        """The parts at one provider that were read, and what is left of their wholes."""
        scopes = {query.scope for query in self.found if query.scope.isp and query.scope.whole.kind}
        left = {scope.whole.at(OTHER_ISPS) for scope in scopes}
        return sorted((scopes | left) - self.sweep.remembered, key=str)

    def _verdict(self, rule: Rule, scope: Scope) -> Verdict | None:
        """Return the judgement of *scope*; None of a part that there was no cause to ask about."""
        if seen := verdict(rule, scope, self.sweep, self.found):
            return seen
        asked = (rule.indicator.events, rule.indicator.volume, Metric.SEND)
        answers = [answer(Query(each, scope), self.sweep.isps, self.found) for each in asked]
        if all(each is None for each in answers):
            return None
        gaps = (each for each in answers if isinstance(each, Gap))
        return Unknown(Subject(rule.indicator, scope), next(gaps, Gap.TOO_FEW))

    @property
    def roster(self) -> Roster:
        """What is to be remembered of this reading."""
        sweep, found = self.sweep, self.found
        left = unclaimed(sweep, found)
        reading = Reading(
            found,
            sweep.recent,
            sweep.last,
            self.asked,
            drilled(sweep, found),
            left,
            [one for one in sweep.remembered if one.is_part],
        )
        roster = sweep.roster.after(reading, sweep.now)
        # Mail that is still nobody's is of somebody who is not on the list.
        is_new = left - sweep.roster.unclaimed >= fewest_unclaimed(sweep)
        return roster.unlisted(Dimension.IDENTITY, sweep.now) if is_new else roster

    @property
    def is_starved(self) -> bool:
        """Whether somebody has been cut off for more than a day."""
        now, entry = self.sweep.now, self.sweep.roster.entry
        cut = {query.scope for query, seen in self.found.items() if seen is Gap.CUT}
        waiting = (entry(scope).tried for scope in cut)
        return any(tried is not None and now - tried > LONGEST_WAIT for tried in waiting)

    @property
    def unread_for_long(self) -> Collection[Scope]:
        """Who could not be read for more than a day by now, the longest first."""
        now, entry = self.sweep.now, self.sweep.roster.entry
        # Whose turn did not come again has not been read since either.
        failed = {
            query.scope
            for query, seen in self.found.items()
            if seen is Gap.UNAVAILABLE or seen is Gap.CUT
        }
        since = {scope: at for scope in failed if (at := entry(scope).failing)}
        long = [(at, str(scope), scope) for scope, at in since.items() if now - at > TOO_LONG]
        return [scope for *_, scope in sorted(long)]

    def missing(self, scope: Scope) -> Scope | None:
        """Return the sender that *scope* is of, where it is on no list of this account any more."""
        sender, roster = scope.whole, self.sweep.roster
        is_listed = len(sender.kind) == 1 and roster.is_listed(
            sender.kind[0], self.sweep.now, self.sweep.rest
        )
        return sender if is_listed and sender not in roster.entries else None

    def culprit(self, key: Key) -> Culprit | None:
        """Return who is behind the breach that was found of *key*, if it is anybody in particular.

        None, too, of what is not breached.
        """
        seen = self.verdicts.get(key)
        if not isinstance(seen, Breached):
            return None
        rules = {rule.name: rule for rule in self.sweep.rules}
        return Case(rules[key.rule], key.scope, seen.evidence, self.sweep, self.found).culprit

    def estimate(self, rule: Rule) -> Estimate | None:
        """Return an estimate of the rate of *rule* by which SES judges the account, if it does."""
        events, volume = (
            self.found.get(Query(metric, ACCOUNT))
            for metric in (rule.indicator.events, rule.indicator.volume)
        )
        if not (isinstance(events, Series) and isinstance(volume, Series)):
            return None
        return estimate(rule.indicator, events, volume, self.at, rule.representative)
