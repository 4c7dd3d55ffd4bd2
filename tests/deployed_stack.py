"""A deployed stack and its subscribers, as the end-to-end tests use them."""

import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT

from vdm_alerts.adapters.aws.dynamodb_items import EXPIRES, LEASE, partition_key
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.target import Target
from vdm_local.account import ACCOUNT, REGION
from vdm_local.cdk import cdk, cdk_environment, local_options
from vdm_local.deployment import (
    InvocationFailedError,
    LocalDeployment,
    ReceivedNotification,
    SubscriberInbox,
    deploy,
)
from vdm_local.launcher import LocalAws

TARGET = Target(ACCOUNT, REGION)
START = datetime(2026, 1, 1, tzinfo=UTC)
EMPTY_SCENARIO = "begins = 2026-03-01"
README_OPTIONS = ("-c", "email=ops@example.com")
"""The options of the deployment in the README; tests/docs compares the two."""
MADE_TARGETS = ("bootstrap", "deploy", "diff", "destroy")
"""The targets of the Makefile that `make` runs here, in tests/e2e/test_lifecycle.py."""


def synthesize(aws: LocalAws, folder: Path, *options: str) -> Path:
    """Run `cdk synth` with *options*; return the cloud assembly, in *folder*.

    A synth takes longer than a deployment, so that tests deploy one assembly several times.
    """
    cdk(aws, "synth", "--quiet", *options)
    return Path(shutil.move(aws.folder / "cdk.out", folder))


def deploy_assembly(aws: LocalAws, assembly: Path, *options: str) -> LocalDeployment:
    """Run `cdk deploy` on the cloud *assembly*. Raises CdkError."""
    return deploy(aws, "--app", str(assembly), *options)


def destroy(aws: LocalAws, assembly: Path) -> None:
    """Run `cdk destroy` on the stack of the cloud *assembly*."""
    cdk(aws, "destroy", "--force", "--app", str(assembly))


def make(aws: LocalAws, path: str, target: str, *options: str) -> str:
    """Run `make` *target* with *options* in ARGS, on *path*, and return its output.

    The options of the local AWS are added, and those that answer the questions of the CDK.
    """
    assert target in MADE_TARGETS
    answers = {"deploy": ("--require-approval=never",), "destroy": ("--force",)}
    arguments = shlex.join([*options, *answers.get(target, ()), *local_options(aws)])
    done = subprocess.run(
        ["make", target, f"ARGS={arguments}"],
        cwd=ROOT,
        env={**cdk_environment(aws), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@dataclass
class DeployedStack:
    """A deployed stack with its subscribers, and a clock that each run moves on by an hour."""

    deployment: LocalDeployment
    inbox: SubscriberInbox
    now: datetime = START

    @property
    def aws(self) -> LocalAws:
        """The local AWS that the stack is deployed to."""
        return self.deployment.aws

    def run(
        self, at: datetime | None = None, **event: object
    ) -> tuple[dict[str, Any], list[ReceivedNotification]]:
        """Run as of *at*, or an hour after the last run; return the run report and deliveries.

        *event* is what else the event of the invocation contains.
        """
        report = self.invoke(at, **event)
        return report, self.inbox.receive(report["notifications_sent"])

    def invoke(self, at: datetime | None = None, **event: object) -> dict[str, Any]:
        """Run as of *at*, or an hour after the last run; return the run report alone.

        *event* is as above.
        """
        self.now = at or self.now + timedelta(hours=1)
        self.aws.set_clock(self.now.isoformat())
        return self.deployment.invoke({**event, "now": self.now.isoformat()})

    def run_failing(self) -> str:
        """Run an hour after the last run; require an error and return its message."""
        self.now += timedelta(hours=1)
        with pytest.raises(InvocationFailedError) as error:
            self.deployment.invoke({"now": self.now.isoformat()})
        return str(error.value)

    def rules(self) -> dict[str, str]:
        """Return the text of every rule by its name below the path of the rules."""
        path = self.deployment.outputs["RulesPath"]
        ssm = self.deployment.client("ssm")
        parameters = ssm.get_parameters_by_path(Path=path, Recursive=True)["Parameters"]
        return {each["Name"].removeprefix(f"{path}/"): each["Value"] for each in parameters}

    def write_rules(self, texts: Mapping[str, str | None]) -> None:
        """Write *texts* to the parameters of the rules; None deletes a parameter."""
        path = self.deployment.outputs["RulesPath"]
        ssm = self.deployment.client("ssm")
        for name, text in texts.items():
            if text is not None:
                ssm.put_parameter(Name=f"{path}/{name}", Value=text, Type="String", Overwrite=True)
            elif name in self.rules():
                ssm.delete_parameter(Name=f"{path}/{name}")

    def expire_lease(self) -> None:
        """End the lease of a killed run at once, instead of waiting until it expires."""
        key = {"pk": partition_key(LEASE, TARGET), "sk": "lease"}
        lease = self.deployment.table.get_item(Key=key).get("Item")
        if lease:
            expired = int(lease[EXPIRES]) - int(timedelta(hours=1).total_seconds())
            self.deployment.table.put_item(Item={**lease, EXPIRES: expired})

    def start_over(self) -> None:
        """Set the clock back to START, with the first summary sent and no other state."""
        self.delete_state()
        DynamoDbState(self.deployment.table).save(
            TARGET, StoredState(summary_sent=True), replacing=StoredState()
        )
        self.now = START

    def delete_state(self) -> None:
        """Delete every item in the state table."""
        self.deployment.clear_state()
