"""Runs that cannot read or write the table."""

from builders import NEWS_IDENTITY, a_rule
from fakes import World

from vdm_alerts.core.model.findings import AccessDeniedError, Finding
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.rule_set import RuleSet

INVALID = Finding("rule", "Rule r is invalid", "Edit it")


def test_run_reports_breaches_as_history_unavailable_when_the_lease_is_denied(
    world: World,
) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.run()
    before = world.state

    world.fail("take lease", AccessDeniedError("dynamodb:PutItem"))
    world.run(hours=1)

    breach, service = world.notifier.sent[1:]
    assert "Alert history unavailable" in breach.text
    assert "not allowed to call dynamodb:PutItem" in service.text
    assert world.state == before


def test_run_reports_breaches_as_history_unavailable_when_the_save_is_denied(
    world: World,
) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("save state", AccessDeniedError("dynamodb:BatchWriteItem"))

    world.run()

    breach, service = world.notifier.sent
    assert "Alert history unavailable" in breach.text
    assert "not allowed to call dynamodb:BatchWriteItem" in service.text


def test_notification_has_another_id_when_it_cannot_be_stored(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.rules.rule_set = RuleSet({"bounce-rate": a_rule()}, {"bad": INVALID})
    world.run()
    world.fail("save state", AccessDeniedError("dynamodb:BatchWriteItem"))
    world.set_bounces(NEWS_IDENTITY, 1_200)
    world.run(hours=1)
    world.repair("save state")
    world.run(hours=2)

    numbers = [(document["id"], document["sequence"]) for document in world.documents]
    first, service, unsaved, unsaved_service, second = numbers
    assert (first, service) == (("bounce-rate-20260312T0900Z", 1), ("service", 1))
    assert unsaved[0].startswith("bounce-rate-20260312T0900Z-unremembered-")
    assert unsaved_service[0].startswith("service-unremembered-")
    assert second == ("bounce-rate-20260312T0900Z", 2)


def test_roster_is_not_saved_when_the_state_is_not(world: World) -> None:
    """A roster without the state would mark unreported breaches as read."""
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("save state", AccessDeniedError("dynamodb:BatchWriteItem"))

    world.run()

    assert world.roster == SenderRoster()
