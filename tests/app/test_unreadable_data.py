"""Metrics that SES does not return: unknown, neither firing nor resolved, reported if they last."""

from collections.abc import Mapping, Sequence
from datetime import date

import pytest
from builders import HOTMAIL, NEWS_IDENTITY, a_rule
from fakes import RecordingSeries, World

from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.planning.queries import Query


def test_unreadable_rate_neither_fires_nor_resolves(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    world.series.answers = dict.fromkeys(world.series.answers, Gap.UNAVAILABLE)

    summary = world.run(hours=1)

    # The account, the catch-all, the rest that is derived from them, and the identity.
    assert summary.series_unknown == 4
    assert summary.alerts_warning == 1
    assert len(world.notifier.sent) == 1


def test_unavailable_rate_is_counted_without_a_notification(world: World) -> None:
    world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)] = Gap.UNAVAILABLE

    summary = world.run()

    assert (summary.findings, summary.series_unknown) == (1, 1)
    assert world.notifier.sent == []


@pytest.mark.parametrize("scope", [ACCOUNT, NEWS_IDENTITY, HOTMAIL], ids=str)
@pytest.mark.parametrize("start", [0, 1], ids=["from the first run on", "later"])
def test_scope_is_reported_once_when_it_is_unreadable_for_more_than_a_day(
    world: World, scope: Scope, start: int
) -> None:
    for hours in range(start + 60):
        if hours == start:
            for metric in (Metric.SEND, Metric.PERMANENT_BOUNCE):
                world.series.answers[Query(metric, scope)] = Gap.UNAVAILABLE
        world.run(hours)
        assert len(world.notifier.sent) == (1 if hours - start > 24 else 0)

    assert world.subjects == [f"[WARNING] Unreadable for more than a day: {scope}"]


def test_sender_at_a_provider_is_reported_once_when_unreadable_for_more_than_a_day(
    world: World,
) -> None:
    part = NEWS_IDENTITY.at_provider("Hotmail")
    world.set_rules(a_rule(scopes=frozenset({(Dimension.IDENTITY, Dimension.ISP)})))
    world.set_bounces(NEWS_IDENTITY, 900)
    world.set_bounces(part, 900)
    world.run()
    assert world.subjects == ["[WARNING] Bounce rate 9% (above 5%): news.example.com at Hotmail"]

    world.series.answers[Query(Metric.PERMANENT_BOUNCE, part)] = Gap.UNAVAILABLE
    for hours in range(1, 30):
        world.run(hours)

    text = "".join(message.text for message in world.notifier.sent)
    assert text.count(f"Unreadable for more than a day: {part}.") == 1


def test_unreadable_scope_is_not_reported_readable_before_it_is_read_again(world: World) -> None:
    senders = [Scope(identity=f"{number:02}.example.com") for number in range(30)]
    world.set_rules(a_rule(scopes=frozenset({(Dimension.IDENTITY,)})))
    world.account.senders = senders
    for sender in senders:
        world.set_bounces(sender, 100)
    for metric in (Metric.SEND, Metric.PERMANENT_BOUNCE):
        world.series.answers[Query(metric, senders[3])] = Gap.UNAVAILABLE

    for hours in range(60):
        world.run(hours, Limits(queries_per_day=24 * 40))

    assert world.subjects == [f"[WARNING] Unreadable for more than a day: {senders[3]}"]


def test_outage_is_reported_once_when_it_lasts_more_than_a_day(world: World) -> None:
    world.fail("read metrics", UnavailableError("ses:BatchGetMetricData", "Rate exceeded."))

    for hours in range(40):
        world.run(hours)
        assert len(world.notifier.sent) == (1 if hours > 24 else 0)

    report = "more than a day: ses:BatchGetMetricData failed: Rate exceeded.\n"
    assert report in world.notifier.sent[0].text


@pytest.mark.parametrize("gap", [Gap.REJECTED, Gap.ACCESS_DENIED])
def test_rejected_scope_is_reported_once_by_name(world: World, gap: Gap) -> None:
    world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)] = gap

    world.run()
    world.run(hours=1)

    (message,) = world.notifier.sent
    assert "SES rejects queries about these scopes: news.example.com" in message.text


class IncompleteSeries(RecordingSeries):
    """A SeriesSource that leaves out the answer to one query."""

    missing: Query | None = None

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        answers = super().read(queries, window, last, deadline)
        return {query: answer for query, answer in answers.items() if query != self.missing}


@pytest.mark.parametrize("metric", [Metric.PERMANENT_BOUNCE, Metric.SEND])
def test_missing_answer_is_unknown_and_not_zero(world: World, metric: Metric) -> None:
    series = IncompleteSeries(answers=world.series.answers)
    world.series = series
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    series.missing = Query(metric, NEWS_IDENTITY)

    summary = world.run(hours=1)

    assert (summary.series_unknown, summary.alerts_warning) == (1, 1)


def test_denied_metrics_are_not_reported_fixed_while_they_are_unavailable(world: World) -> None:
    world.fail("read metrics", AccessDeniedError("ses:BatchGetMetricData"))
    world.run()
    world.repair("read metrics")
    answers, world.series.answers = world.series.answers, {}
    world.series.default = Gap.UNAVAILABLE

    assert world.run(hours=1).findings == 1
    assert len(world.notifier.sent) == 1

    world.series.default, world.series.answers = Series({}), answers
    world.run(hours=2)
    assert world.subjects[1:] == ["[OK] VDM Alerts: 1 problem fixed"]


def test_fix_is_not_called_all_in_order_while_a_scope_is_unreadable(world: World) -> None:
    world.fail("list configuration sets", AccessDeniedError("ses:ListConfigurationSets"))
    world.run()
    world.repair("list configuration sets")
    world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)] = Gap.UNAVAILABLE

    world.run(hours=1)

    assert world.subjects[1:] == ["[RESOLVED] VDM Alerts: 1 problem fixed"]


def test_account_metric_is_read_although_no_rule_covers_the_account(world: World) -> None:
    world.set_rules(a_rule(scopes=frozenset({(Dimension.IDENTITY,)})))

    world.run()

    assert Query(Metric.SEND, ACCOUNT) in world.series.asked
