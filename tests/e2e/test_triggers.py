"""What wakes the deployed function besides a person."""

import json
import time
from datetime import UTC, datetime, timedelta

from stage import EMPTY, Stage

NEWS = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "source": "aws.ses",
    "detail-type": "Sending Status Disabled",
    "time": "2026-01-02T03:04:05Z",
    "resources": [],
    "detail": {"version": "1.0.0", "data": "Sending was disabled"},
}
"""An event as EventBridge hands it on; nobody but AWS can put one with this source on a bus."""


def test_news_from_ses_makes_the_function_look_at_once_as_of_now(stage: Stage) -> None:
    """The event's own time is never the instant of a run."""
    stage.deployed.aws.set_scenario(f"{EMPTY}\nsending_enabled = false")
    stage.deployed.client("lambda").invoke(
        FunctionName=stage.deployed.outputs["FunctionName"],
        InvocationType="Event",
        Payload=json.dumps(NEWS).encode(),
    )
    until = time.monotonic() + 20
    while len(stage.deployed.aws.emails()) == stage.inbox.received_count:
        assert time.monotonic() < until
        time.sleep(0.05)
    (told,) = stage.inbox.receive(1)
    assert "Sending is switched off for this account in this Region" in told.text
    at = datetime.fromisoformat(told.document["at"])
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)
