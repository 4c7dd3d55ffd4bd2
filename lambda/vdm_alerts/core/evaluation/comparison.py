"""The comparison of a rule's windows with a threshold: the two ways in which a rate can breach it.

* **Rise**: chance hardly explains the events of a window, given the emails that they can come from.
* **Persistence**: the rate is above the threshold day after day, however little. Between days it
  varies too little for the true rate to be on the good side.

"Above" is "below" if low rates are bad. Decision 26 explains the method and its constants.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.evaluation.boundary import Boundary
from vdm_alerts.core.evaluation.day_counts import MAX_STALL_DAYS, USUAL_RATE_DAYS, DayCounts
from vdm_alerts.core.model.metrics import ONE_DAY, Window
from vdm_alerts.core.rules.rule import MIN_PERSISTENCE_WINDOW, Rule
from vdm_alerts.core.statistics import student_t
from vdm_alerts.core.statistics.posterior import PRIOR_EVENTS, can_be_too_many

MIN_SENDING_DAYS = 2.0
"""The days that the emails of a window are spread over, at least, if its rate persists."""
PERSISTENCE_ERROR_FACTOR = 2.5
"""How much more error a rule allows if a rate persists. Simulated alerts of this kind are true."""
MAX_ERROR_FACTOR = 5.0
"""How much more error a rule allows if the usual rate is far on the good side of the threshold."""
STALL_SHARE = 0.25
"""Feedback is missing on days with at most this share of the usual events."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A window whose rate is on the bad side of a threshold."""

    window: Window
    """The days of the emails and of the events. Their counted rate is on the bad side."""
    last_day: date
    """The last day of the window: the last day with counts, or the last whole day."""
    events: int
    """The events that were counted in the window."""
    emails: int
    """The emails that were sent in the window. Greater than 0."""
    doubt: float
    """The error probability of a breach, relative to the error that the rule allows.

    The rate breaches the threshold if this is at most 1.
    """

    @property
    def is_breach(self) -> bool:
        """Whether the rate breaches the threshold."""
        return self.doubt <= 1


