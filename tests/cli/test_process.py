"""How the process of a command ends: interrupts, closed or full outputs, and odd terminals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vdm_alerts_cli.demo import DEMO_SCENARIO

INTERRUPTED_AT = """
import os, signal, sys

def interrupt(frame, event, argument):
    code = frame.f_code
    if event == "call" and code.co_name == {function!r} and {file!r} in code.co_filename:
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.setprofile(interrupt)
sys.argv = ["vdm-alerts", *{arguments!r}]
from vdm_alerts_cli.__main__ import main
main()
"""
"""A program that interrupts itself where a function is called first."""
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
SIMULATION = ("simulate", "--emails", str(DEMO_SCENARIO))


def shell(command: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run *command*, in which "$@" is `vdm-alerts` with *arguments*."""
    program = [sys.executable, "-m", "vdm_alerts_cli", *arguments]
    return subprocess.run(
        ["bash", "-c", command, "bash", *program],
        env={**os.environ, **variables},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("function", "file", "arguments"),
    [
        ("<module>", "click/core.py", ["cost"]),
        ("<module>", "vdm_alerts_cli/cost.py", ["cost"]),
        ("parse_args", "click/core.py", ["--help"]),
        ("print_costs", "vdm_alerts_cli/cost.py", ["cost"]),
        ("_print_run", "vdm_alerts_cli/simulation_output.py", SIMULATION),
        ("_run_exitfuncs", "", ["cost"]),
    ],
    ids=["import", "late import", "arguments", "command", "output", "exit"],
)
def test_interrupt_ends_the_process_without_a_traceback(
    function: str, file: str, arguments: list[str]
) -> None:
    if function == "_run_exitfuncs":  # It is written in C, so a function that it calls stands in.
        function, file = "_shutdown", "threading.py"
    program = INTERRUPTED_AT.format(function=function, file=file, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


def test_interrupt_during_the_demo_runs_its_cleanup_and_ends_the_process() -> None:
    program = """
import os, signal
from vdm_alerts_cli.signals import cleanup_on_interrupt

signal.signal(signal.SIGINT, signal.SIG_DFL)
with cleanup_on_interrupt():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        os.kill(os.getpid(), signal.SIGINT)  # A second one does not stop the cleanup.
        print("cleaned up", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, b"cleaned up\n")
    assert done.stderr == b""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["cost", "--help"], ["cost"], ["init", "rule"]], ids=" ".join
)
def test_command_fails_with_one_line_when_the_disk_is_full(arguments: list[str]) -> None:
    done = shell('"$@" >/dev/full', *arguments)
    assert done.returncode == 3
    assert done.stderr == b"vdm-alerts: cannot write: No space left on device\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ('"$@" >&-', b"vdm-alerts: cannot write: standard output is closed\n"),
        ('"$@" >&- 2>&-', b""),
    ],
    ids=["output", "output and errors"],
)
def test_command_fails_when_the_output_is_closed(command: str, message: bytes) -> None:
    done = shell(command, "--help")
    assert (done.returncode, done.stderr) == (3, message)


def test_error_keeps_its_status_and_stays_out_of_the_output_when_stderr_is_closed() -> None:
    done = shell('"$@" 2>&-', "cost", "--identities=-1")
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize(
    "arguments", [["--help"], SIMULATION, ["init", "rule"]], ids=["help", "simulate", "init"]
)
def test_command_ends_like_others_when_nobody_reads_its_output(arguments: list[str]) -> None:
    done = shell('"$@" | true; exit ${PIPESTATUS[0]}', *arguments)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_emails_are_printed_in_any_encoding(tmp_path: Path) -> None:
    """Characters that the terminal lacks, also those of a name that is not UTF-8, are escaped."""
    scenario = os.fsencode(tmp_path) + b"/\xff.toml"
    text = DEMO_SCENARIO.read_text("utf-8").replace('story = "', 'story = "Grüße. ', 1)
    Path(os.fsdecode(scenario)).write_text(text, "utf-8")
    done = shell('"$@"', "simulate", "--emails", os.fsdecode(scenario), **C_LOCALE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert rb"Gr\xfc\xdfe." in done.stdout
    assert rb"\uDCFF.toml" in done.stdout.replace(b"\n", b"")
