"""The demo: a story of some weeks, played on the deployed stack, and what people would receive."""

import json
import shlex
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.emoji import Emoji
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vdm_local.deployment import EMAIL, ROOT, Delivery, Deployment, bootstrap, deploy
from vdm_local.launcher import LocalAws, is_running, start, stop
from vdm_local.scenario import Run, load_scenario

STORY = ROOT / "local" / "vdm_local" / "scenarios" / "newsletter.toml"
KEPT = ROOT / "build" / "local-aws.json"
VARIABLES = ROOT / "build" / "local-aws.env"

T = TypeVar("T")


def play(*, keep: bool) -> None:
    """Play the story and print it; with *keep*, leave the local AWS running.

    Raises CannotStart, CannotDeploy or RunFailed.
    """
    console = Console(highlight=False)
    began = time.monotonic()
    stop_kept()
    console.print("VDM Alerts, on an AWS account on this machine\n", style="bold")
    with ExitStack() as held:
        aws = _timed(console, "starting the local AWS", lambda: start(STORY, lasting=keep))
        held.callback(stop, aws)
        _timed(console, "cdk bootstrap", lambda: bootstrap(aws))
        option = f"email={EMAIL}"
        deployed = _timed(console, f"cdk deploy -c {option}", lambda: deploy(aws, "-c", option))
        with deployed.inbox() as inbox:
            runs = load_scenario(STORY).runs
            told = 0
            for run in runs:
                aws.set_clock(run.at.isoformat())
                summary = deployed.run({"now": run.at.isoformat()})
                deliveries = inbox.new(summary["notices_told"])
                _show_run(console, run, deliveries)
                told += len(deliveries)
        _show_metrics(console, deployed.log())
        console.print(
            f"{told} messages in {len(runs)} runs; {len(runs) - told} runs had nothing new to say. "
            f"All of it took {time.monotonic() - began:.0f} s."
        )
        if keep:
            held.pop_all()
            _keep(console, deployed)


def stop_kept() -> None:
    """End the local AWS that an earlier demo was told to keep, if it still runs."""
    if not KEPT.exists():
        return
    kept = json.loads(KEPT.read_text())
    aws = LocalAws(kept["url"], kept["process"], Path(kept["folder"]))
    if is_running(aws):  # Otherwise its process number may be somebody else's by now.
        stop(aws)
    KEPT.unlink()
    VARIABLES.unlink(missing_ok=True)


def _timed(console: Console, what: str, work: Callable[[], T]) -> T:
    began = time.monotonic()
    with console.status(f"{what} ..."):
        result = work()
    console.print(f"  {what:<40} {time.monotonic() - began:5.1f} s")
    return result


def _show_run(console: Console, run: Run, deliveries: Sequence[Delivery]) -> None:
    console.print(f"\n{run.at:%a %d %b %H:%M}  {run.story}", style="bold")
    if not deliveries:
        console.print("Nothing is said.", style="dim")
    for one in deliveries:
        mail = Text.assemble(("Subject: ", "dim"), (one.subject, "bold"), "\n\n", one.text.strip())
        console.print(Panel(mail, title=f"e-mail to {one.to}", title_align="left"))
        console.print(Panel(_chat(one.chat), title="chat, by Amazon Q", title_align="left"))
        document = json.dumps(one.document)
        console.print(Panel(Text(document, "dim"), title="for machines", title_align="left"))


def _chat(notification: Mapping[str, Any]) -> Text:
    """Return what a channel shows of Amazon Q's custom *notification*."""
    content = notification["content"]
    title = Emoji.replace(content["title"])
    steps = "".join(f"\n  • {step}" for step in content["nextSteps"])
    return Text.assemble((title, "bold"), f"\n{content['description']}{steps}")


def _show_metrics(console: Console, log: Sequence[Mapping[str, Any]]) -> None:
    """Print the metrics that the runs wrote to their log, in CloudWatch's embedded format."""
    counts: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str], float] = {}
    namespace = ""
    for line in log:
        if "_aws" not in line:
            continue
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        namespace = directive["Namespace"]
        named = [name for name in directive["Dimensions"][0] if name != "service"]
        where = ", ".join(f"{name} = {line[name]}" for name in named)
        for metric in directive["Metrics"]:
            key = metric["Name"], where
            (last[key],) = line[metric["Name"]]
            counts[key] += 1
    table = Table(title=f"\nRecorded as metrics, namespace {namespace}", title_justify="left")
    table.add_column("metric")
    table.add_column("dimension")
    table.add_column("times", justify="right")
    table.add_column("last", justify="right")
    for (metric, where), times in sorted(counts.items()):
        table.add_row(metric, where, str(times), f"{last[metric, where]:.4g}")
    console.print(table)


def _keep(console: Console, deployed: Deployment) -> None:
    """Leave *deployed* running, and say how to look around in it and how to end it."""
    aws = deployed.aws
    KEPT.write_text(json.dumps({"url": aws.url, "process": aws.process, "folder": str(aws.folder)}))
    exports = {**aws.variables, **{f"VDM_{key}": each for key, each in deployed.outputs.items()}}
    VARIABLES.write_text(
        "".join(f"export {name}={shlex.quote(each)}\n" for name, each in exports.items())
    )
    console.print(
        f"""
The local AWS goes on at {aws.url}. To look around, in any SDK or tool of AWS's:

    . build/local-aws.env
    .venv/bin/python -c 'import boto3; print(boto3.client("sns").list_topics()["Topics"])'

To end it:

    make stop
""",
        markup=False,
    )
