"""An example of each notification about several targets of a fleet."""

from collections.abc import Callable, Mapping

from builders import NOW, a_rule
from fleet_world import FleetWorld, a_target

from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.fleet.answers import Status, TargetAnswer
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.notifications.rendering.message import Message

GMAIL = Scope(isp="Gmail")
DENIED = TargetAnswer(
    Status.BLIND,
    reason="the hub cannot assume the role arn:aws:iam::000000000003:role/vdm-alerts-reader",
    details="AccessDenied when calling the AssumeRole operation",
)


def a_fleet(count: int = 5, bad: int = 0, limit: int = 10) -> FleetWorld:
    """Return a fleet, of which the first *bad* targets have a bounce rate of 20%."""
    fleet = FleetWorld(count, limit)
    for number, world in enumerate(fleet.worlds.values()):
        world.set_rules(a_rule())
        world.set_bounces(ACCOUNT, 2_000 if number < bad else 10)
    return fleet


def failing_provider(fleet: FleetWorld, bounces: int = 1_200) -> FleetWorld:
    """Return *fleet*, in which the same provider rejects the email of every target."""
    for number, world in enumerate(fleet.worlds.values()):
        world.set_bounces(GMAIL, bounces and bounces + 200 * number)
    return fleet


def _sent(fleet: FleetWorld, hours: int = 0) -> list[Message]:
    fleet.shared.notifier.sent.clear()
    fleet.execute(hours)
    return fleet.shared.notifier.sent


def _provider() -> Message:
    return _sent(failing_provider(a_fleet()))[0]


def _provider_resolved() -> Message:
    fleet = failing_provider(a_fleet())
    fleet.execute()
    return _sent(failing_provider(fleet, 0), 1)[0]


def _summary() -> Message:
    fleet = a_fleet(bad=2)
    for target in fleet.targets:
        fleet.set_state(target, StoredState())
    return _sent(fleet)[0]


def _weekly() -> Message:
    fleet = a_fleet(bad=1)
    fleet.execute()
    for target in fleet.targets:
        fleet.shared.store.request_summary(target, NOW.date())
    return _sent(fleet, 1)[0]


def _problems() -> Message:
    fleet = a_fleet()
    for world in fleet.worlds.values():
        world.fail("read rules", UnavailableError("ssm:GetParametersByPath", "no", transient=False))
    answers = {**fleet.evaluate(), a_target(3): DENIED}
    fleet.deliver(answers)
    return fleet.shared.notifier.sent[0]


def _others() -> Message:
    return _sent(a_fleet(bad=5, limit=3))[-1]


FLEET_EXAMPLES: Mapping[str, Callable[[], Message]] = {
    "fleet-provider": _provider,
    "fleet-provider-resolved": _provider_resolved,
    "fleet-summary": _summary,
    "fleet-weekly": _weekly,
    "fleet-problems": _problems,
    "fleet-others": _others,
}
"""A function for each example, by its name."""
