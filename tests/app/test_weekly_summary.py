"""The weekly summary: when it is sent, that it is never lost, and that it hides nothing."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import LEASE, NEWS_IDENTITY, NOW, TARGET, TODAY, a_series
from fakes import World

from vdm_alerts.adapters.aws.dynamodb_items import STATE, partition_key, weekly_request_item
from vdm_alerts.app.evaluate import NotificationOptions, run
from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.findings import Finding, UnavailableError
from vdm_alerts.core.model.mailbox_providers import UNKNOWN_ISP
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.muting.quiet_hours import parse_quiet_hours
from vdm_alerts.core.planning.queries import Query

GOOD = "[OK] Weekly summary: 70,000 emails, no alert"
DAYS = 15


@pytest.fixture
def world(world: World) -> World:
    """A world with two whole weeks of email, a requested summary, and no breach."""
    # Emails to providers without a name would be a finding.
    for scope in (ACCOUNT, NEWS_IDENTITY, Scope(isp=UNKNOWN_ISP)):
        world.series.answers[Query(Metric.SEND, scope)] = a_series(*[10_000] * DAYS)
        world.series.answers[Query(Metric.PERMANENT_BOUNCE, scope)] = a_series(*[100] * DAYS)
    world.store.request_summary(TARGET, TODAY)
    return world


def test_summary_is_sent_once_in_a_good_week(world: World) -> None:
    world.run()
    world.run(hours=1)

    assert world.subjects == [GOOD]
    assert world.state.weekly_requests == frozenset()
    (document,) = world.documents
    assert (document["id"], document["sequence"]) == (f"weekly-{TODAY}", 1)
    assert document["week"]["emails"] == document["week"]["emails_before"] == 70_000
    assert document["ended_alerts"] == []


def test_second_request_of_the_same_day_sends_nothing(world: World) -> None:
    """Lambda repeats an invocation that failed after the summary was sent."""
    world.run()
    world.store.request_summary(TARGET, TODAY)
    world.run(hours=1)

    assert world.subjects == [GOOD]
    assert world.state.weekly_requests == frozenset()


def test_next_week_has_another_summary(world: World) -> None:
    world.run()
    world.store.request_summary(TARGET, TODAY + timedelta(days=7))
    world.run(hours=7 * 24)

    assert [document["id"] for document in world.documents] == [
        f"weekly-{TODAY}",
        f"weekly-{TODAY + timedelta(days=7)}",
    ]
    assert world.documents[1]["service"]["runs"] == 1


@pytest.mark.parametrize("call", ["publish", "save state"])
def test_summary_stays_requested_until_it_is_sent(world: World, call: str) -> None:
    world.fail(call, UnavailableError(call, "not now"), only=1)
    with suppress(NotificationsUnsentError):
        world.run()
    world.repair()

    world.run(hours=30)

    (document,) = world.documents
    assert document["id"] == f"weekly-{TODAY}"


def test_summary_whose_response_was_lost_is_sent_again_with_the_same_id(world: World) -> None:
    world.lost_responses = {"publish"}
    with pytest.raises(NotificationsUnsentError):
        world.run()
    world.lost_responses.clear()
    world.run(hours=30)

    numbers = {(document["id"], document["sequence"]) for document in world.documents}
    assert len(world.documents) == 2
    assert numbers == {(f"weekly-{TODAY}", 1)}


def test_summary_waits_for_a_subscriber(world: World) -> None:
    world.notifier.confirmed = 0
    world.run()
    assert world.subjects == []
    world.notifier.confirmed = 1
    world.run(hours=1)

    assert world.subjects == [GOOD]


def test_quiet_hours_delay_the_summary(world: World) -> None:
    quiet = NotificationOptions(parse_quiet_hours("08:00-10:00 UTC"))
    run(world.ports, TARGET, NOW, LEASE, options=quiet)
    assert world.subjects == []
    world.run(hours=1)

    assert world.subjects == [GOOD]


def test_first_summary_answers_the_request(world: World) -> None:
    world.state = StoredState(weekly_requests=frozenset({TODAY}))

    world.run()
    world.run(hours=1)

    assert [document["kind"] for document in world.documents] == ["summary"]
    assert world.state.weekly_requests == frozenset()


def test_request_before_the_first_run_is_no_damage(world: World) -> None:
    world.store.table.items.clear()
    world.store.request_summary(TARGET, TODAY)

    world.run()

    assert [document["kind"] for document in world.documents] == ["summary"]


def test_no_summary_is_sent_without_history(world: World) -> None:
    world.fail("load state", UnavailableError("dynamodb:Query", "down"))
    world.run()
    assert "weekly" not in [document["kind"] for document in world.documents]
    world.repair()
    world.run(hours=1)

    assert world.documents[-1]["kind"] == "weekly"


def test_open_alert_is_in_the_subject_and_in_the_list(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 1_200)
    world.run()

    weekly = world.notifier.sent[-1]
    assert weekly.subject.startswith("[CRITICAL] Weekly summary: 70,000 emails, 1 alert open")
    assert "1 critical alert is open, in 1 incident." in weekly.text
    assert "- critical: bounce rate 12%, news.example.com (identity), open since" in weekly.text
    assert "No alert was open" not in weekly.text


def test_ended_alert_is_listed_with_its_duration(world: World) -> None:
    world.store.table.items.clear()
    world.state = StoredState(summary_sent=True)
    answers = dict(world.series.answers)
    world.set_bounces(NEWS_IDENTITY, 1_200)
    world.run()
    world.series.answers = answers
    world.run(hours=48)
    world.notifier.sent.clear()
    world.store.request_summary(TARGET, TODAY + timedelta(days=3))
    world.run(hours=72)

    (weekly,) = world.notifier.sent
    assert weekly.subject.startswith("[OK] Weekly summary: ")
    assert "1 alert, none open" in weekly.subject
    assert "No alert is open." in weekly.text
    assert "critical: bounce rate, news.example.com (identity): open for 2 days" in weekly.text


def make_account_unreadable(world: World) -> None:
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = Gap.UNAVAILABLE


def make_sender_unreadable(world: World) -> None:
    world.series.answers[Query(Metric.PERMANENT_BOUNCE, NEWS_IDENTITY)] = Gap.UNAVAILABLE


def make_rules_unreadable(world: World) -> None:
    world.fail("read rules", UnavailableError("ssm:GetParametersByPath", "down"))


def make_history_unreadable(world: World) -> None:
    world.fail("read history", UnavailableError("dynamodb:Query", "down"))


def report_a_problem(world: World) -> None:
    finding = Finding("ses:GetAccount", "SES reviews the account", "Answer the case")
    world.account.current_status = AccountStatus(vdm_enabled=True, findings=[finding])


@pytest.mark.parametrize(
    ("hinder", "subject", "sentence"),
    [
        (make_account_unreadable, "emails unknown, ", "could not be read now"),
        (make_sender_unreadable, "70,000 emails, 1 of ", "1 of 16 rates could not be read now"),
        (make_rules_unreadable, "emails unknown, not ", "because VDM was not read"),
        (make_history_unreadable, "70,000 emails, not ", "the alert history was not read."),
        (report_a_problem, "70,000 emails, 1 problem open", "1 problem is open, as listed below."),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_summary_is_not_ok_when_something_is_unknown_or_wrong(
    world: World, hinder: Callable[[World], None], subject: str, sentence: str
) -> None:
    hinder(world)

    world.run()

    weekly = world.notifier.sent[-1]
    assert weekly.subject.startswith(f"[WARNING] Weekly summary: {subject}")
    assert sentence in weekly.text
    assert "No alert was open" not in weekly.text


def test_unknown_time_is_in_the_summary_after_it_is_over(world: World) -> None:
    del world.store.table.items[
        partition_key(STATE, TARGET), weekly_request_item(TARGET, TODAY)["sk"]
    ]
    world.run()
    answers = dict(world.series.answers)
    make_sender_unreadable(world)
    world.run(hours=1)
    world.run(hours=3)
    world.series.answers = answers
    world.store.request_summary(TARGET, TODAY)
    world.run(hours=4)

    (weekly,) = world.notifier.sent
    assert weekly.subject.startswith(GOOD)
    assert "No alert was open" not in weekly.text
    assert "Unknown this week:\n- rates of news.example.com, for 3 hours" in weekly.text


def test_week_of_which_vdm_was_off_is_unknown_and_not_zero(world: World) -> None:
    world.state = replace(world.state, days_without_vdm=frozenset({TODAY - timedelta(days=10)}))
    world.run()

    week = world.documents[-1]["week"]
    assert (week["emails"], week["emails_before"]) == (70_000, None)
    assert week["rates"][0]["week_before"] is None


def test_damaged_request_is_reported_and_answered(world: World) -> None:
    item = weekly_request_item(TARGET, TODAY)
    world.store.table.put({**item, "schema": "x"})

    world.run()

    kinds = [document["kind"] for document in world.documents]
    assert sorted(kinds) == ["service", "weekly"]
    service = world.documents[kinds.index("service")]
    assert service["findings"][0]["key"] == f"item weekly#{TODAY}"
    assert world.state.weekly_requests == frozenset()


def test_request_without_a_day_is_reported_and_ignored(world: World) -> None:
    item = weekly_request_item(TARGET, TODAY)
    del world.store.table.items[item["pk"], item["sk"]]
    world.store.table.put({**item, "sk": "weekly#someday"})

    world.run()

    assert [document["kind"] for document in world.documents] == ["service"]


def test_summary_of_a_day_in_the_future_does_not_answer_later_requests(world: World) -> None:
    week = replace(world.state.week, summary_day=TODAY + timedelta(days=900))
    world.state = replace(world.state, week=week)

    world.run()

    assert world.subjects == [GOOD]


def test_request_in_the_far_future_is_ignored(world: World) -> None:
    world.store.request_summary(TARGET, TODAY + timedelta(days=900))

    world.run()

    assert [document["id"] for document in world.documents] == [f"weekly-{TODAY}"]


def test_history_is_not_read_when_no_summary_is_due(world: World) -> None:
    world.run()
    make_history_unreadable(world)
    world.run(hours=1)

    assert world.subjects == [GOOD]
