"""The hub and the spokes of a fleet, deployed to the local AWS."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deployed_stack import README_OPTIONS

from vdm_alerts.core.model.target import Target
from vdm_alerts_cli.demo_fleet import deploy_spoke
from vdm_alerts_cli.fleet_file import read_fleet
from vdm_local.cdk import bootstrap
from vdm_local.deployment import LocalDeployment, SubscriberInbox, deploy
from vdm_local.endpoints import HOME
from vdm_local.fleet_deployment import Execution, execute, wait_for_execution
from vdm_local.launcher import local_aws

SHOP = Target("222222222222", "us-east-1")
FLEET = """
external_id = "9f1c7c1e"
[[targets]]
account = "111122223333"
regions = ["eu-west-1"]
[[targets]]
account = "222222222222"
regions = ["us-east-1"]
alias = "shop"
"""
STORY = """
[[targets]]
account = "111122223333"
region = "eu-west-1"
scenario = "quiet.toml"
[[targets]]
account = "222222222222"
region = "us-east-1"
scenario = "quiet.toml"
"""
QUIET = """
begins = 2026-03-01
[[emails]]
identity = "news.example.com"
isp = "Gmail"
send = "1000x20"
permanent_bounce = "5x20"
"""
NOW = "2026-03-10T09:00:00+00:00"
WAIT_S = 60


@dataclass
class DeployedFleet:
    """A deployed hub with a spoke, past its first summary."""

    hub: LocalDeployment
    inbox: SubscriberInbox

    @property
    def state_machine(self) -> str:
        return self.hub.outputs["StateMachineArn"]

    def executions(self) -> Sequence[str]:
        """Return the ARNs of all executions."""
        states = self.hub.client("stepfunctions")
        listed = states.list_executions(stateMachineArn=self.state_machine)["executions"]
        return [each["executionArn"] for each in listed]

    def next_execution(self, earlier: Sequence[str]) -> Execution:
        """Return the execution that is not one of *earlier* when it has ended."""
        deadline = time.monotonic() + WAIT_S
        while not (new := set(self.executions()) - set(earlier)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return wait_for_execution(self.hub, new.pop())


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedFleet]:
    folder: Path = tmp_path_factory.mktemp("fleet")
    for name, text in (("fleet", FLEET), ("story", STORY), ("quiet", QUIET)):
        (folder / f"{name}.toml").write_text(text)
    with local_aws(folder / "story.toml") as aws:
        bootstrap(aws)
        file = str(folder / "fleet.toml")
        hub = deploy(aws, *README_OPTIONS, "-c", f"fleet={file}")
        deploy_spoke(hub, read_fleet(file), SHOP.account)
        aws.set_clock(NOW)
        with hub.inbox() as inbox:
            fleet = DeployedFleet(hub, inbox)
            first = execute(hub, fleet.state_machine, {"now": NOW})
            inbox.receive(first.output["messages_sent"])
            yield fleet


def allowed(fleet: DeployedFleet, role_name: str, target: Target = HOME) -> set[str]:
    """Return the actions that a role allows."""
    iam = fleet.hub.client("iam", target)
    (policy,) = iam.list_role_policies(RoleName=role_name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role_name, PolicyName=policy)["PolicyDocument"]
    return {each["Action"] for each in document["Statement"]}


def test_role_of_a_spoke_allows_what_an_evaluation_calls_and_nothing_else(
    fleet: DeployedFleet,
) -> None:
    calls = {call for call in fleet.hub.aws.calls() if call.split(":")[0] in {"ses", "cloudwatch"}}
    assert allowed(fleet, "vdm-alerts-reader", SHOP) == calls


def test_files_of_an_execution_are_below_its_name(fleet: DeployedFleet) -> None:
    execution = execute(fleet.hub, fleet.state_machine, {"now": "2026-03-10T11:00:00+00:00"})
    name = execution.arn.rpartition(":")[2]
    s3 = fleet.hub.client("s3")
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"] if "cdk" not in each["Name"]]
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    own = [key.removeprefix(f"executions/{name}/") for key in keys if name in key]
    assert "targets.json" in own
    assert any(key.startswith("results/") and key.endswith("/manifest.json") for key in own)


def test_weekly_schedule_sends_one_summary_of_all_targets(fleet: DeployedFleet) -> None:
    event: Mapping[str, Any] = {"now": "2026-03-16T08:00:00+00:00", "weeklySummary": True}
    fleet.hub.aws.set_clock(event["now"])
    execution = execute(fleet.hub, fleet.state_machine, event)
    (notification,) = fleet.inbox.receive(execution.output["messages_sent"])
    assert (notification.document["kind"], notification.document["topic"]) == ("fleet", "weekly")
    assert len(notification.document["targets"]) == 2


# An event has the time of the machine, so no run for an earlier time is possible after it.


def test_event_of_ses_in_a_spoke_evaluates_that_target_alone(fleet: DeployedFleet) -> None:
    earlier = fleet.executions()
    fleet.hub.aws.send_ses_event(SHOP.account, SHOP.region, "Sending Status Disabled")
    execution = fleet.next_execution(earlier)
    (child,) = execution.children
    assert (child.input["target"]["account"], child.input["target"]["region"]) == (
        SHOP.account,
        SHOP.region,
    )
    assert child.output["status"] == "evaluated"
    assert (execution.output["targets"], execution.output["blind"]) == (1, [])


def test_other_events_of_ses_in_a_spoke_start_nothing(fleet: DeployedFleet) -> None:
    earlier = fleet.executions()
    fleet.hub.aws.send_ses_event(SHOP.account, SHOP.region, "Email Received")
    assert fleet.executions() == earlier
