"""The demo of a fleet: three accounts in two Regions, evaluated by a hub on a local AWS."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from vdm_alerts.core.fleet.fleet import Fleet
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.wording import number_of
from vdm_alerts_cli.demo import UnexpectedNotificationsError, require_checkout, start_aws, stop_kept
from vdm_alerts_cli.demo_output import listed, print_deliveries, print_heading, timed
from vdm_alerts_cli.fleet_file import read_fleet
from vdm_alerts_cli.signals import cleanup_on_interrupt
from vdm_alerts_cli.spoke_template import spoke_template
from vdm_alerts_cli.terminal import Terminal
from vdm_local.cdk import ROOT, bootstrap
from vdm_local.deployment import EMAIL, LocalDeployment, SubscriberInbox, deploy
from vdm_local.endpoints import HOME
from vdm_local.fleet_deployment import Execution, denied, deploy_template, execute
from vdm_local.fleet_scenario import FleetRun, load_fleet_scenario
from vdm_local.scenario_run import SERVICE

FLEET = ROOT / "local" / "vdm_local" / "scenarios" / "fleet" / "fleet.toml"
"""The fleet file."""
STORY = FLEET.with_name("story.toml")
"""The fleet scenario."""


def run_fleet_demo(*, keep: bool) -> None:
    """Deploy a hub and its spokes to a local AWS, play the story, and print every notification.

    With *keep*, leave the local AWS running. Raises LocalAwsStartError, CdkError, StackFailedError,
    DeliveryError, ExecutionFailedError or UnexpectedNotificationsError.
    """
    require_checkout("demo-fleet")
    console = Terminal()
    started = time.monotonic()
    if stop_kept():
        console.print("Stopped the local AWS that an earlier demo left running.\n")
    console.print("A fleet on a local AWS, without an AWS account\n", style="bold")
    fleet = read_fleet(str(FLEET))
    with cleanup_on_interrupt(), ExitStack() as cleanup:
        aws = timed(console, "start the local AWS", lambda: start_aws(cleanup, STORY, keep=keep))
        timed(console, "cdk bootstrap", lambda: bootstrap(aws))
        options = ("-c", f"email={EMAIL}", "-c", f"fleet={FLEET}")
        hub = timed(console, "cdk deploy -c fleet=fleet.toml", lambda: deploy(aws, *options))
        accounts = sorted({target.target.account for target in fleet.targets} - {HOME.account})
        for account in accounts:
            step = f"templates of the spoke {account}"
            timed(console, step, partial(deploy_spoke, hub, fleet, account))
        runs = load_fleet_scenario(STORY).runs
        with hub.inbox() as inbox:
            sent = sum(_play(console, hub, fleet, run, inbox) for run in runs)
        console.print(
            f"\n{sent} notifications in {len(runs)} executions for {len(fleet.targets)} targets. "
            f"The demo took {time.monotonic() - started:.0f} s."
        )
        if keep:
            cleanup.pop_all()
            _print_kept(console, hub)


def deploy_spoke(hub: LocalDeployment, fleet: Fleet, account: str) -> None:
    """Deploy the templates of a spoke: that of its roles once, that of events in each Region."""
    regions = [each.target.region for each in fleet.targets if each.target.account == account]
    parameters = {"HubAccount": HOME.account, "HubRegion": HOME.region}
    roles = {**parameters, "RoleName": fleet.role, "ExternalId": fleet.external_id or ""}
    first = Target(account, regions[0])
    deploy_template(hub, first, "vdm-alerts-role", spoke_template("role"), roles)
    for region in regions:
        target = Target(account, region)
        deploy_template(hub, target, "vdm-alerts-events", spoke_template("events"), parameters)


def _play(
    console: Terminal, hub: LocalDeployment, fleet: Fleet, run: FleetRun, inbox: SubscriberInbox
) -> int:
    """Play one execution, print what it did, and return how many notifications it sent."""
    hub.aws.set_clock(run.at.isoformat())
    with ExitStack() as stack:
        for account in run.denied:
            stack.enter_context(denied(hub, account, fleet.role))
        execution = execute(hub, hub.outputs["StateMachineArn"], run.event)
    deliveries = inbox.receive(execution.output["messages_sent"])
    print_heading(console, run.at, run.story)
    console.print(_described(execution), style="dim")
    print_deliveries(console, deliveries)
    reasons = tuple(_reason(delivery.document) for delivery in deliveries)
    if reasons != run.expected_reasons:
        raise UnexpectedNotificationsError(
            f"{run.at:%Y-%m-%d %H:%M}: expected {listed(run.expected_reasons)}; sent "
            f"{listed(reasons)}."
        )
    return len(deliveries)


def _described(execution: Execution) -> str:
    """Return what an execution did, in a line."""
    report = execution.output
    blind = f", blind: {', '.join(report['blind'])}" if report["blind"] else ""
    return (
        f"execution: {execution.seconds:.0f} s, {report['evaluated']} of {report['targets']} "
        f"targets evaluated{blind}; {number_of('notification', report['notifications_due'])} due "
        f"in them, {report['messages_sent']} sent"
    )


def _reason(document: Mapping[str, Any]) -> str:
    """Return the reason of a notification, or its topic if it is about several targets."""
    topic: str | None = document.get("topic")
    return topic.upper() if topic else document.get("reason", SERVICE)


def _print_kept(console: Terminal, hub: LocalDeployment) -> None:
    """Print how to use the local AWS of *hub*, and how to stop it."""
    machine = hub.outputs["StateMachineArn"]
    console.print(
        f"""
The local AWS keeps running at {hub.aws.url}.
Every user of this machine can access it.
To use it, open a new shell and run:

    . build/local-aws.env
    .venv/bin/python -c 'import boto3; print(boto3.client("stepfunctions").list_executions(
        stateMachineArn="{machine}")["executions"])'

Each account of the fleet is its own access key there: with AWS_ACCESS_KEY_ID=222222222222, the
commands above are for that account.

To stop it:

    make stop
""",
        markup=False,
        soft_wrap=True,
    )
