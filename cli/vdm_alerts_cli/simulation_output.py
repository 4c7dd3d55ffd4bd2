"""How `simulate` prints a scenario."""

from difflib import unified_diff

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.wording import number_of
from vdm_alerts_cli.simulated_run import ScenarioResult, SimulatedRun, difference, listed
from vdm_alerts_cli.terminal import SEVERITY_COLORS, Terminal, render_email
from vdm_local.account import ACCOUNT, REGION

_FRAME = 4
"""Columns that the frame of an email takes."""
_TIME_COLUMN = 18
"""Columns that the time of a run takes, with the space after it."""
_MIN_WIDTH_OF_COLUMNS = 72
"""Columns of a terminal in which emails fit beside the times. Otherwise, they are below them."""
_DIFF_COLORS = {"-": "red", "+": "green", "@": "cyan"}
"""The colors of the lines of a difference, by their first characters."""


def print_scenario(console: Terminal, result: ScenarioResult, *, emails: bool) -> None:
    """Print each run of *result*, with whole *emails* or with their subjects."""
    console.print(Text(escape_invisible(str(result.path)), "bold", overflow="fold"))
    unexpected = result.unexpected
    for run in result.runs:
        _print_run(console, run, emails=emails)
        if run in unexpected:
            console.print(difference(run), style="bold red")
    console.print()


def print_difference(console: Terminal, result: ScenarioResult) -> None:
    """Print how the notifications of *result* differ from the expected ones, as a unified diff."""
    name = escape_invisible(str(result.path))
    if not result.unexpected:
        outcome = "as expected" if result.has_expectations else "nothing is expected"
        text = Text(f"{name}: {outcome}, {number_of('run', len(result.runs))}", overflow="fold")
        console.print(text)
        return
    lines = unified_diff(
        [f"{run.run.at:%Y-%m-%d %H:%M}  {listed(run.run.expected_reasons)}" for run in result.runs],
        [f"{run.run.at:%Y-%m-%d %H:%M}  {listed(run.reasons)}" for run in result.runs],
        f"{name}: expected",
        f"{name}: sent",
        lineterm="",
    )
    for line in lines:
        console.print(Text(line, _DIFF_COLORS.get(line[0], "")), soft_wrap=True)


def _print_run(console: Terminal, result: SimulatedRun, *, emails: bool) -> None:
    has_columns = console.width >= _MIN_WIDTH_OF_COLUMNS
    width = console.width - _FRAME - (_TIME_COLUMN if has_columns else 0)
    lines: list[RenderableType] = [Text(result.run.story)]
    if not result.messages:
        lines.append(Text("no notification", "dim"))
    for message in result.messages:
        color = SEVERITY_COLORS[message.attributes["severity"]]
        subject = message.subject.removesuffix(f" - {ACCOUNT} {REGION}")  # The same in each one.
        if emails:
            email = render_email(subject, message.text, width)
            lines.append(Panel(email, border_style=color, expand=False))
        else:
            lines.append(Text(subject, color))
    time = f"{result.run.at:%a %d %b %H:%M}"
    if has_columns:
        columns = Table.grid(padding=(0, 2))
        columns.add_column(no_wrap=True)
        columns.add_column(overflow="fold")  # Otherwise, rich cuts long addresses.
        columns.add_row(time, Group(*lines))
        console.print(columns)
    else:
        console.print(time, *lines, sep="\n")
