"""A deployed stack as the end-to-end tests play on it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vdm_local.deployment import Delivery, Deployment, Inbox, RunFailed

EMPTY = "begins = 2026-03-01"
DEPLOY = ("-c", "email=ops@example.com")
"""What the README deploys with; a test of the README holds it to that."""


@dataclass
class Stage:
    """A deployed stack with its subscribers, and a clock that goes on by an hour a run."""

    deployed: Deployment
    inbox: Inbox
    now: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def run(self, at: datetime | None = None) -> tuple[dict[str, Any], list[Delivery]]:
        """Run as of *at*, or an hour later than last; return the summary and what was told."""
        self.now = at or self.now + timedelta(hours=1)
        self.deployed.aws.set_clock(self.now.isoformat())
        summary = self.deployed.run({"now": self.now.isoformat()})
        return summary, self.inbox.new(summary["notices_told"])

    def fails(self) -> str:
        """Run, expecting an error; return its message."""
        self.now += timedelta(hours=1)
        with pytest.raises(RunFailed) as caught:
            self.deployed.run({"now": self.now.isoformat()})
        return str(caught.value)

    def forget(self) -> None:
        """Empty the table, and skip what was told so far."""
        table = self.deployed.session.resource(
            "dynamodb",
            endpoint_url=self.deployed.aws.url,
            verify=str(self.deployed.aws.certificate),
        ).Table(self.deployed.outputs["TableName"])
        for item in table.scan()["Items"]:
            table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
