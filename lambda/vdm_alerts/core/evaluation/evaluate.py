"""From counts and a rule to a verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter, itemgetter

from vdm_alerts.core.evaluation.baseline import usual_line
from vdm_alerts.core.evaluation.buckets import AsOf, Bucket, day_buckets, none_reaches
from vdm_alerts.core.evaluation.context import ORDINARY, Phase
from vdm_alerts.core.evaluation.revision import revised
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Silent,
    Subject,
    Unknown,
    Unsure,
    Verdict,
)
from vdm_alerts.core.evaluation.windows import Line, Sight, sights
from vdm_alerts.core.model.metrics import Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Rate
from vdm_alerts.core.rules.rule import MissingData, Rule, Threshold

CLEAR = 0.95
"""How sure one has to be that what was wrong is over."""
QUIET = Window(8)
"""The days, today among them, without any mail, after which that ends an alert: a week at least."""
NEAR_ENOUGH = 0.1
"""By how much of the mail that was sent the mail that one has heard of may differ, unsaid."""
EXPECTED: Callable[[Bucket], float] = attrgetter("expected")
HEARD: Callable[[Bucket], float] = attrgetter("heard")
MOST: Callable[[Bucket], float] = attrgetter("most")
MANY = 1000
"""From how many series on a rule allows less doubt in each, as chance has so many more chances."""


def judge(
    rule: Rule,
    scope: Scope,
    counts: tuple[Series | Gap, Series | Gap],
    at: AsOf,
    phase: Phase = ORDINARY,
    series: int = 1,
) -> Verdict:
    """Judge by *rule* the events of *scope*, and the mails that they are of: the two *counts*.

    *series* is how many the rule judges. Where one of the two is missing, so is the verdict.
    """
    rule, subject = rule.at(scope), Subject(rule.indicator, scope)
    events, volume = counts
    if isinstance(events, Gap):
        return Unknown(subject, events)
    if isinstance(volume, Gap):
        return Unknown(subject, volume)
    case = _Case(rule, subject, events, volume, at, phase)
    if not volume.total(rule.longest, at.last):
        if rule.doubt is None or not events.total(rule.longest, at.last):
            return case.without_mail()
    elif phase.of_silence:
        case = replace(case, phase=ORDINARY)  # There is mail again, and so that is over.
    found = case.compared() if rule.doubt is None else case.weighed(rule.doubt, series)
    return revised(found, rule, events, volume, at, phase.told) if phase.told else found


@dataclass(frozen=True, slots=True)
class _Case:
    """One series, to be judged by its *rule*."""

    rule: Rule
    of: Subject
    events: Series
    volume: Series
    at: AsOf
    phase: Phase

    def without_mail(self) -> Verdict:
        """Judge that there was no mail at all."""
        line, window, last = self.rule.first_line, self.rule.longest, self.at.last
        if self.rule.missing_data is MissingData.BREACHING:
            # Today has only begun; and who has never sent anything is not missed.
            if self.volume.newest_day and not self.volume.total(self.rule.reach, last):
                return Silent(self.of, line.severity, window)
            return Unsure(self.of, line, window, None)
        is_quiet = not (self.phase.is_going_on and self.volume.total(QUIET, last))
        is_over = self.rule.missing_data is MissingData.OK and is_quiet
        return (Healthy if is_over else Unsure)(self.of, line, window, None)

    def compared(self) -> Verdict:
        """Judge by comparing rates with thresholds, and nothing else: the worst window decides."""
        rule, indicator = self.rule, self.of.indicator
        seen = [each for window in rule.windows if (each := self._counted(window))]
        worst = max(seen, key=lambda one: rule.badness(one.rate.value))
        passed = [
            (line, one)
            for line in rule.thresholds
            for one in seen
            if line.is_reached_by(one.rate.value, indicator)
        ]
        enough = [(line, one) for line, one in passed if self._is_enough(one.rate)]
        if enough:
            line, one = max(
                enough, key=lambda each: (each[0].severity, rule.badness(each[1].rate.value))
            )
            return Breached(self.of, line, one)
        nothing = Unsure if passed else Healthy
        return nothing(self.of, rule.first_line, rule.longest, worst)

    def _is_enough(self, rate: Rate) -> bool:
        bad = rate.volume - rate.events if self.of.indicator.low_is_bad else rate.events
        return rate.volume >= self.rule.min_volume and bad >= self.rule.min_events

    def weighed(self, doubt: float, series: int) -> Verdict:
        """Judge by how sure one can be that the true rate is beyond a threshold."""
        rule, lines = self.rule, self._lines()
        counted = self._counted(rule.longest)
        is_open = self.phase.severity is not None
        if not is_open and self._is_plainly_good(lines[0]):
            return Healthy(self.of, lines[0], rule.longest, counted)
        buckets = day_buckets(self.events, self.volume, rule.reach, rule.feedback, self.at)
        allowed = doubt * MANY / max(MANY, series)
        if is_open and (cleared := self._cleared(lines[0], buckets, allowed)):
            return Healthy(self.of, lines[0], cleared.window, cleared)
        for line in sorted(lines, key=lambda line: (-line.severity, line.usual is not None)):
            for left, sight in self._seen(line, buckets, self._floor(line)):
                if left <= allowed:
                    return Breached(self.of, line, self._evidence(sight, 1 - left))
        is_near = is_open or (
            self.phase.is_pending and any(self._seen(lines[0], buckets, self._floor(lines[0])))
        )
        return (Unsure if is_near else Healthy)(self.of, lines[0], rule.longest, counted)

    def _lines(self) -> Sequence[Threshold]:
        """Return the lines that count here, the one that is reached first at the head."""
        last = self.at.last - timedelta(days=self.rule.longest.days)
        if self.phase.since and self.phase.severity:  # What is wrong now does not become usual.
            last = min(last, self.phase.since.date() - timedelta(days=1))
        unusual = usual_line(self.rule, self.events, self.volume, last)
        lines = [*self.rule.thresholds, *([unusual] if unusual else [])]
        return sorted(lines, key=lambda line: line.share, reverse=self.of.indicator.low_is_bad)

    def _is_plainly_good(self, line: Threshold) -> bool:
        return not self.of.indicator.low_is_bad and none_reaches(
            line.share, self.events, self.volume, self.rule.longest, self.rule.feedback, self.at
        )

    def _counted(self, window: Window) -> Evidence | None:
        """Return what was counted in *window*, None where there was no mail."""
        mails = self.volume.total(window, self.at.last)
        if not mails:
            return None
        rate = Rate(self.events.total(window, self.at.last), mails)
        return Evidence(rate, window, until=self._until(self.at.last))

    def _evidence(self, sight: Sight, sure: float | None, last: date | None = None) -> Evidence:
        """Return what decided: as it was counted, or where that differs, of the mail heard of."""
        is_counted = abs(sight.mails - sight.volume) <= NEAR_ENOUGH * sight.volume
        mails = sight.volume if is_counted else max(1, round(sight.mails))
        rate, until = Rate(sight.events, mails), self._until(last or self.at.last)
        return Evidence(rate, sight.window, sure, until, is_of_heard=not is_counted)

    def _until(self, last: date) -> date | None:
        return None if last == self.at.now.date() else last

    def _floor(self, line: Threshold) -> date:
        """Return the day before which nothing speaks for *line* any more.

        What an alert was opened for keeps it open. The day that it began on is judged with what has
        come since: counts have no hours.
        """
        phase = self.phase
        holds = phase.severity is not None and line.severity <= phase.severity
        return date.min if holds or phase.since is None else phase.since.date()

    def _windows(self, floor: date, last: date) -> Sequence[tuple[datetime, Window]]:
        """Return the rule's windows ending *last*, each after the instant it begins at.

        They are cut off at *floor*, but none is shorter than the shortest that the rule names.
        """
        most = max((last - floor).days + 1, self.rule.windows[0].days)
        cut = sorted({min(window, Window(most)) for window in self.rule.windows})
        return [(datetime.combine(window.first_day(last), time(), UTC), window) for window in cut]

    def _line(self, threshold: Threshold) -> Line:
        return Line(threshold.share, self.of.indicator.low_is_bad)

    def _seen(
        self, threshold: Threshold, buckets: Sequence[Bucket], floor: date
    ) -> Sequence[tuple[float, Sight]]:
        """Return the windows whose rate is on the bad side, by the doubt left in each."""
        line, windows = self._line(threshold), self._windows(floor, self.at.last)
        # Mail that is not heard of yet makes a high rate higher, and a low one lower.
        mails_of = HEARD if line.low else EXPECTED
        bad_ones = []
        for sight in sights(buckets, windows, line, mails_of):
            events, mails = sight.weighed_events, sight.weighed_mails
            bad = sight.mails - sight.events if line.low else sight.events
            is_enough = sight.mails >= self.rule.min_volume and bad >= self.rule.min_events
            if is_enough and (events < line.share * mails) == line.low:
                bad_ones.append((line.doubt(events, mails), sight))
        return sorted(bad_ones, key=itemgetter(0))

    def _cleared(
        self, threshold: Threshold, buckets: Sequence[Bucket], allowed: float
    ) -> Evidence | None:
        """Return what proves that it is over, by whole days after the one that the alert began on.

        Of mail too little to prove anything, it is over too after as many days on the good side as
        the longest window has. It is not where today's mail would begin the alert anew.
        """
        assert self.phase.since is not None
        is_whole = self.at.last < self.at.now.date()
        last = self.at.last - timedelta(days=not is_whole)
        days = (last - self.phase.since.date()).days
        if days < self.rule.windows[0].days:
            return None
        if any(left <= allowed for left, _ in self._seen(threshold, buckets, self.at.now.date())):
            return None
        floor = self.phase.since.date() + timedelta(days=1)
        line, mails_of = self._line(threshold), MOST if self.of.indicator.low_is_bad else HEARD
        past = buckets if is_whole else buckets[1:]
        for sight in sights(past, self._windows(floor, last), line, mails_of):
            sure = line.sure_of_good(sight.weighed_events, sight.weighed_mails)
            if sure >= CLEAR:
                return self._evidence(sight, sure, last)
            is_good = not threshold.is_reached_by(sight.events / sight.mails, self.of.indicator)
            if is_good and days >= self.rule.longest.days == sight.window.days:
                return self._evidence(sight, None, last)
        return None
