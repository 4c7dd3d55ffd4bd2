"""The demo: a story of eleven days, played on the deployed stack, and what people would receive."""

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

from vdm_alerts_cli.reader import COLOURS, hanging, mail
from vdm_local.cdk import ROOT, bootstrap
from vdm_local.deployment import EMAIL, LocalDeployment, ReceivedNotification, deploy
from vdm_local.launcher import NO_ACCOUNT, LocalAws, is_running, start, stop
from vdm_local.scenario import load_scenario
from vdm_local.scenario_run import ScenarioRun

STORY = ROOT / "local" / "vdm_local" / "scenarios" / "newsletter.toml"
KEPT = ROOT / "build" / "local-aws.json"
VARIABLES = ROOT / "build" / "local-aws.env"

_FRAME = 4
"""How much wider a panel is than what is in it."""
T = TypeVar("T")


class StoryDiffers(Exception):
    """A run did not tell what the story says that it tells."""


def play(*, keep: bool) -> None:
    """Play the story and print it; with *keep*, leave the local AWS running.

    Raises CannotStart, CannotDeploy, NotDelivered, RunFailed or StoryDiffers.
    """
    console = Console(highlight=False)
    began = time.monotonic()
    if stop_kept():
        console.print("The local AWS that was kept before has been stopped.\n")
    console.print("VDM Alerts, on an AWS account on this machine\n", style="bold")
    with ExitStack() as held:
        aws = _timed(console, "starting the local AWS", lambda: start(STORY, detached=keep))
        held.callback(stop, aws)
        if keep:
            _record(aws)
        _timed(console, "cdk bootstrap", lambda: bootstrap(aws))
        option = f"email={EMAIL}"
        deployed = _timed(console, f"cdk deploy -c {option}", lambda: deploy(aws, "-c", option))
        with deployed.inbox() as inbox:
            runs = load_scenario(STORY).runs
            told = 0
            for run in runs:
                aws.set_clock(run.at.isoformat())
                summary = deployed.invoke({"now": run.at.isoformat()})
                deliveries = inbox.receive(summary["notices_told"])
                _show_run(console, run, deliveries)
                told += len(deliveries)
                reasons = tuple(one.document["reason"] for one in deliveries)
                if reasons != run.expected_reasons:
                    raise StoryDiffers(
                        f"at {run.at} {reasons} was told, and not {run.expected_reasons}"
                    )
        _show_metrics(console, deployed.log())
        console.print(
            f"{told} messages in {len(runs)} runs; {len(runs) - told} runs had nothing new to say. "
            f"All of it took {time.monotonic() - began:.0f} s."
        )
        if keep:
            held.pop_all()
            _keep(console, deployed)


def stop_kept() -> bool:
    """End the local AWS that an earlier demo was told to keep; say whether one was running."""
    if not KEPT.exists():
        return False
    kept = json.loads(KEPT.read_text())
    aws = LocalAws(kept["url"], kept["process"], Path(kept["folder"]))
    running = is_running(aws)
    if running:  # Otherwise its process number may be somebody else's by now.
        stop(aws)
    KEPT.unlink()
    VARIABLES.unlink(missing_ok=True)
    return running


def _timed(console: Console, what: str, work: Callable[[], T]) -> T:
    began = time.monotonic()
    with console.status(f"{what} ..."):
        result = work()
    console.print(f"  {what:<40} {time.monotonic() - began:5.1f} s")
    return result


def _show_run(
    console: Console, run: ScenarioRun, deliveries: Sequence[ReceivedNotification]
) -> None:
    console.print(f"\n{run.at:%a %d %b %H:%M}  {run.story}", style="bold")
    if not deliveries:
        console.print("Nothing is said.", style="dim")
    for one in deliveries:
        colour = COLOURS[one.document["severity"]]
        width = console.width - _FRAME
        forms = (
            (f"e-mail to {one.to}", mail(one.subject, one.text, width)),
            ("chat, by Amazon Q", _chat(one.chat, width)),
            ("for machines", Text(json.dumps(one.document), "dim")),
        )
        for title, text in forms:
            console.print(Panel(text, title=title, title_align="left", border_style=colour))


def _chat(notification: Mapping[str, Any], width: int) -> Text:
    """Return what a channel of so many columns shows of Amazon Q's custom *notification*."""
    content = notification["content"]
    steps = "".join(f"\n  - {step}" for step in content["nextSteps"])
    title = (f"{Emoji.replace(content['title'])}\n", "bold")
    return Text.assemble(title, hanging(f"{content['description']}{steps}", width))


def _show_metrics(console: Console, log: Sequence[Mapping[str, Any]]) -> None:
    """Print the metrics that the runs wrote to their log, in CloudWatch's embedded format."""
    values: defaultdict[tuple[str, str, str], list[float]] = defaultdict(list)
    namespace = ""
    for line in log:
        if "_aws" not in line:
            continue
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        namespace = directive["Namespace"]
        named = [name for name in directive["Dimensions"][0] if name not in {"service", "rule"}]
        where = ", ".join(f"{name} {line[name]}" for name in named)
        for metric in directive["Metrics"]:
            values[metric["Name"], where, metric["Unit"]] += line[metric["Name"]]
    table = Table(title=f"\nRecorded as metrics, namespace {namespace}", title_justify="left")
    for heading in ("metric", "of", "unit"):
        table.add_column(heading)
    for heading in ("times", "lowest", "highest", "last"):
        table.add_column(heading, justify="right")
    for key, recorded in sorted(values.items()):
        figures = (min(recorded), max(recorded), recorded[-1])
        table.add_row(*key, str(len(recorded)), *(f"{figure:.3g}" for figure in figures))
    console.print(table)


def _record(aws: LocalAws) -> None:
    """Write down how to stop *aws* later, and the environment to look around in it."""
    KEPT.write_text(json.dumps({"url": aws.url, "process": aws.process, "folder": str(aws.folder)}))
    forget = (
        "for name in $(env | sed -n 's/^\\(AWS_[A-Z0-9_]*\\)=.*/\\1/p'); do unset $name; done\n"
    )
    exports = {**NO_ACCOUNT, **aws.variables}
    VARIABLES.write_text(
        forget + "".join(f"export {name}={shlex.quote(each)}\n" for name, each in exports.items())
    )


def _keep(console: Console, deployed: LocalDeployment) -> None:
    """Say how to look around in *deployed*, and how to end it."""
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
