"""The demo: 11 days of email, evaluated by the stack on a local AWS."""

import json
import shlex
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.emoji import Emoji
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vdm_alerts_cli.terminal import SEVERITY_COLORS, render_email, wrap_with_indent
from vdm_local.cdk import ROOT, bootstrap
from vdm_local.deployment import EMAIL, LocalDeployment, ReceivedNotification, deploy
from vdm_local.launcher import NO_ACCOUNT, LocalAws, is_running, start, stop
from vdm_local.scenario import load_scenario
from vdm_local.scenario_run import ScenarioRun

DEMO_SCENARIO = ROOT / "local" / "vdm_local" / "scenarios" / "newsletter.toml"
KEPT = ROOT / "build" / "local-aws.json"
"""How to stop the local AWS that `demo --keep` left running."""
VARIABLES = ROOT / "build" / "local-aws.env"
"""The environment variables to use that local AWS, as a shell script."""

_FRAME = 4
"""Columns that the frame of a panel takes."""
T = TypeVar("T")


class UnexpectedNotificationsError(Exception):
    """A run sent other notifications than the scenario of the demo expects."""


def run_demo(*, keep: bool) -> None:
    """Deploy to a local AWS, play the scenario, and print every notification.

    With *keep*, leave the local AWS running. Raises LocalAwsStartError, CdkError, DeliveryError,
    InvocationFailedError or UnexpectedNotificationsError.
    """
    console = Console(highlight=False)
    started = time.monotonic()
    if stop_kept():
        console.print("The local AWS that was kept before has been stopped.\n")
    console.print("VDM Alerts, on an AWS account on this machine\n", style="bold")
    with ExitStack() as cleanup:
        aws = _timed(console, "starting the local AWS", lambda: start(DEMO_SCENARIO, detached=keep))
        cleanup.callback(stop, aws)
        if keep:
            _save_kept(aws)
        _timed(console, "cdk bootstrap", lambda: bootstrap(aws))
        option = f"email={EMAIL}"
        deployed = _timed(console, f"cdk deploy -c {option}", lambda: deploy(aws, "-c", option))
        with deployed.inbox() as inbox:
            runs = load_scenario(DEMO_SCENARIO).runs
            sent = 0
            for run in runs:
                aws.set_clock(run.at.isoformat())
                summary = deployed.invoke({"now": run.at.isoformat()})
                deliveries = inbox.receive(summary["notifications_sent"])
                _print_run(console, run, deliveries)
                sent += len(deliveries)
                reasons = tuple(delivery.document["reason"] for delivery in deliveries)
                if reasons != run.expected_reasons:
                    raise UnexpectedNotificationsError(
                        f"at {run.at} {reasons} was told, and not {run.expected_reasons}"
                    )
        _print_metrics(console, deployed.log())
        console.print(
            f"{sent} messages in {len(runs)} runs; {len(runs) - sent} runs had nothing new to say. "
            f"All of it took {time.monotonic() - started:.0f} s."
        )
        if keep:
            cleanup.pop_all()
            _print_kept(console, deployed)


def stop_kept() -> bool:
    """Stop the local AWS that `demo --keep` left running; return whether one was running."""
    if not KEPT.exists():
        return False
    kept = json.loads(KEPT.read_text())
    aws = LocalAws(kept["url"], kept["process"], Path(kept["folder"]))
    running = is_running(aws)
    if running:  # Otherwise its process id may belong to another process now.
        stop(aws)
    KEPT.unlink()
    VARIABLES.unlink(missing_ok=True)
    return running


def _timed(console: Console, step: str, work: Callable[[], T]) -> T:
    started = time.monotonic()
    with console.status(f"{step} ..."):
        result = work()
    console.print(f"  {step:<40} {time.monotonic() - started:5.1f} s")
    return result


