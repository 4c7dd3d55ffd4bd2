"""What the demos print: their steps, the notifications of each run, and the metrics."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from rich.emoji import Emoji
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vdm_alerts_cli.terminal import SEVERITY_COLORS, Terminal, render_email, wrap_with_indent
from vdm_local.deployment import ReceivedNotification

_FRAME = 4
"""Columns that the frame of a panel takes."""
_MAX_STEP_WIDTH = 50
"""Most columns for the name and the duration of a step."""
T = TypeVar("T")


def timed(console: Terminal, step: str, work: Callable[[], T]) -> T:
    """Do *work*, and print the name of the *step* and its duration."""
    started = time.monotonic()
    with console.status(f"{step} ...", spinner="line"):  # It needs ASCII alone.
        result = work()
    step_width = min(console.width, _MAX_STEP_WIDTH) - len("  1234.5 s ")
    console.print(f"  {step:<{step_width}} {time.monotonic() - started:6.1f} s")
    return result


def print_heading(console: Terminal, at: datetime, story: str) -> None:
    """Print the time of a run and its *story*."""
    console.print(f"\n{at:%a %d %b %H:%M}  {story}", style="bold")


def print_deliveries(console: Terminal, deliveries: Sequence[ReceivedNotification]) -> None:
    """Print each form of each of *deliveries*."""
    if not deliveries:
        console.print("no notification", style="dim")
    for delivery in deliveries:
        color = SEVERITY_COLORS[delivery.document["severity"]]
        width = console.width - _FRAME
        formats = (
            (f"email to {delivery.to}", render_email(delivery.subject, delivery.text, width)),
            ("chat message of Amazon Q", _render_chat(delivery.chat, width)),
            ("JSON", Text(json.dumps(delivery.document), "dim")),
        )
        for title, text in formats:
            console.print(Panel(text, title=title, title_align="left", border_style=color))


def listed(reasons: Sequence[str]) -> str:
    """Return *reasons* as a text."""
    return ", ".join(reasons) or "no notification"


def print_metrics(console: Terminal, log: Sequence[Mapping[str, Any]]) -> None:
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
    table = Table(title=f"\nCloudWatch metrics in namespace {namespace}", title_justify="left")
    for heading in ("metric", "dimensions", "unit"):
        table.add_column(heading)
    for heading in ("samples", "min", "max", "last"):
        table.add_column(heading, justify="right")
    for key, samples in sorted(values.items()):
        figures = (min(samples), max(samples), samples[-1])
        table.add_row(*key, str(len(samples)), *(f"{figure:.3g}" for figure in figures))
    console.print(table)


def _render_chat(notification: Mapping[str, Any], width: int) -> Text:
    """Return a custom notification of Amazon Q as a chat channel shows it."""
    content = notification["content"]
    steps = "".join(f"\n  - {step}" for step in content["nextSteps"])
    title = (f"{Emoji.replace(content['title'])}\n", "bold")
    return Text.assemble(title, wrap_with_indent(f"{content['description']}{steps}", width))
