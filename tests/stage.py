"""A deployed stack as the end-to-end tests play on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import ORIGIN

from vdm_alerts.adapters.aws.dynamodb_state import TableStore
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_local.deployment import (
    InvocationFailedError,
    LocalDeployment,
    ReceivedNotification,
    SubscriberInbox,
)

EMPTY = "begins = 2026-03-01"
DEPLOY = ("-c", "email=ops@example.com")
"""What the README deploys with; a test of the README holds it to that."""


@dataclass
class Stage:
    """A deployed stack with its subscribers, and a clock that goes on by an hour a run."""

    deployed: LocalDeployment
    inbox: SubscriberInbox
    now: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def run(self, at: datetime | None = None) -> tuple[dict[str, Any], list[ReceivedNotification]]:
        """Run as of *at*, or an hour later than last; return the summary and what was told."""
        summary = self.judge(at)
        return summary, self.inbox.receive(summary["notices_told"])

    def judge(self, at: datetime | None = None) -> dict[str, Any]:
        """Run as of *at*, or an hour later than last; return the summary, and wait for no mail."""
        self.now = at or self.now + timedelta(hours=1)
        self.deployed.aws.set_clock(self.now.isoformat())
        return self.deployed.invoke({"now": self.now.isoformat()})

    def fails(self) -> str:
        """Run, expecting an error; return its message."""
        self.now += timedelta(hours=1)
        with pytest.raises(InvocationFailedError) as caught:
            self.deployed.invoke({"now": self.now.isoformat()})
        return str(caught.value)

    def rules(self) -> dict[str, str]:
        """Return the text of every parameter under the path of the rules, by what follows it."""
        path = self.deployed.outputs["RulesPath"]
        ssm = self.deployed.client("ssm")
        found = ssm.get_parameters_by_path(Path=path, Recursive=True)["Parameters"]
        return {each["Name"].removeprefix(f"{path}/"): each["Value"] for each in found}

    def write_rules(self, texts: Mapping[str, str | None]) -> None:
        """Put *texts* under the path of the rules; None takes a parameter away."""
        path = self.deployed.outputs["RulesPath"]
        ssm = self.deployed.client("ssm")
        for name, text in texts.items():
            if text is not None:
                ssm.put_parameter(Name=f"{path}/{name}", Value=text, Type="String", Overwrite=True)
            elif name in self.rules():
                ssm.delete_parameter(Name=f"{path}/{name}")

    def begin(self) -> None:
        """Empty the table but for the first message's having been told, and skip all told so far.

        What the first run says is a matter of its own.
        """
        self.forget()
        TableStore(self.deployed.table).save(ORIGIN, Memory(introduced=True), replacing=Memory())

    def forget(self) -> None:
        """Empty the table, and skip what was told so far."""
        self.deployed.clear_state()
