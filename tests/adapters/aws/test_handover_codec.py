import json

import notification_examples
import pytest
from builders import NOW, TARGET
from notification_examples import EXAMPLES

from vdm_alerts.adapters.aws.handover_codec import (
    UnreadableHandoverError,
    decode_handover,
    encode_handover,
)
from vdm_alerts.app import notify
from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.handover import Handover
from vdm_alerts.core.notifications.notification import Notification
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import render


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[Notification]:
    """The notifications that an example renders."""
    notifications: list[Notification] = []

    def recording(notification: Notification | DeliveryTest, *arguments: object) -> object:
        if not isinstance(notification, DeliveryTest):
            notifications.append(notification)
        return render(notification, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(notify, "render", recording)
    monkeypatch.setattr(notification_examples, "render", recording)
    notification_examples._simulated.cache_clear()
    return notifications


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - {"test"}))
def test_every_kind_of_notification_survives(name: str, rendered: list[Notification]) -> None:
    EXAMPLES[name]()
    assert rendered
    handover = Handover(TARGET, NOW, True, tuple(rendered))
    decoded = decode_handover(encode_handover(handover))
    assert (decoded.target, decoded.at, decoded.is_state_saved) == (TARGET, NOW, True)
    for before, after in zip(rendered, decoded.notifications, strict=True):
        assert type(after) is type(before)
        assert (after.id, after.sequence, after.severity, after.is_urgent) == (
            before.id,
            before.sequence,
            before.severity,
            before.is_urgent,
        )
        assert render(after, Links(TARGET), NOW) == render(before, Links(TARGET), NOW)


def test_handover_without_a_saved_state_survives() -> None:
    handover = Handover(TARGET, NOW, False, ())
    assert decode_handover(encode_handover(handover)) == handover


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", "7", '{"target": 1}', json.dumps({"target": {}}), "[" * 100_000],
)
def test_text_that_is_no_handover_is_an_error(text: str) -> None:
    with pytest.raises(UnreadableHandoverError, match="what is due stays due"):
        decode_handover(text)
