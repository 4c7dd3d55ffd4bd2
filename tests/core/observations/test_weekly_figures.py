"""The volumes and rates of two weeks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import HOTMAIL, NEWS_IDENTITY, NOW, TODAY, a_rule, a_sender_record, a_series

from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.observations.metric_reading import MetricReading
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.observations.weekly_figures import (
    WeekCounts,
    WeeklyFigures,
    WeeklyRate,
    weekly_figures,
)
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.read_plan import plan_reading
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.rules.rule import Rule

SET = Scope(configuration_set="newsletter")
OTHER = Scope(identity="other.example.com")
BOUNCES = a_rule()
DELIVERIES = a_rule("deliveries", indicator=Indicator.DELIVERY_RATE, warning="90%", critical="80%")
YESTERDAY = TODAY - timedelta(days=1)


def two_weeks(this_week: int, week_before: int) -> Series:
    """Return a series with these totals; a seventh is on each day, and some is today."""
    return a_series(*[week_before // 7] * 7, *[this_week // 7] * 7, 99)


def observe(
    counts: dict[Scope, tuple[tuple[int, int], tuple[int, int]]],
    *rules: Rule,
    roster: SenderRoster | None = None,
    answers: Mapping[Query, Series | Gap] | None = None,
    last_day: timedelta = timedelta(),
) -> Observation:
    """Return what a run reads: for each scope, the emails and events of both weeks."""
    rules = rules or (BOUNCES,)
    read: dict[Query, Series | Gap] = {}
    for scope, (emails, events) in counts.items():
        read[Query(Metric.SEND, scope)] = two_weeks(*emails)
        for rule in rules:
            read[Query(rule.indicator.events, scope)] = two_weeks(*events)
    read |= answers or {}
    plan = plan_reading(rules, roster or SenderRoster(), {}, NOW, TODAY - last_day)
    reading = MetricReading(plan, read, len(read), Verdicts(plan, read))
    return Observation(None, reading, 1, ())


def figures_of(observation: Observation) -> WeeklyFigures:
    figures = weekly_figures(observation)
    assert figures
    return figures


def test_week_ends_with_the_last_whole_day() -> None:
    figures = figures_of(observe({ACCOUNT: ((70_000, 7_000), (700, 70))}))

    assert (figures.first_day, figures.last_day) == (YESTERDAY - timedelta(days=6), YESTERDAY)
    assert (figures.emails, figures.emails_before) == (70_000, 7_000)
    assert figures.rates == (
        WeeklyRate(Indicator.BOUNCE_RATE, WeekCounts(700, 70_000), WeekCounts(70, 7_000)),
    )


def test_nothing_is_known_when_vdm_was_not_read() -> None:
    assert weekly_figures(Observation(None, None, 1, ())) is None


def test_unreadable_counts_are_unknown_and_not_zero() -> None:
    gap = {Query(Metric.PERMANENT_BOUNCE, ACCOUNT): Gap.UNAVAILABLE}
    figures = figures_of(observe({ACCOUNT: ((70_000, 0), (0, 0))}, answers=gap))

    assert (figures.emails, figures.emails_before) == (70_000, 0)
    assert figures.rates == (WeeklyRate(Indicator.BOUNCE_RATE, None, None),)


def test_week_without_email_has_counts_and_no_rate() -> None:
    figures = figures_of(observe({ACCOUNT: ((0, 7_000), (0, 0))}))

    (rate,) = figures.rates
    assert rate.this_week == WeekCounts(0, 0)
    assert rate.this_week.rate is None


def test_only_the_week_in_which_vdm_was_off_is_unknown() -> None:
    observation = observe({ACCOUNT: ((70_000, 7_000), (7, 7))})
    off = frozenset({YESTERDAY - timedelta(days=7)})

    figures = figures_of(replace(observation, days_without_vdm=off))

    assert (figures.emails, figures.emails_before) == (70_000, None)
    assert figures.rates[0].week_before is None


def test_largest_senders_come_first_and_those_with_the_same_figures_are_one() -> None:
    counts = {
        ACCOUNT: ((70_000, 70_000), (700, 700)),
        HOTMAIL: ((50_000, 7_000), (70, 70)),
        SET: ((49_000, 7_000), (70, 70)),
        NEWS_IDENTITY: ((49_000, 7_000), (70, 70)),
        OTHER: ((21_000, 7_000), (70, 70)),
    }
    figures = figures_of(observe(counts))

    senders = [(sender.scopes, sender.emails) for sender in figures.largest]
    assert senders == [((NEWS_IDENTITY, SET), 49_000), ((OTHER,), 21_000)]


def test_sender_without_emails_this_week_is_no_large_sender() -> None:
    assert figures_of(observe({OTHER: ((0, 7_000), (0, 700))})).largest == ()


@pytest.mark.parametrize(
    ("emails", "bounces", "is_worst"),
    [(7_000, 700, True), (7_000, 140, True), (7_000, 133, False), (700, 350, False)],
    ids=["far worse", "twice the account's", "less than twice", "too few emails"],
)
def test_worst_rates_are_far_worse_than_the_account_and_of_enough_emails(
    emails: int, bounces: int, *, is_worst: bool
) -> None:
    counts = {
        ACCOUNT: ((700_000, 700_000), (7_000, 7_000)),
        OTHER: ((emails, 7_000), (bounces, 70)),
    }
    figures = figures_of(observe(counts))

    assert [rate.scopes for rate in figures.worst] == ([(OTHER,)] if is_worst else [])


def test_few_events_of_many_emails_are_no_worst_rate() -> None:
    gap = {Query(Metric.PERMANENT_BOUNCE, OTHER): a_series(4, 0)}
    counts = {ACCOUNT: ((700_000, 0), (0, 0)), OTHER: ((7_000, 0), (0, 0))}

    assert figures_of(observe(counts, answers=gap)).worst == ()


@pytest.mark.parametrize(
    ("before", "now", "is_improved"),
    [
        ((7_000, 700), (7_000, 70), True),
        ((7_000, 700), (7_000, 560), True),
        ((7_000, 700), (7_000, 630), False),
        ((7_000, 70), (7_000, 700), False),
        ((700, 350), (7_000, 70), False),
        ((7_000, 700), (700, 0), False),
    ],
    ids=["fell", "fell by a fifth", "fell by less", "rose", "too few before", "too few now"],
)
def test_improved_rates_fell_by_a_fifth_with_enough_emails_in_both_weeks(
    before: tuple[int, int], now: tuple[int, int], *, is_improved: bool
) -> None:
    counts = {OTHER: ((now[0], before[0]), (now[1], before[1]))}
    figures = figures_of(observe(counts))

    assert [rate.scopes for rate in figures.improved] == ([(OTHER,)] if is_improved else [])


def test_rate_that_is_bad_when_low_is_worst_when_lowest_and_improves_when_it_rises() -> None:
    counts = {
        ACCOUNT: ((70_000, 70_000), (66_500, 66_500)),
        NEWS_IDENTITY: ((7_000, 7_000), (5_600, 6_300)),
        OTHER: ((7_000, 7_000), (6_860, 5_600)),
    }
    figures = figures_of(observe(counts, DELIVERIES))

    assert [rate.scopes for rate in figures.worst] == [(NEWS_IDENTITY,)]
    assert [rate.scopes for rate in figures.improved] == [(OTHER,)]


def test_senders_that_were_not_read_are_counted() -> None:
    records = {
        NEWS_IDENTITY: a_sender_record(7_000),
        OTHER: a_sender_record(7_000),
        SET: a_sender_record(0),
        HOTMAIL: a_sender_record(7_000),
    }
    figures = figures_of(
        observe({NEWS_IDENTITY: ((7_000, 7_000), (7, 7))}, roster=SenderRoster(records))
    )

    assert figures.unread_senders == 1
