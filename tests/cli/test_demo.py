"""The demo as a new user runs it, and what it leaves behind."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from vdm_alerts_cli.demo import KEPT, VARIABLES, stop_kept

SUBJECTS = (
    "[OK] VDM Alerts is monitoring: no rate is above its threshold",
    "[WARNING] Bounce rate 7% (above 5%): news.example.com",
    "[CRITICAL] Bounce rate rose to 14.5% (above 10%): news.example.com",
    "[CRITICAL] Bounce rate still 15.1% (above 10%): news.example.com",
    "[CRITICAL] Weekly summary: 280,000 emails, 3 alerts open",
    "[RESOLVED] Bounce rate 1.1% (below 5%): news.example.com",
    "[CRITICAL] Complaint rate 1.6% (above 0.5%): offers.example.com",
)


FLEET_SUBJECTS = (
    "[OK] VDM Alerts is monitoring 6 targets: no rate is above its threshold",
    "[WARNING] Bounce rate 6.1% (above 5%): news.example.com - shop 222222222222",
    "[WARNING] Bounce rate still 6.1% (above 5%): news.example.com - shop 222222222222",
    "[WARNING] Account 333333333333 (travel), eu-west-1 is not monitored",
    "[RESOLVED] VDM Alerts: 2 problems fixed",
    "[RESOLVED] Bounce rate 0.87% (below 5%): news.example.com - shop 222222222222",
    "[OK] Weekly summary of 6 targets: no alert is open",
    "[CRITICAL] Bounce rate 12% to 13.3% at Yahoo: 6 targets",
    "[RESOLVED] Bounce rate at Yahoo: 6 targets",
)
"""The first words of the subjects, in order."""


def cli(root: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vdm_alerts_cli", *arguments],
        cwd=root,
        env={**os.environ, "COLUMNS": "100", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def emulators(folder: Path) -> set[int]:
    """Return the processes of every local AWS with its files in *folder*."""
    commands = {
        process.pid: process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])
    }
    return {
        pid
        for pid, command in commands.items()
        if "vdm_local.emulator" in command and str(folder) in " ".join(command)
    }


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for the files of the demo, which tells it from any other demo that runs here."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def conflicting_variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A proxy, an AWS profile, an AWS configuration and a CDK context of the user's."""
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("[default]\nignore_configured_endpoint_urls = true\n")
    (home / ".cdk.json").write_text('{"context": {"colour": "green"}}')
    return {
        "HOME": str(home),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "AWS_PROFILE": "no-such-profile",
    }


def test_demo_plays_the_scenario_and_leaves_nothing_behind(
    root: Path, temporary: Path, conflicting_variables: dict[str, str]
) -> None:
    """The demo ignores the configuration of the user, and so contacts no real account."""
    demo = cli(root, "demo", **conflicting_variables)
    assert demo.returncode == 0, demo.stderr + demo.stdout
    assert emulators(temporary) == set()
    assert list(temporary.iterdir()) == []
    for subject in SUBJECTS:
        assert demo.stdout.count(f"Subject: {subject}") == 1
    assert demo.stdout.count("no notification") == 6
    assert "7 notifications in 13 runs" in demo.stdout
    assert "CloudWatch metrics in namespace VdmAlerts" in demo.stdout
    assert "BounceRate" in demo.stdout


def test_demo_of_a_fleet_plays_its_story(root: Path, temporary: Path) -> None:
    demo = cli(root, "demo", "--fleet")
    assert demo.returncode == 0, demo.stderr + demo.stdout
    assert emulators(temporary) == set()
    subjects = re.findall(r"Subject: (.*)", demo.stdout)
    assert len(subjects) == len(FLEET_SUBJECTS)
    for subject, expected in zip(subjects, FLEET_SUBJECTS, strict=True):
        assert subject.startswith(expected)
    assert "blind: 333333333333 eu-west-1, 333333333333 us-east-1;" in demo.stdout
    assert "9 notifications in 9 executions for 6 targets" in demo.stdout


def _accept_interrupts() -> None:
    """Undo what a shell does to processes in the background: they ignore an interrupt."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_demo_leaves_nothing_behind_when_it_is_interrupted(
    root: Path, temporary: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "vdm_alerts_cli", "demo"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_accept_interrupts,  # noqa: PLW1509 - it starts no thread
    ) as demo:
        assert demo.stdout is not None
        assert any("start the local AWS" in line for line in demo.stdout), "it has ended"
        assert emulators(temporary)
        demo.send_signal(number)
        output = demo.stdout.read()
    assert demo.returncode != 0
    assert "Traceback" not in output
    deadline = time.monotonic() + 10
    while emulators(temporary) or list(temporary.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_kept_demo_accepts_commands_until_it_is_stopped(root: Path, temporary: Path) -> None:
    stop_kept()
    demo = cli(root, "demo", "--keep")
    try:
        assert demo.returncode == 0, demo.stderr
        assert "7 notifications in 13 runs" in demo.stdout
        lines = demo.stdout.splitlines()
        list_topics = next(line for line in lines if ".venv/bin/python -c" in line)
        listed = subprocess.run(
            ["sh", "-c", f". {shlex.quote(str(VARIABLES))}; {list_topics}; env"],
            cwd=root,
            env={
                **os.environ,
                "AWS_PROFILE": "mine",
                "AWS_ENDPOINT_URL_SNS": "https://127.0.0.1:9",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        assert "arn:aws:sns:eu-west-1:111122223333:" in listed.stdout
        assert "AWS_PROFILE=" not in listed.stdout
        invoke = next(line for line in lines if ".invoke(" in line)
        invoked = subprocess.run(
            ["sh", "-c", f". {shlex.quote(str(VARIABLES))}; {invoke}"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        assert '"notifications_unsent": 0' in invoked.stdout
        kept = json.loads(KEPT.read_text())
        assert {kept["process"]} == emulators(temporary)
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(kept["process"]).net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == ["127.0.0.1"], "one port, on the loopback interface alone"
    finally:
        stopped = cli(root, "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "Stopped the local AWS.\n"), stopped.stderr
    assert emulators(temporary) == set()
    assert list(temporary.iterdir()) == []
    with socket.socket() as probe:
        address = urlsplit(kept["url"])
        assert probe.connect_ex((address.hostname, address.port)) != 0
    assert not KEPT.exists()


def test_stop_ends_no_process_that_reuses_the_recorded_process_id(root: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as bystander:
        KEPT.parent.mkdir(exist_ok=True)
        stale = {"url": "https://127.0.0.1:9", "process": bystander.pid, "folder": "/nonexistent"}
        KEPT.write_text(json.dumps(stale))
        assert cli(root, "stop").returncode == 0
        assert bystander.poll() is None
        bystander.kill()
    assert not KEPT.exists()


def test_stop_succeeds_when_nothing_runs(root: Path) -> None:
    stopped = cli(root, "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "No local AWS was running.\n")
