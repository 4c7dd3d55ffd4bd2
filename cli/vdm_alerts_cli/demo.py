"""The demo: 11 days of email, evaluated by the stack on a local AWS."""

import json
import shlex
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from vdm_alerts_cli.clock import VARIABLE as CLOCK_VARIABLE
from vdm_alerts_cli.demo_output import (
    listed,
    print_deliveries,
    print_heading,
    print_metrics,
    timed,
)
from vdm_alerts_cli.errors import NotReadError, UnexpectedResultError
from vdm_alerts_cli.signals import cleanup_on_interrupt
from vdm_alerts_cli.terminal import Terminal
from vdm_local.account import NO_ACCOUNT
from vdm_local.cdk import ROOT, bootstrap
from vdm_local.deployment import EMAIL, LocalDeployment, deploy
from vdm_local.fleet_scenario import load_scenarios
from vdm_local.launcher import LocalAws, is_running, start, stop
from vdm_local.scenario import load_scenario
from vdm_local.text_file import read_text_file

DEMO_SCENARIO = ROOT / "local" / "vdm_local" / "scenarios" / "newsletter.toml"
KEPT = ROOT / "build" / "local-aws.json"
"""How to stop the local AWS that `demo --keep` left running."""
VARIABLES = ROOT / "build" / "local-aws.env"
"""The environment variables to use that local AWS, as a shell script."""


class UnexpectedNotificationsError(UnexpectedResultError):
    """A run sent other notifications than the scenario of the demo expects."""


class KeptAwsError(NotReadError):
    """The file that says how to stop the kept local AWS is damaged."""


def run_demo(*, keep: bool) -> None:
    """Deploy to a local AWS, play the scenario, and print every notification.

    With *keep*, leave the local AWS running. Raises LocalAwsStartError, CdkError, DeliveryError,
    InvocationFailedError or UnexpectedNotificationsError.
    """
    require_checkout("demo")
    console = Terminal()
    started = time.monotonic()
    if stop_kept():
        console.print("Stopped the local AWS that an earlier demo left running.\n")
    console.print("VDM Alerts on a local AWS, without an AWS account\n", style="bold")
    with cleanup_on_interrupt(), ExitStack() as cleanup:
        aws = timed(
            console, "start the local AWS", lambda: start_aws(cleanup, DEMO_SCENARIO, keep=keep)
        )
        timed(console, "cdk bootstrap", lambda: bootstrap(aws))
        option = f"email={EMAIL}"
        deployed = timed(console, f"cdk deploy -c {option}", lambda: deploy(aws, "-c", option))
        with deployed.inbox() as inbox:
            runs = load_scenario(DEMO_SCENARIO).runs
            sent = 0
            for run in runs:
                aws.set_clock(run.at.isoformat())
                summary = deployed.invoke(run.event)
                deliveries = inbox.receive(summary["notifications_sent"])
                print_heading(console, run.at, run.story)
                print_deliveries(console, deliveries)
                sent += len(deliveries)
                reasons = tuple(delivery.document["reason"] for delivery in deliveries)
                if reasons != run.expected_reasons:
                    raise UnexpectedNotificationsError(
                        f"{run.at:%Y-%m-%d %H:%M}: expected {listed(run.expected_reasons)}; sent "
                        f"{listed(reasons)}."
                    )
        print_metrics(console, deployed.log())
        console.print(
            f"{sent} notifications in {len(runs)} runs. {len(runs) - sent} runs sent none. "
            f"The demo took {time.monotonic() - started:.0f} s."
        )
        if keep:
            cleanup.pop_all()
            _print_kept(console, deployed)


def stop_kept() -> bool:
    """Stop the local AWS that `demo --keep` left running; return whether one was running.

    Raises KeptAwsError, and NotReadError without a checkout.
    """
    require_checkout("stop")
    if not KEPT.exists():
        return False
    try:
        kept = json.loads(read_text_file(KEPT))
        aws = LocalAws(str(kept["url"]), int(kept["process"]), Path(kept["folder"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise KeptAwsError(
            f"{KEPT} is damaged: {error!r}. Effect: a local AWS might still be running. Fix: end "
            "the processes of vdm_local.emulator, if any, and delete the file."
        ) from error
    running = is_running(aws)
    if running:  # Otherwise its process id may belong to another process now.
        stop(aws)
    KEPT.unlink()
    VARIABLES.unlink(missing_ok=True)
    return running


def require_checkout(command: str) -> None:
    """Raise NotReadError unless this module is in a checkout, which has the stack to deploy."""
    if not (ROOT / "cdk.json").exists():
        raise NotReadError(
            f"{command} needs a checkout of the repository, because it deploys the stack. Fix: "
            f"clone the repository, and run `make {command}` in it."
        )


def start_aws(cleanup: ExitStack, scenario: Path, *, keep: bool) -> LocalAws:
    """Start a local AWS that *cleanup* stops. With *keep*, `stop` can stop it, too.

    Its *scenario* is that of an account or of a fleet. Raises LocalAwsStartError.
    """
    aws = start(scenario, detached=keep)
    cleanup.callback(stop, aws)
    if keep:
        _save_kept(aws, load_scenarios(scenario).runs[-1].at)
    return aws


def _save_kept(aws: LocalAws, now: datetime) -> None:
    """Save how to stop *aws* later, and the environment variables to use it as of *now*."""
    kept = {"url": aws.url, "process": aws.process, "folder": str(aws.folder)}
    KEPT.write_text(json.dumps(kept), "utf-8")
    unset = "for name in $(env | sed -n 's/^\\(AWS_[A-Z0-9_]*\\)=.*/\\1/p'); do unset $name; done\n"
    exports = {**NO_ACCOUNT, **aws.variables, CLOCK_VARIABLE: now.isoformat()}
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in exports.items())
    VARIABLES.write_text(unset + "".join(lines), "utf-8")


def _print_kept(console: Terminal, deployed: LocalDeployment) -> None:
    """Print how to use the local AWS of *deployed*, and how to stop it."""
    event = json.dumps({"now": "2026-03-21T09:00:00Z"})
    name = deployed.outputs["FunctionName"]
    invoke = f'boto3.client("lambda").invoke(FunctionName="{name}", Payload=b"""{event}""")'
    console.print(
        f"""
The local AWS keeps running at {deployed.aws.url}.
Every user of this machine can access it.
To use it, open a new shell and run:

    . build/local-aws.env
    .venv/bin/vdm-alerts check
    .venv/bin/python -c 'import boto3; print(boto3.client("sns").list_topics()["Topics"])'
    .venv/bin/python -c 'import boto3; print({invoke}["Payload"].read())'

There, time stands still at the last run of the demo, and `vdm-alerts` follows {CLOCK_VARIABLE}. The
last command runs VDM Alerts for the time in "now", which cannot be earlier than the last run.
Without "now", a run is for today, where the scenario has no more emails. After that, no run for an
earlier time is possible. To show all emails that were sent:

    curl --cacert $AWS_CA_BUNDLE {deployed.aws.url}/_vdm/mailbox

To stop it:

    make stop
""",
        markup=False,
        soft_wrap=True,
    )