@dataclass(frozen=True)
class Comparer:
    """Compares the windows of one series with one threshold of its rule."""

    rule: Rule
    counts: DayCounts
    boundary: Boundary
    error: float
    """The error probability that the rule allows if nothing is known of the usual rate.

    A lower usual rate allows more, and a higher one less.
    """

    def bad_windows(self, earliest: date) -> Sequence[Comparison]:
        """Return the windows on the bad side of the threshold, the least doubt first.

        Windows start at *earliest* or later, and meet the rule's minimum number of emails and of
        bad events. A window of 1 day is today, and also the last whole day.
        """
        comparisons = list(self._compared(self.counts, self._windows(self.counts, earliest)))
        whole_days = self.counts.through_last_whole_day
        if whole_days is not self.counts and earliest <= whole_days.as_of.last_day:
            one_day = [days for days in self._windows(whole_days, earliest) if days == ONE_DAY.days]
            comparisons += self._compared(whole_days, one_day)
        return sorted(comparisons, key=_doubt)

    def _windows(self, counts: DayCounts, earliest: date) -> Sequence[int]:
        """Return the days of each window to compare, the shortest first.

        A window that starts before *earliest* is shortened to start there. No window gets shorter
        than the rule's shortest window.
        """
        shortest = self.rule.windows[0].days
        longest = max((counts.as_of.last_day - earliest).days + 1, shortest)
        windows = (*self.rule.windows, *self.rule.persistence_windows)
        return sorted({min(window.days, longest) for window in windows})

    def _compared(self, counts: DayCounts, windows: Sequence[int]) -> Iterator[Comparison]:
        for days in windows:
            events = counts.events_in(days)
            if not counts.emails_in(days):
                continue
            if not self.boundary.is_on_bad_side(events, counts.sent_emails(days)):
                continue  # The possible emails make the rate look no worse.
            if not self._is_bad(counts, days):
                continue
            period = counts.period_of_emails(days)
            while counts.events_in(period) > counts.emails_in(period) and period < counts.days:
                period += 1
            comparison = Comparison(
                Window(period),
                counts.as_of.last_day,
                counts.events_in(period),
                counts.emails_in(period),
                min(self._doubt_of_rise(counts, days), self._doubt_of_persistence(counts, days)),
            )
            if self._has_enough_counts(comparison, events):
                yield comparison

    def _has_enough_counts(self, comparison: Comparison, events: int) -> bool:
        """Return whether the counts of *comparison* are enough to be shown and to fire.

        *events* are those of the compared window. The emails can have been sent earlier.
        """
        rule, emails = self.rule, comparison.emails
        if comparison.events > emails or not self.boundary.is_on_bad_side(
            comparison.events, emails
        ):
            return False  # The counted emails do not support the rate, or it is good.
        bad_events = emails - comparison.events if rule.indicator.low_is_bad else events
        return emails >= rule.min_volume and bad_events >= rule.min_events

    def _doubt_of_rise(self, counts: DayCounts, days: int) -> float:
        if days > self.rule.longest_window.days:
            return math.inf
        boundary, emails = self.boundary, counts.possible_emails(days)
        counted = boundary.counted(counts.events_in(days), emails)
        weight = counts.weight(days, emails * boundary.rarity)
        late = 0.0 if boundary.low_is_bad else self._stalled_events(counts, days)
        doubt = boundary.doubt(weight * counted, weight * (emails + late / boundary.rarity))
        return doubt / self._allowed_error(counts, days)

    def _allowed_error(self, counts: DayCounts, days: int) -> float:
        """Return the error probability that a rise in the last *days* days may have.

        A rate that is usually far on the good side needs less evidence: a false alarm is unlikely.
        """
        emails = counts.emails_in(USUAL_RATE_DAYS, before=days)
        events = counts.events_in(USUAL_RATE_DAYS, before=days)
        usual = self.boundary.usual_badness(self.boundary.counted(events, emails), emails)
        return self.error * min(MAX_ERROR_FACTOR, (PRIOR_EVENTS / usual) ** 2)

    def _stalled_events(self, counts: DayCounts, days: int) -> float:
        """Return how many events of earlier emails can have arrived late, all at once.

        Feedback can stall: it stops for some days and then catches up. If the usual events are
        missing on the days just before the window, they can be among the events of the window.
        """
        stalled = 0.0
        for length in range(1, MAX_STALL_DAYS + 1):
            emails = counts.emails_in(length, before=days)
            before = days + length
            usual_events = counts.events_in(USUAL_RATE_DAYS, before=before)
            usual_emails = counts.emails_in(USUAL_RATE_DAYS, before=before)
            usual_rate = usual_events / (1 / self.boundary.rarity + usual_emails)
            expected = min(usual_rate, self.boundary.rarity) * emails
            counted = counts.events_in(length, before=days)
            if counted <= STALL_SHARE * expected:
                stalled = max(stalled, expected - counted)
        return stalled

    def _is_bad(self, counts: DayCounts, days: int) -> bool:
        """Return whether the rate of the last *days* days is on the bad side."""
        possible = counts.possible_emails(days)
        return self.boundary.is_on_bad_side(counts.events_in(days), possible)

    def _doubt_of_persistence(self, counts: DayCounts, days: int) -> float:
        """Return the doubt that the rate of *days* days is on the bad side by more than chance.

        This is a t-test on the rates of single days, weighted by their emails. It assumes nothing
        about how much a rate varies from day to day. The rate does not persist if that of the later
        half of the days is good.
        """
        if days < MIN_PERSISTENCE_WINDOW.days or not self._is_bad(counts, days // 2):
            return math.inf
        boundary, possible = self.boundary, counts.possible_emails(days)
        daily_emails = counts.daily_emails[:days]
        total, squares = sum(daily_emails), sum(emails * emails for emails in daily_emails)
        sending_days = total * total / squares if squares else 0.0
        if sending_days < MIN_SENDING_DAYS:
            return math.inf
        daily_counted = map(boundary.counted, counts.events[:days], daily_emails)
        rate = boundary.counted(counts.events_in(days), possible) / possible
        deviations = sum(
            (counted - rate * emails) ** 2
            for counted, emails in zip(daily_counted, daily_emails, strict=True)
        )
        correction = sending_days / (sending_days - 1)
        variance = max(max(rate, boundary.rarity) / possible, deviations * correction / possible**2)
        distance = (rate - boundary.rarity) / math.sqrt(variance)
        if boundary.few_are_bad:
            distance = -distance
        error = student_t.upper_tail(distance, sending_days - 1)
        return error / (PERSISTENCE_ERROR_FACTOR * self.error)


def _doubt(comparison: Comparison) -> float:
    return comparison.doubt


def cannot_breach(rule: Rule, counts: DayCounts, share: float, error: float) -> bool:
    """Return whether the counts are certainly too good to breach a threshold of *share*.

    This check replaces the comparison of most series. It can return False although no window
    breaches the threshold.
    """
    if rule.indicator.low_is_bad:
        whole_day = counts.through_last_whole_day.windows(ONE_DAY)
        windows = (*counts.windows(rule.lookback), *whole_day)
        return all(events >= share * emails for events, emails in windows)
    most_error = MAX_ERROR_FACTOR * error

    def may_breach(counts: DayCounts, days: int, events: int, emails: int) -> bool:
        if not events > share * emails > 0:
            return False
        # The emails of the window alone are too few: also count those sent before.
        expected = share * counts.sent_emails(days)
        return events > expected and can_be_too_many(events, expected, most_error)

    for days, (events, emails) in enumerate(counts.windows(rule.lookback), start=1):
        if may_breach(counts, days, events, emails):
            return False
    if not counts.as_of.is_today_counted or counts.events[1] <= share * counts.emails[1]:
        return True
    whole_days = counts.through_last_whole_day
    return not may_breach(whole_days, ONE_DAY.days, whole_days.events[0], whole_days.emails[0])
