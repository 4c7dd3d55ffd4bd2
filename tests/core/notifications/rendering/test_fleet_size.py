"""The size of the notifications of large fleets."""

import json
from collections.abc import Callable, Sequence

import pytest
from builders import NOW
from fleet_examples import a_fleet, failing_provider
from fleet_world import HUB, FleetWorld, a_target

from vdm_alerts.adapters.aws.sns_notifier import forms_of
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.fleet.field_types import MAX_ALIAS_LENGTH
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.fleet import (
    MAX_TARGETS,
    FleetDigest,
    TargetNotification,
    Topic,
    fleet_messages,
    parts_of,
)
from vdm_alerts.core.notifications.notification import Notification
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import render

MAX_MESSAGE_SIZE = 256 * 1_024
"""Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
MARGIN = 24 * 1_024
"""Bytes for longer texts than those of this test, such as steps with long names."""
LONGEST_REGION = "ap-southeast-2"


def _due(fleet: FleetWorld) -> Sequence[Notification]:
    """Return what is due in the first target of *fleet*."""
    fleet.evaluate()
    return fleet.handovers.by_target[a_target(2)].notifications


def _provider() -> Sequence[Notification]:
    return _due(failing_provider(a_fleet(1)))


def _summary() -> Sequence[Notification]:
    fleet = a_fleet(1, bad=1)
    fleet.set_state(a_target(2), StoredState())
    return _due(fleet)


def _weekly() -> Sequence[Notification]:
    fleet = a_fleet(1, bad=1)
    fleet.execute()
    fleet.shared.store.request_summary(a_target(2), NOW.date())
    fleet.evaluate(1)
    return fleet.handovers.by_target[a_target(2)].notifications


def _service() -> Sequence[Notification]:
    fleet = a_fleet(1)
    [world] = fleet.worlds.values()
    world.fail("read rules", UnavailableError("ssm:GetParametersByPath", "no", transient=False))
    return _due(fleet)


def _others() -> Sequence[Notification]:
    return _due(a_fleet(1, bad=1))


DUE: dict[Topic, Callable[[], Sequence[Notification]]] = {
    Topic.PROVIDER: _provider,
    Topic.SUMMARY: _summary,
    Topic.WEEKLY: _weekly,
    Topic.SERVICE: _service,
    Topic.OTHERS: _others,
}


@pytest.mark.parametrize("letter", ["a", '"', "é", "日", "😀"])
@pytest.mark.parametrize("topic", Topic)
def test_digest_with_the_most_and_the_longest_names_fits_into_sns(
    topic: Topic, letter: str
) -> None:
    due = DUE[topic]()
    targets = [
        Target(f"{number:012}", LONGEST_REGION, f"{number:04}".rjust(MAX_ALIAS_LENGTH, letter))
        for number in range(MAX_TARGETS + 1)
    ]
    parts = [TargetNotification(target, each) for target in targets for each in due]
    messages = fleet_messages(parts, limit=1)
    assert len(messages) > 1
    assert {part.target for message in messages for part in parts_of(message)} == {*targets}
    digest = next(each for each in messages if isinstance(each, FleetDigest))
    assert (digest.topic, len(digest.targets)) == (topic, MAX_TARGETS)
    message = render(digest, Links(HUB), NOW)
    size = len(json.dumps(forms_of(message), ensure_ascii=False).encode())
    assert size <= MAX_MESSAGE_SIZE - MARGIN
