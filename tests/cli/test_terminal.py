"""The output: its width, and what it escapes."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rich.panel import Panel

from vdm_alerts_cli.demo import DEMO_SCENARIO
from vdm_alerts_cli.rule_files import DEFAULT_RULES
from vdm_alerts_cli.terminal import MAX_WIDTH, MIN_WIDTH, Terminal
from vdm_local.text_file import MAX_LENGTH

RunCommand = Callable[..., Result]
HOSTILE = "\x1b]0;title\x07 \x9b2J \u202e"
"""It would change the title of a terminal, clear it, and turn the direction of the text."""


def controls_in(text: str) -> set[str]:
    """Return the characters of *text* that do more than show something."""
    return {letter for letter in text if not letter.isprintable()} - {"\n"}


@pytest.mark.parametrize("columns", ["0", "1", "10", "40", "100000000", "-5", "many", ""])
@pytest.mark.parametrize("arguments", [["cost"], ["simulate", "--emails", DEMO_SCENARIO]], ids=str)
def test_lines_fit_into_a_usable_width_whatever_the_terminal_reports(
    run_command: RunCommand, monkeypatch: pytest.MonkeyPatch, columns: str, arguments: list[object]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    result = run_command(*arguments)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert MIN_WIDTH * 0.9 < max(map(len, lines)) <= MAX_WIDTH
    assert "…" not in result.stdout.replace("news.example.com a…", ""), "nothing is cut"


@pytest.mark.parametrize("terminal", [None, "", "dumb", "unknown", "xterm-256color"])
def test_terminal_escapes_control_characters_and_keeps_its_own_colors(
    monkeypatch: pytest.MonkeyPatch, terminal: str | None
) -> None:
    if terminal is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", terminal)
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = Terminal()
    console.file = io.StringIO()
    console.print(Panel(f"one{HOSTILE}\ntwo", border_style="red"))
    shown = console.file.getvalue()
    assert r"one\u001B]0;title" in shown
    assert r"\u009B2J \u202E" in shown
    assert controls_in(shown) <= {"\x1b"}
    assert "\x1b]" not in shown


def test_simulate_shows_no_control_character_of_a_scenario_or_rule(
    run_command: RunCommand, tmp_path: Path
) -> None:
    escaped = HOSTILE.encode("unicode_escape").decode().replace("\\x", "\\u00")
    scenario = tmp_path / f"{HOSTILE}.toml"
    scenario.write_text(f"""
begins = 2026-03-01
[[emails]]
identity = "news.example.com"
isp = "Hotmail"
send = "20000x10"
permanent_bounce = "200x6 2400x4"
[[run]]
at = 2026-03-08T09:00:00Z
expects = []
story = "one{escaped}\\r\\ntwo"
rules = {{ "a{escaped}" = "warning = '{escaped}'" }}
silences = {{ "b{escaped}" = "until = '{escaped}'" }}
""")
    rules = tmp_path / "rules"
    rules.mkdir()
    for name in (f"mine{HOSTILE}", "bounce-rate"):
        (rules / f"{name}.toml").write_bytes((DEFAULT_RULES / "bounce-rate.toml").read_bytes())
    (rules / "invalid.toml").write_text(f'"{escaped}" = "{HOSTILE}"')
    result = run_command("simulate", "--emails", "--rules", rules, scenario)
    assert result.exit_code == 1
    assert controls_in(result.output) == set()
    for place in ("one", "a", "b", "mine"):
        assert rf"{place}\u001B]0;title" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate", HOSTILE],
        ["simulate", DEMO_SCENARIO, "--rules", HOSTILE],
        ["simulate", f"--{HOSTILE}"],
        ["cost", HOSTILE],
        ["cost", "--firing", HOSTILE],
        ["stop", HOSTILE],
        [HOSTILE],
    ],
    ids=lambda arguments: " ".join(map(ascii, arguments)),
)
def test_error_shows_no_control_character_of_an_argument(
    run_command: RunCommand, arguments: list[object]
) -> None:
    result = run_command(*arguments)
    assert result.exit_code == 2
    assert controls_in(result.output) == set()
    assert "]0;title" in result.stderr


@pytest.mark.parametrize("is_rule", [False, True], ids=["scenario", "rule"])
@pytest.mark.parametrize(
    ("create", "says"),
    [
        (os.mkfifo, "is a folder, a device, or a pipe. Use a regular file."),
        (os.mkdir, "is a folder, a device, or a pipe. Use a regular file."),
        (lambda path: path.symlink_to("/dev/zero"), "is a folder, a device, or a pipe."),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to(path.parent / "none"), "No such file or directory"),
        (lambda path: path.write_bytes(bytes(range(256))), "is not encoded in UTF-8"),
        (lambda path: path.open("wb").truncate(2**33), f"is longer than {MAX_LENGTH:,} characters"),
    ],
    ids=["pipe", "folder", "device", "loop", "broken link", "binary", "8 GB"],
)
def test_simulate_rejects_what_is_not_a_text_file_and_names_it(
    run_command: RunCommand,
    tmp_path: Path,
    create: Callable[[Path], object],
    says: str,
    *,
    is_rule: bool,
) -> None:
    path = tmp_path / "odd.toml"
    create(path)
    result = run_command(
        "simulate", *((DEMO_SCENARIO, "--rules", tmp_path) if is_rule else (path,))
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"vdm-alerts: {path}: ")
    assert says in result.stderr
