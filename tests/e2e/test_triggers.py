"""Triggers of the deployed function other than a direct invocation."""

import json
import time
from datetime import UTC, datetime, timedelta

from deployed_stack import EMPTY_SCENARIO, DeployedStack

SES_EVENT = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "source": "aws.ses",
    "detail-type": "Sending Status Disabled",
    "time": "2026-01-02T03:04:05Z",
    "resources": [],
    "detail": {"version": "1.0.0", "data": "Sending was disabled"},
}
"""An event as EventBridge delivers it. Only AWS can put an event of this source on a bus."""


def test_ses_event_triggers_a_run_at_the_current_time(stack: DeployedStack) -> None:
    """The time in the event is not the time of the run."""
    stack.aws.set_scenario(f"{EMPTY_SCENARIO}\nsending_enabled = false")
    stack.deployment.client("lambda").invoke(
        FunctionName=stack.deployment.outputs["FunctionName"],
        InvocationType="Event",
        Payload=json.dumps(SES_EVENT).encode(),
    )
    deadline = time.monotonic() + 20
    while len(stack.aws.emails()) == stack.inbox.received_count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (notification,) = stack.inbox.receive(1)
    assert "Sending is turned off for this account in this Region" in notification.text
    sent_at = datetime.fromisoformat(notification.document["at"])
    assert abs(datetime.now(UTC) - sent_at) < timedelta(minutes=5)
