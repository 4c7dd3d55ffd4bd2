"""Notifications that could not be sent, or whose delivery could not be stored."""

from dataclasses import replace

import pytest
from builders import NEWS_IDENTITY, a_rule
from fakes import World

from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.findings import AccessDeniedError, Finding, UnavailableError
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule_set import RuleSet

VDM_OFF = Finding("VDM", "VDM is off", "Turn it on")
MANY_NAMES = [f"{number}.example.com" for number in range(30)]


def test_unsent_notification_stays_due(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("publish", UnavailableError("sns:Publish", "no answer"))
    with pytest.raises(NotificationsUnsentError, match="1 of 1 notifications"):
        world.run()

    world.repair("publish")
    world.run(hours=1)

    assert world.subjects == ["[WARNING] Bounce rate 6% (above 5%): news.example.com"]
    assert "notification 1." in world.notifier.sent[0].text


def test_healthy_scopes_are_not_stored_even_while_a_notification_is_attempted(world: World) -> None:
    """A table of ten thousand identities would be written and emptied in every run."""
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("save state", UnavailableError("dynamodb:PutItem", "no answer"), only=2)

    with pytest.raises(UnavailableError):
        world.run()

    assert [alert.scope for alert in world.state.alerts.values()] == [NEWS_IDENTITY]


def test_repeated_notification_keeps_its_id_and_number_when_the_save_failed(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("save state", UnavailableError("dynamodb:PutItem", "no answer"), only=2)
    with pytest.raises(UnavailableError):
        world.run()

    world.run(hours=1)

    first, second = world.notifier.sent
    assert first.subject == second.subject
    assert "Incident bounce-rate-20260312T0900Z, notification 1." in first.text
    assert "Incident bounce-rate-20260312T0900Z, notification 1." in second.text


def test_run_fails_only_after_everything_else_is_done_when_a_publish_failed(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("publish", AccessDeniedError("sns:Publish"))

    with pytest.raises(NotificationsUnsentError):
        world.run()

    assert world.recorder.reports[-1].notifications_unsent == 1
    assert [key.scope for key in world.state.alerts] == [NEWS_IDENTITY]
    assert not world.is_leased()


def test_other_notifications_are_sent_when_one_publish_fails(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    invalid = Finding("rule", "A rule is bad", "Edit it")
    world.rules.rule_set = RuleSet({"bounce-rate": a_rule()}, {}, [invalid])
    world.fail("publish", ZeroDivisionError(), only=1)

    with pytest.raises(NotificationsUnsentError):
        world.run()

    assert world.subjects == ["[WARNING] A rule is bad"]


def test_service_notifications_have_sequence_numbers(world: World) -> None:
    world.account.current_status = AccountStatus(vdm_enabled=False, findings=[VDM_OFF])
    world.run()
    world.account.current_status = AccountStatus(vdm_enabled=True)
    world.run(hours=1)

    assert [document["sequence"] for document in world.documents] == [1, 2]


@pytest.mark.parametrize(
    ("first", "changed"),
    [
        (VDM_OFF, replace(VDM_OFF, severity=Severity.CRITICAL)),
        (replace(VDM_OFF, blocks_monitoring=False), VDM_OFF),
        (VDM_OFF.with_subjects(MANY_NAMES[:25]), VDM_OFF.with_subjects(MANY_NAMES)),
    ],
)
def test_problem_that_changed_since_an_unconfirmed_notification_gets_the_next_number(
    world: World, first: Finding, changed: Finding
) -> None:
    """A receiver that has the first notification would discard the change as a duplicate."""
    world.account.current_status = AccountStatus(vdm_enabled=False, findings=[first])
    world.fail("save state", UnavailableError("dynamodb:PutItem", "no answer"), only=2)
    with pytest.raises(UnavailableError):
        world.run()

    world.account.current_status = AccountStatus(vdm_enabled=False, findings=[changed])
    world.run(hours=1)

    assert [document["sequence"] for document in world.documents] == [1, 2]
