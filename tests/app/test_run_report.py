"""The summary of a run, and the rates that it records as metrics."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from builders import HOTMAIL, HOUR, NEWS_IDENTITY, NOW, a_series
from fakes import RecordingSeries, World

from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.run_report import MAX_SAMPLES
from vdm_alerts.core.planning.queries import Query


@dataclass
class Countdown:
    """A deadline with the remaining seconds of each look; the last one stays."""

    seconds: list[float]

    def remaining(self) -> timedelta:
        return timedelta(seconds=self.seconds.pop(0) if self.seconds[1:] else self.seconds[0])


@dataclass
class ThrottledSeries(RecordingSeries):
    """A SeriesSource of which each query is throttled once."""

    def throttled_calls(self) -> int:
        return len(self.asked)


def test_recorded_rates_are_those_of_the_account_and_of_firing_scopes(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.set_bounces(HOTMAIL, 1)

    world.run()

    rates = [(rate.rule.name, rate.scope, rate.value) for rate in world.recorder.samples]
    assert rates == [("bounce-rate", ACCOUNT, 0.01), ("bounce-rate", NEWS_IDENTITY, 0.06)]


def test_recorded_rates_are_the_worst_when_many_scopes_fire(world: World) -> None:
    """Each rate is a metric, and a metric costs money."""
    senders = [Scope(identity=f"{number}.example.com") for number in range(100)]
    world.account.senders = senders
    for number, sender in enumerate(senders):
        world.set_bounces(sender, 600 + number)

    world.run()

    scopes = [rate.scope for rate in world.recorder.samples]
    assert scopes == [ACCOUNT, *reversed(senders[-MAX_SAMPLES:])]


def test_rates_are_recorded_by_the_first_run_of_each_quarter_of_a_day(world: World) -> None:
    """A rate covers days, and CloudWatch charges a metric by the hour."""
    recorded_at = []
    for hours in range(24):
        world.run(hours)
        if world.recorder.samples:
            recorded_at.append((NOW + hours * HOUR).hour)

    assert recorded_at == [NOW.hour, 12, 18, 0, 6]


def test_resolved_rate_is_recorded_once_more(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    world.set_bounces(NEWS_IDENTITY, 100)

    world.run(hours=6)
    rates = [(rate.scope, rate.value) for rate in world.recorder.samples]
    assert rates == [(ACCOUNT, 0.01), (NEWS_IDENTITY, 0.01)]

    world.run(hours=12)
    assert [rate.scope for rate in world.recorder.samples] == [ACCOUNT]


def test_summary_has_the_number_of_queries_and_the_age_of_the_data(world: World) -> None:
    first = world.run()
    assert first.queries == len(set(world.series.asked)) > 2
    assert first.days_behind == 0

    world.series.answers[Query(Metric.SEND, ACCOUNT)] = a_series(10, 0, 0)
    assert world.run(hours=1).days_behind == 2


@pytest.mark.parametrize("answer", [a_series(0), Gap.UNAVAILABLE], ids=["no email", "unavailable"])
def test_age_of_the_data_is_unknown_without_emails(world: World, answer: Series | Gap) -> None:
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = answer

    assert world.run().days_behind is None


def test_summary_has_the_duration_of_the_run_by_its_deadline(world: World) -> None:
    assert world.run().run_seconds is None
    assert world.run(limits=Limits(Countdown([60, 50, 40, 37.5]))).run_seconds == 22.5


def test_summary_has_the_throttled_calls_of_this_run_only(world: World) -> None:
    world.series = ThrottledSeries(answers=world.series.answers)
    first, second = world.run(), world.run(hours=1)
    assert first.throttled_calls == second.throttled_calls > 0
    names = [metric.name for metric in world.recorder.metrics]
    assert names == ["ThrottledCalls"], "the others are recorded once in six hours"
