"""The counts of the last days of a series, and the emails that its events can come from.

VDM counts an event on the day it arrives, not on the day of its email. So the events of a window
are compared with the *possible emails*: the emails that the events can come from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from operator import itemgetter, mul

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.statistics.arrival import HOURS_PER_DAY, ArrivalCurve

SENDING_DAY_SHARE = 0.1
"""The volume of a day of sending, as a share of the largest recent day.

A day with fewer emails has other email than the campaign that its late events can come from.
"""
MAX_DAYS_SINCE_SENDING = 8
"""How far back the last day of sending is looked for. Most late feedback arrives within a week."""
USUAL_RATE_DAYS = 14
"""The days before a window from which the usual rate is calculated."""
MAX_STALL_DAYS = 7
"""The longest time that feedback can be missing and then arrive at once."""
HISTORY_DAYS = MAX_STALL_DAYS + USUAL_RATE_DAYS
"""The days before the longest window that an evaluation looks at."""
MIN_SHARE_OF_HOURS = 1 / 3
"""The smallest share of the hours of a day that emails are taken to be sent in."""
HOUR_VARIATION = 0.3
"""The coefficient of variation of the rate of one hour, beyond chance."""


@dataclass(frozen=True)
class DayCounts:
    """The emails and events of consecutive days. Index 0 is the last day, which can be partial."""

    emails: Sequence[int]
    """The emails that were sent on each day."""
    events: Sequence[int]
    """The events that were counted on each day."""
    as_of: AsOf
    """The time of the evaluation, and the last day."""
    curve: ArrivalCurve
    """How late the events arrive."""
    indicator: Indicator
    """The rate, which says whether its low values are bad."""

    @classmethod
    def of_series(cls, rule: Rule, events: Series, volume: Series, as_of: AsOf) -> "DayCounts":
        """Return the counts of all days that an evaluation by *rule* looks at."""
        days = rule.lookback.days + HISTORY_DAYS
        return cls(
            volume.daily(days, as_of.last_day)[::-1],
            events.daily(days, as_of.last_day)[::-1],
            as_of,
            rule.arrival_curve,
            rule.indicator,
        )

    @property
    def days(self) -> int:
        """The number of days."""
        return len(self.emails)

    @property
    def through_last_whole_day(self) -> "DayCounts":
        """The same counts without today; these counts themselves if today is not counted."""
        if not self.as_of.is_today_counted:
            return self
        return DayCounts(
            self.emails[1:],
            self.events[1:],
            self.as_of.last_whole_day,
            self.curve,
            self.indicator,
        )

    def emails_in(self, days: int, *, before: int = 0) -> int:
        """Return the emails of *days* days that end *before* days before the last day."""
        totals = self._email_totals
        last = len(totals) - 1
        return totals[min(before + days, last)] - totals[min(before, last)]

    def events_in(self, days: int, *, before: int = 0) -> int:
        """Return the events of *days* days that end *before* days before the last day."""
        totals = self._event_totals
        last = len(totals) - 1
        return totals[min(before + days, last)] - totals[min(before, last)]

    def windows(self, longest: Window) -> Iterator[tuple[int, int]]:
        """Yield the events and emails of the last day, of the last 2 days, through *longest*."""
        events = accumulate(self.events[: longest.days])
        return zip(events, accumulate(self.emails), strict=False)

    def possible_emails(self, days: int) -> float:
        """Return how many emails the events of the last *days* days can come from.

        If high rates are bad, this is the highest estimate: the emails of these days, the emails
        whose feedback is expected on these days, or the emails of as many days up to the last day
        of sending. If low rates are bad, it is the lowest: the emails whose feedback must have
        arrived, or the emails of as many days before the last day. So a late event never makes a
        rate look worse than it is.
        """
        if self.indicator.low_is_bad:
            return min(sum(self.settled_emails[:days]), self.emails_in(days, before=1))
        return max(sum(self.expected_emails[:days]), self.sent_emails(days))

    def sent_emails(self, days: int) -> int:
        """Return the sent emails that the events of the last *days* days can come from.

        This is the highest of three numbers: the emails of these days, of as many days up to the
        last day of sending, and of all days since the sending that the oldest events can follow.
        """
        return self._emails_and_period(days)[0]

    def period_of_emails(self, days: int) -> int:
        """Return the days of the period that has the emails of the last *days* days' events.

        The period ends with the last day. It is longer than *days* if the events can come from
        emails that were sent before.
        """
        return days if self.indicator.low_is_bad else self._emails_and_period(days)[1]

    def _emails_and_period(self, days: int) -> tuple[int, int]:
        since_sending = self.days_since_sending
        oldest = max((age for age in range(days) if self.events[age]), default=0)
        period = max(days, self._last_sending(oldest) + 1) if oldest else days
        candidates = (
            (self.emails_in(days), days),
            (self.emails_in(days, before=since_sending), days + since_sending),
            (self.emails_in(period), period),
        )
        return max(candidates, key=itemgetter(0))

    def weight(self, days: int, expected: float) -> float:
        """Return the weight of the counts of the last *days* days, from 0 to 1.

        *expected* are the events that are expected at the threshold. The more they are, the more
        the variation beyond chance matters: see `concentration`.
        """
        return 1 / (1 + expected * self.concentration(days))

    def concentration(self, days: int) -> float:
        """Return the squared coefficient of variation of the rate of the last *days* days.

        The rate of an hour varies by `HOUR_VARIATION` beyond chance. The more hours the emails are
        spread over, the less their rate varies. A sender with most email on few days is taken to
        send it in fewer hours of a day, too.
        """
        emails = self.daily_emails[:days]
        total = sum(emails)
        if not total:
            return HOUR_VARIATION**2 / HOURS_PER_DAY
        hours = (self.as_of.hours, *[HOURS_PER_DAY] * (days - 1))
        squares = sum(map(_square_per_hour, emails, hours))
        return HOUR_VARIATION**2 * squares / total**2 / self._share_of_hours

    @cached_property
    def _share_of_hours(self) -> float:
        """The share of the hours of a day in which the emails are sent, estimated from the days."""
        emails = self.emails[1 : USUAL_RATE_DAYS + 1]
        total, squares = sum(emails), sum(count * count for count in emails)
        if not total:
            return 1.0
        share_of_days = total * total / squares / USUAL_RATE_DAYS
        return max(MIN_SHARE_OF_HOURS, share_of_days**2)

    @cached_property
    def daily_emails(self) -> Sequence[float]:
        """The emails to compare the events of each day with."""
        return self.settled_emails if self.indicator.low_is_bad else self.expected_emails

    @cached_property
    def days_since_sending(self) -> int:
        """The age of the last day of sending: 0 is the last day of these counts.

        Today counts by its pace. Today is no day of sending if it has fewer emails than events, or
        if feedback of this kind arrives after hours only.
        """
        largest = max(self.emails[: MAX_DAYS_SINCE_SENDING + 1])
        pace = self.as_of.hours / HOURS_PER_DAY
        if self._may_be_of_last_day and self.emails[0] >= SENDING_DAY_SHARE * largest * pace:
            return 0
        return self._last_sending(1, largest)

    def _last_sending(self, age: int, largest: int | None = None) -> int:
        """Return the age of the last day of sending that is at least *age* days old.

        Return *age* plus `MAX_DAYS_SINCE_SENDING` if there is none. *largest* are the emails of the
        largest recent day.
        """
        last = age + MAX_DAYS_SINCE_SENDING
        enough = SENDING_DAY_SHARE * (largest or max(self.emails[age : last + 1]))
        return next((each for each in range(age, last) if self.emails[each] >= enough), last)

    @property
    def _may_be_of_last_day(self) -> bool:
        """Whether the events of the last day can come from the emails of that day."""
        arrives_late = self.indicator is Indicator.TRANSIENT_BOUNCE_RATE
        return not arrives_late and self.emails[0] >= max(1, self.events[0])

    @cached_property
    def expected_emails(self) -> Sequence[float]:
        """The emails, also of earlier days, whose feedback is expected on each day.

        Too high if feedback arrives later than assumed, or if all emails were sent at one time.
        """
        whole_day, last_day = self.curve.daily_shares(), self.curve.daily_shares(self.as_of.hours)
        return [
            sum(map(mul, whole_day if age else last_day, self.emails[age:]))
            for age in range(len(self.emails) - HISTORY_DAYS)
        ]

    @cached_property
    def settled_emails(self) -> Sequence[float]:
        """The emails of each day whose feedback has arrived even if all were sent at its end.

        Too low if the emails were sent earlier.
        """
        hours_since_end = self.as_of.hours_since_start - HOURS_PER_DAY
        return [
            emails * self.curve.arrived_by(hours_since_end + age * HOURS_PER_DAY)
            for age, emails in enumerate(self.emails)
        ]

    @cached_property
    def _email_totals(self) -> Sequence[int]:
        return list(accumulate(self.emails, initial=0))

    @cached_property
    def _event_totals(self) -> Sequence[int]:
        return list(accumulate(self.events, initial=0))


def _square_per_hour(emails: float, hours: float) -> float:
    return emails * emails / hours
