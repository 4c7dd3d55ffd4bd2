"""The volumes and rates of the last week, compared with the week before."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.observations.metric_reading import MetricReading
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.planning.queries import Query

WEEK = Window(7)
"""The days of a week, all of them whole."""
MIN_EMAILS = 1_000
"""The emails of a week from which a sender's rate is compared with the rates of others."""
MIN_EVENTS = 5
"""The events from which a rate can be among the worst, or can have improved."""
WORST_FACTOR = 2
"""How many times the account's rate a rate must be at least to be among the worst."""
MIN_IMPROVEMENT = 0.2
"""The share of the rate of the week before by which a rate must have improved at least."""
MAX_LARGEST, MAX_WORST, MAX_IMPROVED = 5, 3, 3
"""The most senders by volume, by rate for each indicator, and by improvement."""
MAX_SAME = 5
"""The most senders with the same figures that each further invocation of a sweep reads."""


@dataclass(frozen=True, slots=True)
class WeekCounts:
    """The counts of one rate in one week."""

    events: int
    volume: int

    @property
    def rate(self) -> Rate | None:
        """The rate; None without any email."""
        return Rate(self.events, self.volume) if self.volume else None


@dataclass(frozen=True, slots=True)
class WeeklyRate:
    """One rate of a scope in two weeks."""

    indicator: Indicator
    this_week: WeekCounts | None
    """The counts of the last 7 whole days; None if unknown."""
    week_before: WeekCounts | None
    """The counts of the 7 days before; None if unknown."""


@dataclass(frozen=True, slots=True)
class SenderWeek:
    """The emails of a sender in the last 7 whole days, and its rates."""

    scopes: tuple[Scope, ...]
    """The sender; several if their figures are the same, so that they send the same email."""
    emails: int
    rates: tuple[WeeklyRate, ...]


@dataclass(frozen=True, slots=True)
class SenderRate:
    """One rate of a sender in two weeks."""

    scopes: tuple[Scope, ...]
    """The sender, as in `SenderWeek`."""
    rate: WeeklyRate


@dataclass(frozen=True, slots=True)
class WeeklyFigures:
    """The volumes and rates of two weeks, as one run has read them."""

    last_day: date
    """The last day of this week."""
    emails: int | None
    """The emails of the account in this week; None if unknown."""
    emails_before: int | None
    """The emails of the account in the week before; None if unknown."""
    rates: tuple[WeeklyRate, ...]
    """The rates of the account that rules monitor."""
    largest: tuple[SenderWeek, ...] = ()
    """The senders with the most emails."""
    worst: tuple[SenderRate, ...] = ()
    """The rates of senders that are worst, if they are far worse than the account's."""
    improved: tuple[SenderRate, ...] = ()
    """The rates of senders that have improved most."""
    unread_senders: int = 0
    """The senders with emails that this sweep has not read, so that they are missing here."""

    @property
    def first_day(self) -> date:
        """The first day of this week."""
        return WEEK.first_day(self.last_day)

    @property
    def senders(self) -> tuple[Scope, ...]:
        """The senders in the figures; of those with the same figures, the first `MAX_SAME`.

        If the next invocation of a sweep reads them again, its figures are those of both.
        """
        rates = (*self.worst, *self.improved)
        named = [*(each.scopes for each in self.largest), *(each.scopes for each in rates)]
        return tuple(dict.fromkeys(scope for scopes in named for scope in scopes[:MAX_SAME]))


def weekly_figures(observation: Observation) -> WeeklyFigures | None:
    """Return the figures of the weeks that *observation* has read; None if VDM was not read."""
    reading = observation.reading
    if reading is None:
        return None
    weeks = _Weeks(observation, reading, reading.as_of.last_whole_day.last_day)
    indicators = list(dict.fromkeys(rule.indicator for rule in reading.plan.rules))
    account = tuple(weeks.rates(ACCOUNT, indicators))
    senders = weeks.senders(indicators)
    rates = [SenderRate(sender.scopes, rate) for sender in senders for rate in sender.rates]
    return WeeklyFigures(
        last_day=weeks.last_day,
        emails=weeks.emails(ACCOUNT, weeks.last_day),
        emails_before=weeks.emails(ACCOUNT, weeks.last_day_before),
        rates=account,
        largest=tuple(senders[:MAX_LARGEST]),
        worst=tuple(worst for rate in account for worst in _worst(rates, rate)),
        improved=tuple(_improved(rates)),
        unread_senders=weeks.unread_senders,
    )


