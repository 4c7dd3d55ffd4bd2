"""Reading the account: who sends in it, and what VDM has counted of their mail."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from vdm_alerts.asking import Asking
from vdm_alerts.core.alerts import Alert, Key
from vdm_alerts.core.buckets import AsOf
from vdm_alerts.core.findings import Source
from vdm_alerts.core.isps import OTHER_ISPS
from vdm_alerts.core.metrics import ACCOUNT, LONGEST_WINDOW, Dimension, Metric, Scope, Series
from vdm_alerts.core.rates import Gap
from vdm_alerts.core.reading.culprits import Case, Culprit
from vdm_alerts.core.reading.drill import drilled, verdict
from vdm_alerts.core.reading.plan import affordable, worth_asking
from vdm_alerts.core.reading.queries import ACCOUNT_SENT, Found, Query, TodayRefused, answer, as_of
from vdm_alerts.core.reading.roster import Reading, Roster, allowance
from vdm_alerts.core.reading.steps import Step, fewest_unclaimed, unclaimed
from vdm_alerts.core.reading.sweep import Sweep
from vdm_alerts.core.reputation import Estimate, estimate
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.verdicts import Breached, Subject, Unknown, Verdict
from vdm_alerts.ports import Ports


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


def survey(
    ports: Ports,
    rules: Sequence[Rule],
    alerts: Mapping[Key, Alert],
    now: datetime,
    limits: Limits,
    patience: timedelta,
    asking: Asking,
) -> Survey:
    """Read as of *now*, within *patience*, all that *rules* need.

    *alerts* are those that are remembered. What cannot be had is kept as a gap, and
    told to *asking*.
    """
    over = time.monotonic() + patience.total_seconds()
    known = asking.tried(ports.rosters.load, Roster(), Source.MAIL)
    today = now.date()
    yesterday = today - timedelta(days=1)
    is_served = limits.include_today and known.serves_today(today)
    sweep = Sweep(rules, known, alerts, now, today if is_served else yesterday)
    sweep = replace(sweep, roster=_listed(ports, sweep, asking))
    most = allowance(known, limits.queries_a_day, now)
    try:
        return _read(ports, sweep, most, over, asking)
    except TodayRefused:
        seen = _read(ports, replace(sweep, last=yesterday), most, over, asking)
    if not isinstance(seen.found.get(ACCOUNT_SENT), Series):
        return seen
    without = replace(seen.sweep.roster, today_refused=today)
    return replace(seen, sweep=replace(seen.sweep, roster=without))


def _listed(ports: Ports, sweep: Sweep, asking: Asking) -> Roster:
    """Return the roster of *sweep* with lists that hold, of whatever its rules watch."""
    lists: Mapping[Dimension, Callable[[], Sequence[Scope]]] = {
        Dimension.CONFIGURATION_SET: ports.account.configuration_sets,
        Dimension.IDENTITY: ports.account.identities,
        Dimension.TENANT: ports.account.tenants,
    }
    roster = sweep.roster
    for dimension, listed in lists.items():
        is_watched = any(dimension in kind for rule in sweep.rules for kind in rule.scopes)
        if is_watched and not roster.is_listed(dimension, sweep.now, sweep.rest):
            scopes = asking.tried(listed, None, Source.LISTS)
            if scopes is not None:
                roster = roster.with_listed(dimension, scopes, sweep.now)
    return roster


def _read(ports: Ports, sweep: Sweep, most: int | None, over: float, asking: Asking) -> Survey:
    """Ask, and with the answers ask further, until nothing is left that is worth it, or allowed.

    Raises TodayRefused where SES does not answer for the day that is going on.
    """
    found: dict[Query, Series | Gap] = {
        Query(Metric.SEND, scope): Gap.REFUSED for scope in sweep.refused if sweep.concerned(scope)
    }
    asked = 0
    while pending := worth_asking(sweep, found):
        left = timedelta(seconds=over - time.monotonic())
        queries = affordable(pending, None if most is None else most - asked, most)
        if left <= timedelta():
            queries = ()
        try:
            answers = (
                ports.series.read(queries, LONGEST_WINDOW, sweep.last, left) if queries else {}
            )
        except Exception as error:
            if isinstance(error, TodayRefused) and sweep.last == sweep.now.date():
                raise
            asking.note(error, Source.MAIL)
            return Survey(
                sweep, {**found, **_unanswered(pending, Gap.UNAVAILABLE)}, asked, failed=True
            )
        if not queries:
            found |= _unanswered(pending, Gap.CUT)
        asked += sum(answers.get(query) is not Gap.CUT for query in queries)
        found |= {query: answers.get(query, Gap.UNAVAILABLE) for query in queries}
    return Survey(sweep, found, asked)


def _unanswered(pending: Iterable[Step], gap: Gap) -> Mapping[Query, Gap]:
    return {query: gap for step in pending for query in step.queries}
