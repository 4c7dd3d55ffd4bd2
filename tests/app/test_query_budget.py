"""The limits of reading: the daily budget of queries, and the time that a run has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from accounts import a_rule_for
from builders import NEWS_IDENTITY, TODAY, a_rule
from fakes import RecordingSeries, World

from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.planning.queries import Query

SENDERS = [Scope(identity=f"{number}.example.com") for number in range(40)]


def test_run_stays_within_its_budget_and_the_next_run_continues(world: World) -> None:
    """Every sender is read once before any is read twice."""
    world.account.senders = SENDERS
    for sender in SENDERS:
        world.set_bounces(sender, 100)

    read: list[set[Scope]] = []
    for hours in range(3):
        summary = world.run_anew(hours, Limits(queries_per_day=600))
        assert 30 < summary.queries <= 600 // (15 - hours)
        assert summary.series_unknown > 0
        complete = {Metric.SEND, Metric.PERMANENT_BOUNCE}
        metrics = {sender: world.metrics_read(sender) for sender in SENDERS}
        # A sender is read completely, or not at all.
        assert [each for each in metrics.values() if each not in (complete, set())] == []
        read.append({sender for sender in SENDERS if metrics[sender] == complete})

    first, second, third = read
    assert first & second == set()
    assert first | second | third == set(SENDERS)
    assert world.metrics_read(ACCOUNT) == {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_insufficient_budget_is_reported_once(world: World) -> None:
    world.account.senders = SENDERS
    for sender in SENDERS:
        world.set_bounces(sender, 100)
    world.set_rules(a_rule(windows=(7,)))

    for hours in range(72):
        world.run(hours, Limits(queries_per_day=100))

    assert world.subjects == [
        "[WARNING] 100 queries of VDM a day are too few to read every sender daily"
    ]


def test_providers_and_senders_at_providers_are_read_within_a_small_budget(world: World) -> None:
    rule = replace(a_rule_for("identity", "identity_at_isp", "isp", "account"), min_events=20)
    world.set_rules(rule)
    world.account.senders = SENDERS[:5]
    world.set_bounces(ACCOUNT, 100)
    for sender in SENDERS[:5]:
        world.set_bounces(sender, 30)
    world.set_bounces(ACCOUNT.at_provider("NetEase"), 900)
    world.set_bounces(SENDERS[3].at_provider("Aol"), 30, of=300)

    for hours in range(72):
        world.run(hours, Limits(queries_per_day=800))

    text = "".join(message.text for message in world.notifier.sent)
    assert "The bounce rate at NetEase is " in text
    assert "3.example.com at Aol" in text


def test_unreadable_senders_do_not_delay_the_others(world: World) -> None:
    world.account.senders = [*SENDERS, NEWS_IDENTITY]
    for sender in SENDERS:
        world.series.answers[Query(Metric.SEND, sender)] = Gap.UNAVAILABLE
    world.set_bounces(NEWS_IDENTITY, 600)

    for hours in range(4):
        world.run(hours, Limits(queries_per_day=800))

    assert "[WARNING] Bounce rate 6% (above 5%): news.example.com" in world.subjects


def test_queries_are_counted_over_all_runs_of_a_day(world: World) -> None:
    first, second = world.run(), world.run(hours=1)
    assert world.roster.queries_made_on(TODAY) == first.queries + second.queries

    world.run_anew(hours=24)
    assert world.roster.queries_made == len(world.series.asked) > 0


@dataclass
class SlowSeries(RecordingSeries):
    """A SeriesSource that has no time left for queries about NEWS."""

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        answers = super().read(queries, window, last, deadline)
        return {
            query: Gap.CUT_OFF if query.scope == NEWS_IDENTITY else answer
            for query, answer in answers.items()
        }


def test_query_is_unknown_and_not_counted_when_there_is_no_time_for_it(world: World) -> None:
    world.series = SlowSeries(answers=world.series.answers)

    summary = world.run()

    assert summary.series_unknown == 1
    assert summary.queries == len(world.series.asked) - 1
    # The next run reads it first.
    assert world.roster.records[NEWS_IDENTITY].read_at is None