@dataclass(frozen=True, slots=True)
class _Weeks:
    """The two weeks of which the first ends with a day, and their counts."""

    observation: Observation
    reading: MetricReading
    last_day: date

    @property
    def last_day_before(self) -> date:
        return self.last_day - timedelta(days=WEEK.days)

    @property
    def sender_scopes(self) -> Sequence[Scope]:
        """Every sender whose emails were read."""
        return [
            query.scope
            for query, answer in self.reading.answers.items()
            if query.metric is Metric.SEND
            and isinstance(answer, Series)
            and _is_sender(query.scope)
        ]

    @property
    def unread_senders(self) -> int:
        plan = self.reading.plan
        read, records = {*self.sender_scopes, *plan.read_before}, plan.roster.records
        return sum(
            record.volume > 0 and _is_sender(scope) and scope not in read
            for scope, record in records.items()
        )

    def senders(self, indicators: Sequence[Indicator]) -> Sequence[SenderWeek]:
        """Return the senders with emails in this week, the largest first."""
        scopes_by_figures: defaultdict[tuple[int, tuple[WeeklyRate, ...]], list[Scope]]
        scopes_by_figures = defaultdict(list)
        for scope in sorted(self.sender_scopes, key=_scope_order):
            if emails := self.emails(scope, self.last_day):
                rates = tuple(self.rates(scope, indicators))
                scopes_by_figures[emails, rates].append(scope)
        senders = [
            SenderWeek(tuple(scopes), emails, rates)
            for (emails, rates), scopes in scopes_by_figures.items()
        ]
        return sorted(senders, key=lambda sender: -sender.emails)

    def emails(self, scope: Scope, last_day: date) -> int | None:
        return self._total(Metric.SEND, scope, last_day)

    def rates(self, scope: Scope, indicators: Sequence[Indicator]) -> Iterator[WeeklyRate]:
        for indicator in indicators:
            if indicator.permanent_gap(scope) is None:
                this_week, week_before = (
                    self._counts(scope, indicator, last_day)
                    for last_day in (self.last_day, self.last_day_before)
                )
                yield WeeklyRate(indicator, this_week, week_before)

    def _counts(self, scope: Scope, indicator: Indicator, last_day: date) -> WeekCounts | None:
        events = self._total(indicator.events, scope, last_day)
        volume = self._total(indicator.volume, scope, last_day)
        return None if events is None or volume is None else WeekCounts(events, volume)

    def _total(self, metric: Metric, scope: Scope, last_day: date) -> int | None:
        """Return the count of the week through *last_day*; None if it is unknown."""
        series = self.reading.answers.get(Query(metric, scope))
        if not isinstance(series, Series) or self.observation.was_vdm_off_in(WEEK, last_day):
            return None
        return series.total(WEEK, last_day)


def _is_sender(scope: Scope) -> bool:
    return len(scope.kind) == 1 and scope.kind != (Dimension.ISP,)


def _scope_order(scope: Scope) -> tuple[int, str]:
    """Return the sort key of a sender: identities first, as recipients see them."""
    return list(Dimension).index(scope.kind[0]), str(scope)


def _worst(rates: Sequence[SenderRate], account: WeeklyRate) -> Sequence[SenderRate]:
    """Return the rates that are worst, of senders with enough emails, and far worse than *account*.

    They are worse than the account's by `WORST_FACTOR`.
    """
    indicator = account.indicator
    usual = _bad_share(indicator, account.this_week) if account.this_week else None
    known = [
        (badness, rate)
        for rate in rates
        if rate.rate.indicator is indicator
        and (badness := _proven_badness(indicator, rate.rate.this_week))
        and badness >= WORST_FACTOR * (usual or 0)
    ]
    return [rate for _, rate in sorted(known, key=lambda item: -item[0])[:MAX_WORST]]


def _improved(rates: Sequence[SenderRate]) -> Sequence[SenderRate]:
    """Return the rates that have improved most, of senders with enough emails in both weeks."""
    improved: list[tuple[float, SenderRate]] = []
    for rate in rates:
        indicator, this_week = rate.rate.indicator, rate.rate.this_week
        before = _proven_badness(indicator, rate.rate.week_before)
        if before is None or this_week is None or this_week.volume < MIN_EMAILS:
            continue
        now = _bad_share(indicator, this_week) or 0
        if now <= before * (1 - MIN_IMPROVEMENT):
            improved.append((before - now, rate))
    return [rate for _, rate in sorted(improved, key=lambda item: -item[0])[:MAX_IMPROVED]]


def _proven_badness(indicator: Indicator, counts: WeekCounts | None) -> float | None:
    """Return the share of bad events; None if it is unknown, or of too few events or emails."""
    if counts is None or counts.volume < MIN_EMAILS:
        return None
    return _bad_share(indicator, counts) if _bad_events(indicator, counts) >= MIN_EVENTS else None


def _bad_share(indicator: Indicator, counts: WeekCounts) -> float | None:
    """Return the share of bad events; None without email."""
    return _bad_events(indicator, counts) / counts.volume if counts.volume else None


def _bad_events(indicator: Indicator, counts: WeekCounts) -> int:
    return max(0, counts.volume - counts.events) if indicator.low_is_bad else counts.events
