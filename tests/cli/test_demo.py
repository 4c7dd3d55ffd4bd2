"""The demo as a newcomer runs it, and what it leaves behind."""

import json
import os
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


def desk(root: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vdm_alerts_cli", *arguments],
        cwd=root,
        env={**os.environ, "COLUMNS": "100", **more},
        capture_output=True,
        text=True,
        check=False,
    )


def emulators(folder: Path) -> set[int]:
    """The processes of local AWSs that keep their files in *folder*, and of no other."""
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
    """Where the demo keeps its files, so that another one on this machine is not taken for it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_it_tells_the_story_and_leaves_nothing_behind(root: Path, temporary: Path) -> None:
    done = desk(root, "demo")
    assert done.returncode == 0, done.stderr
    assert emulators(temporary) == set()
    assert list(temporary.iterdir()) == []
    for kind in (
        "Subject: [OK] VDM Alerts is watching, and nothing is beyond a threshold",
        "Subject: [WARNING] Bounce rate of news.example.com is 7%",
        "Subject: [CRITICAL] Bounce rate of news.example.com has risen to 14.5%",
        "Subject: [CRITICAL] Bounce rate of news.example.com is still 15.1%",
        "Subject: [RESOLVED] Bounce rate of news.example.com is back to 1.1%",
        "Subject: [CRITICAL] Complaint rate of offers.example.com is 1.6%",
    ):
        assert done.stdout.count(kind) == 1
    assert done.stdout.count("Nothing is said.") == 6
    assert "6 messages in 12 runs" in done.stdout
    assert "Recorded as metrics, namespace VdmAlerts" in done.stdout
    assert "BounceRate" in done.stdout


def _as_from_a_terminal() -> None:
    """A shell has what it starts in the background ignore an interrupt, and that is handed down."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_it_leaves_nothing_behind_either(
    root: Path, temporary: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "vdm_alerts_cli", "demo"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_as_from_a_terminal,  # noqa: PLW1509 - it starts no thread
    ) as demo:
        assert demo.stdout is not None
        while "starting the local AWS" not in demo.stdout.readline():
            pass
        assert emulators(temporary)
        demo.send_signal(number)
        rest = demo.stdout.read()
    assert demo.returncode != 0
    assert "Traceback" not in rest
    until = time.monotonic() + 10
    while emulators(temporary) or list(temporary.iterdir()):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_kept_it_can_be_looked_around_in_and_stopped(root: Path, temporary: Path) -> None:
    stop_kept()
    done = desk(root, "demo", "--keep")
    try:
        assert done.returncode == 0, done.stderr
        look = next(line for line in done.stdout.splitlines() if ".venv/bin/python -c" in line)
        seen = subprocess.run(
            ["sh", "-c", f". {shlex.quote(str(VARIABLES))}; {look}; env"],
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
        assert "arn:aws:sns:eu-west-1:111122223333:" in seen.stdout
        assert "AWS_PROFILE=" not in seen.stdout
        run = next(line for line in done.stdout.splitlines() if ".invoke(" in line)
        ran = subprocess.run(
            ["sh", "-c", f". {shlex.quote(str(VARIABLES))}; {run}"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        assert '"notices_owed": 0' in ran.stdout
        kept = json.loads(KEPT.read_text())
        assert {kept["process"]} == emulators(temporary)
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(kept["process"]).net_connections()
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == ["127.0.0.1"], "on the loopback interface, and on one port"
    finally:
        stopped = desk(root, "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "stopped\n"), stopped.stderr
    assert emulators(temporary) == set()
    assert list(temporary.iterdir()) == []
    with socket.socket() as probe:
        address = urlsplit(kept["url"])
        assert probe.connect_ex((address.hostname, address.port)) != 0
    assert not KEPT.exists()


def test_a_record_of_one_that_no_longer_runs_ends_nobody_elses_process(root: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as bystander:
        KEPT.parent.mkdir(exist_ok=True)
        gone = {"url": "https://127.0.0.1:9", "process": bystander.pid, "folder": "/nonexistent"}
        KEPT.write_text(json.dumps(gone))
        assert desk(root, "stop").returncode == 0
        assert bystander.poll() is None
        bystander.kill()
    assert not KEPT.exists()


def test_stopping_where_nothing_runs_is_no_error(root: Path) -> None:
    stopped = desk(root, "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "nothing was running\n")


@pytest.mark.usefixtures("temporary")
def test_it_minds_neither_a_proxy_nor_a_profile_nor_a_context_of_the_users(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And it tells no real account: the credentials and the settings found are not used."""
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("[default]\nignore_configured_endpoint_urls = true\n")
    (home / ".cdk.json").write_text('{"context": {"colour": "green"}}')
    hostile = {
        "HOME": str(home),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "AWS_PROFILE": "no-such-profile",
    }
    done = desk(root, "demo", **hostile)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "6 messages in 12 runs" in done.stdout
