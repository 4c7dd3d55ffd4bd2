"""Problems of the service itself: reported once, and once more when they are fixed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from builders import NEWS_IDENTITY
from fakes import World

from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.findings import (
    AccessDeniedError,
    Finding,
    OperationFailedError,
    UnavailableError,
)
from vdm_alerts.core.model.metrics import Metric
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.planning.queries import Query

VDM_OFF = Finding("VDM", "VDM is off", "Turn it on")


@pytest.mark.parametrize(
    ("call", "action"),
    [
        ("read rules", "ssm:GetParametersByPath"),
        ("read account status", "ses:GetAccount"),
        ("list configuration sets", "ses:ListConfigurationSets"),
        ("read metrics", "ses:BatchGetMetricData"),
    ],
)
def test_denied_action_is_reported_once_and_so_is_its_fix(
    world: World, call: str, action: str
) -> None:
    world.fail(call, AccessDeniedError(action))
    world.run()
    world.run(hours=1)
    (message,) = world.notifier.sent
    assert f"not allowed to call {action}" in message.text

    world.repair(call)
    world.run(hours=2)
    world.run(hours=3)

    assert world.subjects[1:] == ["[OK] VDM Alerts: 1 problem fixed"]


def test_nothing_is_read_and_a_problem_is_reported_when_vdm_is_off(world: World) -> None:
    world.account.current_status = AccountStatus(vdm_enabled=False, findings=[VDM_OFF])

    summary = world.run()

    assert world.series.asked == []
    assert "VDM is off" in world.notifier.sent[0].text
    assert (summary.series_evaluated, summary.findings) == (0, 1)


def test_problem_is_reported_when_reading_finds_vdm_off(world: World) -> None:
    world.fail("read metrics", OperationFailedError(VDM_OFF))

    summary = world.run()

    assert "VDM is off" in world.notifier.sent[0].text
    assert summary.series_unknown == summary.series_evaluated > 0


def test_account_without_email_is_reported_once(world: World) -> None:
    world.series.answers = {}

    world.run()
    world.run(hours=1)

    (message,) = world.notifier.sent
    assert "VDM has counted no email of this account in the last 7 days" in message.text


def test_problem_is_reported_fixed_and_recurring_while_another_persists(world: World) -> None:
    paused = replace(
        VDM_OFF, what="SES has paused it", severity=Severity.CRITICAL, blocks_monitoring=False
    )
    world.series.answers[Query(Metric.SEND, NEWS_IDENTITY)] = Gap.REJECTED

    for hours, findings in enumerate(([], [paused], [], [paused], [paused])):
        world.account.current_status = AccountStatus(vdm_enabled=True, findings=findings)
        world.run(hours)

    assert world.subjects == [
        "[WARNING] SES rejects queries about these scopes: news.example.com",
        "[CRITICAL] SES has paused it, and 1 more problem",
        "[WARNING] VDM Alerts: 1 problem fixed, 1 still open",
        "[CRITICAL] SES has paused it, and 1 more problem",
    ]


PROBLEM = replace(VDM_OFF, blocks_monitoring=False)


def add_rule_problem(world: World) -> None:
    world.rules.rule_set = replace(world.rules.rule_set, findings=[PROBLEM])


def add_silence_problem(world: World) -> None:
    world.silences.current = Silences(findings=[PROBLEM])


def add_account_problem(world: World) -> None:
    world.account.current_status = AccountStatus(vdm_enabled=True, findings=[PROBLEM])


@pytest.mark.parametrize(
    ("call", "add_problem"),
    [
        ("read rules", add_rule_problem),
        ("read silences", add_silence_problem),
        ("read account status", add_account_problem),
    ],
)
def test_problem_is_not_reported_fixed_while_its_source_is_unavailable(
    world: World, call: str, add_problem: Callable[[World], None]
) -> None:
    add_problem(world)

    world.run()
    world.fail(call, UnavailableError("something", "down"))
    world.run(hours=1)
    world.repair(call)
    world.run(hours=2)

    assert world.subjects == ["[WARNING] VDM is off"]


def test_outage_is_logged_and_counted_without_a_notification(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    outage = UnavailableError("ses:ListConfigurationSets", "Rate exceeded")
    world.fail("list configuration sets", outage)

    summary = world.run()

    assert world.notifier.sent == []
    assert summary.findings == 1
    assert "ses:ListConfigurationSets failed: Rate exceeded" in caplog.text


def test_unexpected_error_is_reported_and_stops_no_notification(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("list configuration sets", ZeroDivisionError("oh"))

    world.run()

    assert [subject.split("]")[0] for subject in world.subjects] == ["[WARNING", "[WARNING"]
    error = "VDM Alerts has an unexpected error (ZeroDivisionError)"
    assert error in world.notifier.sent[1].text
