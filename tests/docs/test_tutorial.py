"""The tutorial, executed on a local AWS: every command prints what the page says."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from vdm_alerts_cli.demo import VARIABLES, stop_kept

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
OMITTED = "[...]"
"""A line of the page that stands for any lines."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The environment of a shell that has read the variables of a kept demo."""
    stop_kept()
    folder = tmp_path_factory.mktemp("tutorial")
    demo = [sys.executable, "-m", "vdm_alerts_cli", "demo", "--keep"]
    started = {**os.environ, "TMPDIR": str(folder)}
    try:
        subprocess.run(demo, cwd=ROOT, env=started, check=True, capture_output=True)
        shell = f". {shlex.quote(str(VARIABLES))} && env -0"
        listed = subprocess.check_output(["sh", "-c", shell], text=True)
        variables = dict(line.split("=", 1) for line in listed.split("\0") if line)
        path = f"{Path(sys.executable).parent}:{variables['PATH']}"
        yield {**variables, "PATH": path, "COLUMNS": "100", "HOME": str(folder)}
    finally:
        stop_kept()


def commands_in(blocks: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each command, and the output that the page shows."""
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def matches(shown: str, printed: str) -> bool:
    """Return whether *printed* is what the page has *shown*, apart from blanks at line ends."""
    lines = [re.escape(line.rstrip()) for line in shown.splitlines()]
    omitted = re.escape(OMITTED)
    pattern = "".join(r"(?:.*\n)*?" if line == omitted else rf"{line}\n" for line in lines)
    text = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return re.fullmatch(pattern, text) is not None


def test_tutorial_prints_what_it_says(environment: Mapping[str, str], tmp_path: Path) -> None:
    """One shell runs all commands, as a reader does, so that each sees what the others changed."""
    for command, shown in commands_in(BLOCKS):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert matches(shown, done.stdout), f"$ {command}\n{done.stdout}"


QUESTIONS = (
    "doctor",
    "check",
    "explain account",
    "export",
    "backtest --days 5",
    "report --to /dev/stdout",
    "history",
    "silence list",
    "test-alert",
    "evidence",
)
"""Every command that prints something about an account, apart from those that change it."""


@pytest.mark.parametrize("command", QUESTIONS)
def test_full_disk_is_one_line_and_exit_status_3(
    environment: Mapping[str, str], command: str
) -> None:
    done = shell(environment, f"vdm-alerts {command} --quiet >/dev/full")
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1].endswith("No space left on device")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", QUESTIONS)
def test_closed_pipe_ends_a_command_like_others(
    environment: Mapping[str, str], command: str
) -> None:
    done = shell(environment, f"vdm-alerts {command} --quiet | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode == 128 + signal.SIGPIPE, done.stderr
    assert done.stderr == ""


def shell(environment: Mapping[str, str], command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