def _print_run(
    console: Console, run: ScenarioRun, deliveries: Sequence[ReceivedNotification]
) -> None:
    console.print(f"\n{run.at:%a %d %b %H:%M}  {run.story}", style="bold")
    if not deliveries:
        console.print("Nothing is said.", style="dim")
    for delivery in deliveries:
        color = SEVERITY_COLORS[delivery.document["severity"]]
        width = console.width - _FRAME
        formats = (
            (f"e-mail to {delivery.to}", render_email(delivery.subject, delivery.text, width)),
            ("chat, by Amazon Q", _render_chat(delivery.chat, width)),
            ("for machines", Text(json.dumps(delivery.document), "dim")),
        )
        for title, text in formats:
            console.print(Panel(text, title=title, title_align="left", border_style=color))


def _render_chat(notification: Mapping[str, Any], width: int) -> Text:
    """Return a custom notification of Amazon Q as a chat channel shows it."""
    content = notification["content"]
    steps = "".join(f"\n  - {step}" for step in content["nextSteps"])
    title = (f"{Emoji.replace(content['title'])}\n", "bold")
    return Text.assemble(title, wrap_with_indent(f"{content['description']}{steps}", width))


def _print_metrics(console: Console, log: Sequence[Mapping[str, Any]]) -> None:
    """Print the metrics in *log*, where CloudWatch's embedded metric format puts them."""
    values: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    namespace = ""
    for line in log:
        if "_aws" not in line:
            continue
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        namespace = directive["Namespace"]
        names = [name for name in directive["Dimensions"][0] if name not in {"service", "rule"}]
        scope = ", ".join(f"{name} {line[name]}" for name in names)
        for metric in directive["Metrics"]:
            values[metric["Name"], scope, metric["Unit"]] += line[metric["Name"]]
    table = Table(title=f"\nRecorded as metrics, namespace {namespace}", title_justify="left")
    for heading in ("metric", "of", "unit"):
        table.add_column(heading)
    for heading in ("times", "lowest", "highest", "last"):
        table.add_column(heading, justify="right")
    for key, samples in sorted(values.items()):
        figures = (min(samples), max(samples), samples[-1])
        table.add_row(*key, str(len(samples)), *(f"{figure:.3g}" for figure in figures))
    console.print(table)


def _save_kept(aws: LocalAws) -> None:
    """Save how to stop *aws* later, and the environment variables to use it."""
    KEPT.write_text(json.dumps({"url": aws.url, "process": aws.process, "folder": str(aws.folder)}))
    unset = "for name in $(env | sed -n 's/^\\(AWS_[A-Z0-9_]*\\)=.*/\\1/p'); do unset $name; done\n"
    exports = {**NO_ACCOUNT, **aws.variables}
    VARIABLES.write_text(
        unset + "".join(f"export {name}={shlex.quote(value)}\n" for name, value in exports.items())
    )


def _print_kept(console: Console, deployed: LocalDeployment) -> None:
    """Print how to use the local AWS of *deployed*, and how to stop it."""
    event = json.dumps({"now": "2026-03-21T09:00:00Z"})
    name = deployed.outputs["FunctionName"]
    invoke = f'boto3.client("lambda").invoke(FunctionName="{name}", Payload=b"""{event}""")'
    console.print(
        f"""
The local AWS goes on at {deployed.aws.url}, for everybody with a shell on this machine.
To look around, in a shell of its own, with any SDK or tool of AWS's:

    . build/local-aws.env
    .venv/bin/python -c 'import boto3; print(boto3.client("sns").list_topics()["Topics"])'
    .venv/bin/python -c 'import boto3; print({invoke}["Payload"].read())'

A run may be as of any instant from that of the last one on; without "now" it is as of today,
where the story has long ended, and no run can go back from there. The mails, so far:

    curl --cacert $AWS_CA_BUNDLE {deployed.aws.url}/_vdm/mailbox

To end it:

    make stop
""",
        markup=False,
        soft_wrap=True,
    )
