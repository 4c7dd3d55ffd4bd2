"""The reference of the command line, which is generated from the commands.

`make snapshots` writes it.
"""

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import click

from vdm_alerts_cli.command_line import COMMANDS, vdm_alerts
from vdm_alerts_cli.options import account_options, output_options, reading_options

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
HEADING = """# Command line reference

`vdm-alerts` answers questions about your account, and tries VDM Alerts on your machine.
`make setup` installs it into `.venv/bin`, which `export PATH="$PWD/.venv/bin:$PATH"` in the
repository adds to your shell. `pipx install .` and `uv tool install .` install it for your user.
Start with [the tutorial](tutorial.md), which follows an incident.

This page is generated from the help texts (`make snapshots`).
"""


def test_reference_has_every_command_and_option() -> None:
    text = reference()
    if "WRITE_SNAPSHOTS" in os.environ:
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text
    for command in COMMANDS:
        assert f"\n## {command.name}\n" in text


def reference() -> str:
    context = click.Context(vdm_alerts, info_name="vdm-alerts")
    parts = [HEADING, *_paragraphs(vdm_alerts)]
    parts += ["## Shared options", "Many commands have these options.", _table(_shared(), context)]
    for command in sorted(COMMANDS, key=lambda each: str(each.name)):
        parts += [f"## {command.name}", *_section(command, context)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _shared() -> list[click.Option]:
    """Return the options of `options.py`, in their order."""
    decorated = account_options(reading_options(output_options()(lambda **_: None)))
    return _options(click.command("any")(decorated))


def _section(command: click.Command, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=command.name, parent=parent)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f"```text\nUsage: {context.command_path} {pieces}\n```"
    yield from _paragraphs(command)
    shared = {option.name for option in _shared()}
    options = _options(command)
    if own := [option for option in options if option.name not in shared or _differs(option)]:
        yield _table(own, context)
    others = [option for option in options if option not in own]
    if others:
        names = ", ".join(f"`{max(option.opts, key=len)}`" for option in others)
        yield f"[Shared options](#shared-options): {names}."
    if isinstance(command, click.Group):
        for name, each in sorted(command.commands.items()):
            yield f"### {command.name} {name}"
            yield from _section(each, context)


def _differs(option: click.Option) -> bool:
    """Return whether *option* has fewer choices than the shared one."""
    shared = {each.name: each for each in _shared()}[option.name]
    return shared.type.to_info_dict() != option.type.to_info_dict()


def _options(command: click.Command) -> list[click.Option]:
    return [each for each in command.params if isinstance(each, click.Option)]


def _paragraphs(command: click.Command) -> Iterator[str]:
    """Yield the paragraphs of the help text. One with fixed lines becomes a block."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if "\b" in paragraph:
            lines = [line for line in paragraph.split("\n") if line != "\b"]
            yield "```text\n" + "\n".join(lines) + "\n```"
        else:
            yield re.sub(r"\s+", " ", paragraph)


def _table(options: list[click.Option], context: click.Context) -> str:
    rows = [record for option in options if (record := option.get_help_record(context))]
    cells = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in rows]
    return "\n".join(["| option | |", "|---|---|", *cells])


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
