"""From counts and a rule to a verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from vdm_alerts.core.buckets import AsOf, Bucket, days, none_reaches
from vdm_alerts.core.metrics import Scope, Series, Window
from vdm_alerts.core.rates import Gap, Rate
from vdm_alerts.core.rules import Rule, Severity, Silence, Threshold
from vdm_alerts.core.scan import Line, Sight, sights
from vdm_alerts.core.usual import usual_line
from vdm_alerts.core.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Silent,
    Subject,
    Unknown,
    Unsure,
    Verdict,
)

CLEAR = 0.95
"""How sure one has to be that what was wrong is over."""
CLEAR_HOURS = 4
"""And of how many hours."""
QUIET = Window(7)
"""How long there has to be no mail before that ends anything."""
MANY = 1000
"""From how many series on a rule allows less doubt in each, as chance has so many more chances."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What is going on already: an alert of *severity*, or none, *since* an instant, or ever.

    What was before it has been judged, and a window does not reach back past it to change it.
    """

    since: datetime | None = None
    severity: Severity | None = None


ORDINARY = Phase()


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
    for each in counts:
        if isinstance(each, Gap):
            return Unknown(subject, each)
    assert isinstance(events, Series)
    assert isinstance(volume, Series)
    case = _Case(rule, subject, events, volume, at, phase)
    if not volume.total(rule.longest, at.last):
        return case.without_mail()
    return case.compared() if rule.doubt is None else case.weighed(rule.doubt, series)


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
        if self.rule.silence is Silence.BREACHING:
            return Silent(self.of, line.severity, window)
        is_quiet = self.phase.severity is None or not self.volume.total(QUIET, last)
        is_over = self.rule.silence is Silence.OK and is_quiet
        return (Healthy if is_over else Unsure)(self.of, line, window, None)

    def compared(self) -> Verdict:
        """Judge by comparing rates with thresholds, and nothing else: the worst window decides."""
        rule, indicator = self.rule, self.of.indicator
        seen = [
            Evidence(Rate(self.events.total(window, self.at.last), mails), window)
            for window in rule.windows
            if (mails := self.volume.total(window, self.at.last))
        ]
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
        lines = self._lines()
        is_open = self.phase.severity is not None and not self._was_silence
        if not is_open and self._is_plainly_good(lines[0]):
            return Healthy(self.of, lines[0], self.rule.longest, self._in(self.rule.longest))
        buckets = days(self.events, self.volume, self.rule.longest, self.rule.feedback, self.at)
        if is_open and (cleared := self._cleared(lines[0], buckets)):
            return Healthy(self.of, lines[0], cleared.window, cleared)
        allowed = doubt * min(1.0, MANY / series)
        for line in sorted(lines, key=lambda line: -line.severity):
            seen = self._seen(line, buckets, self._floor(line))
            if surest := min(seen, key=lambda one: one[0], default=None):
                left, sight = surest
                if left <= allowed:
                    return Breached(self.of, line, Evidence(sight.rate, sight.window, 1 - left))
        nothing = Unsure if is_open else Healthy
        return nothing(self.of, lines[0], self.rule.longest, self._in(self.rule.longest))

    @property
    def _was_silence(self) -> bool:
        """Whether the alert that is open is of no mail: any that has come since ends it."""
        if self.rule.silence is not Silence.BREACHING or self.phase.since is None:
            return False
        before = self.phase.since.date() - timedelta(days=1)
        return not self.volume.total(self.rule.longest, before)

    def _lines(self) -> Sequence[Threshold]:
        """Return the lines that count here, the one that is reached first at the head."""
        unusual = usual_line(self.rule, self.events, self.volume, self.at.last)
        lines = [*self.rule.thresholds, *([unusual] if unusual else [])]
        return sorted(lines, key=lambda line: line.share, reverse=self.of.indicator.low_is_bad)

    def _is_plainly_good(self, line: Threshold) -> bool:
        return not self.of.indicator.low_is_bad and none_reaches(
            line.share, self.events, self.volume, self.rule.longest, self.rule.feedback, self.at
        )

    def _in(self, window: Window) -> Evidence:
        last = self.at.last
        rate = Rate(self.events.total(window, last), self.volume.total(window, last))
        return Evidence(rate, window)

    def _floor(self, line: Threshold) -> date:
        """Return the day before which nothing speaks for *line* any more.

        What an alert was opened for keeps it open. The day that it began on is judged with what has
        come since: counts have no hours.
        """
        phase = self.phase
        holds = phase.severity is not None and line.severity <= phase.severity
        return date.min if holds or phase.since is None else phase.since.date()

    def _windows(self, floor: date) -> Sequence[tuple[datetime, Window]]:
        """Return the rule's windows, cut off at *floor*, each after the instant it begins at."""
        most = (self.at.last - floor).days + 1
        if most < 1:
            return ()
        cut = sorted({min(window, Window(most)) for window in self.rule.windows})
        return [
            (datetime.combine(window.first_day(self.at.last), time(), UTC), window)
            for window in cut
        ]

    def _line(self, threshold: Threshold) -> Line:
        return Line(threshold.share, self.of.indicator.low_is_bad)

    def _seen(
        self, threshold: Threshold, buckets: Sequence[Bucket], floor: date
    ) -> Iterator[tuple[float, Sight]]:
        """Yield each window with the doubt that is left in it."""
        line = self._line(threshold)
        for sight in sights(buckets, self._windows(floor), line):
            events, mails = sight.weighed_events, sight.weighed_mails
            bad = sight.exposure - sight.rate.events if line.low else sight.rate.events
            is_enough = sight.exposure >= self.rule.min_volume and bad >= self.rule.min_events
            if is_enough and (events < line.share * mails) == line.low:
                yield line.doubt(events, mails), sight

    def _cleared(self, threshold: Threshold, buckets: Sequence[Bucket]) -> Evidence | None:
        """Return what proves that it is over, in a window wholly after the alert began.

        Of mail too little to prove anything, it is over too when nothing has come of it in the
        longest window.
        """
        assert self.phase.since is not None
        line, after = self._line(threshold), self.phase.since.date() + timedelta(days=1)
        seen = list(sights(buckets, self._windows(after), line))
        for sight in seen:
            sure = line.sure_of_good(sight.weighed_events, sight.weighed_mails)
            if sight.hours >= CLEAR_HOURS and sure >= CLEAR:
                return Evidence(sight.rate, sight.window, sure)
        if seen and seen[-1].window == self.rule.longest:
            whole = seen[-1]
            if not threshold.is_reached_by(whole.rate.value, self.of.indicator):
                return Evidence(whole.rate, whole.window)
        return None
