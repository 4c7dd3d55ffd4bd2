"""Start and stop the local AWS."""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

from vdm_local.account import ACCOUNT, NO_ACCOUNT, REGION
from vdm_local.server import CALLS, CLOCK, EVENTS, MAILBOX, PERMISSIONS, SCENARIO

PREFIX = "vdm-alerts-aws-"
"""Prefix of the name of a local AWS's folder."""
CERTIFICATE = "certificate.pem"
"""File name of the certificate in that folder."""
START_TIMEOUT_S = 30.0
"""Seconds to wait for a start, which usually takes one or two."""

_ROOT = Path(__file__).parents[2]
_INTERPRETER = _ROOT / "local" / ".venv" / "bin" / "python"
_SOURCES = (_ROOT / "local", _ROOT / "lambda", _ROOT / "build" / "lambda-dependencies")
"""The code of the server. It checks scenarios with the code that checks rules."""


class LocalAwsStartError(Exception):
    """The local AWS did not start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A running local AWS: its address, its process group and its folder.

    Closing *lifeline* ends it, which happens at the latest when this process ends. Without a
    lifeline it runs until `stop`.
    """

    url: str
    process: int
    folder: Path
    lifeline: IO[bytes] | None = None

    @property
    def certificate(self) -> Path:
        """The path of the self-signed certificate."""
        return _certificate(self.folder)

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that direct SDKs and the CDK to it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CA_BUNDLE": str(self.certificate),
            "NODE_EXTRA_CA_CERTS": str(self.certificate),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment of this process, without any real AWS account."""
        inherited = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")}
        return {**inherited, **NO_ACCOUNT, **self.variables}

    def set_clock(self, now: str) -> None:
        """Set the current time of VDM to *now*.

        *now* is a timestamp in ISO 8601 with an offset.
        """
        self._request("PUT", CLOCK, json.dumps({"now": now}).encode())

    def set_scenario(self, text: str) -> None:
        """Replace the scenario of SES by the one in *text*."""
        self._request("PUT", SCENARIO, text.encode())

    def send_ses_event(self, account: str, region: str, kind: str) -> None:
        """Let SES of an account in a Region send an event of a *kind* to EventBridge there.

        *kind* is its detail type, such as "Sending Status Disabled".
        """
        query = urlencode({"account": account, "region": region})
        self._request("PUT", f"{EVENTS}?{query}", json.dumps({"detail-type": kind}).encode())

    def emails(self) -> list[dict[str, str]]:
        """Return every email that a topic sent, oldest first."""
        emails: list[dict[str, str]] = self._request("GET", MAILBOX)["emails"]
        return emails

    def calls(self) -> list[str]:
        """Return the operations that the function has called since the scenario was set."""
        calls: list[str] = self._request("GET", CALLS)["calls"]
        return calls

    def used_permissions(self) -> set[tuple[str, str]]:
        """Return each action that the function was allowed so far, with its resource."""
        permissions = self._request("GET", PERMISSIONS)["permissions"]
        return {(action, resource) for action, resource in permissions}

    def _request(self, method: str, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401
        tls = ssl.create_default_context(cafile=str(self.certificate))
        request = urllib.request.Request(f"{self.url}{path}", body, method=method)  # noqa: S310
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)
        )
        with opener.open(request, timeout=10) as reply:
            return json.load(reply)


def start(scenario: Path, *, detached: bool = False) -> LocalAws:
    """Start a local AWS on a free local port and wait until it responds.

    It ends with this process unless it is *detached*. Raises LocalAwsStartError.
    """
    if not _INTERPRETER.exists():
        raise LocalAwsStartError(f"{_INTERPRETER} is missing. Fix: run `make setup`.")
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    port = _free_port()
    log = folder / "log"
    arguments = ("--port", port, "--scenario", scenario, "--folder", folder)
    flags = () if detached else ("--with-parent",)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [_INTERPRETER, "-m", "vdm_local.emulator", *map(str, arguments), *flags],
            cwd=folder,
            env=_server_environment(folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
            start_new_session=True,  # The functions are its children and end with its group.
        )
    aws = LocalAws(f"https://127.0.0.1:{port}", process.pid, folder, process.stdin)
    try:
        _wait_until_ready(aws, process)
    except LocalAwsStartError as error:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        stop(aws)
        raise LocalAwsStartError(f"{error}\n{tail}") from None
    except BaseException:
        stop(aws)
        raise
    return aws


def stop(aws: LocalAws) -> None:
    """End *aws* with all its processes and delete its files."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):  # SIGTERM alone takes five seconds.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(aws.process, signal_number)
        if _has_ended(aws.process, within=0.5):
            break
    if aws.lifeline:
        aws.lifeline.close()
    shutil.rmtree(aws.folder, ignore_errors=True)


def is_running(aws: LocalAws) -> bool:
    """Return whether *aws* responds, with the certificate of its own."""
    with contextlib.suppress(OSError):
        aws.emails()
        return True
    return False


@contextmanager
def local_aws(scenario: Path) -> Iterator[LocalAws]:
    """Run a local AWS for the block."""
    aws = start(scenario)
    try:
        yield aws
    finally:
        stop(aws)


def _server_environment(folder: Path) -> dict[str, str]:
    """Return the environment of the server, which its functions inherit without PYTHONPATH."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {
        **inherited,
        **NO_ACCOUNT,
        "HOME": str(folder),
        "PYTHONPATH": os.pathsep.join(map(str, _SOURCES)),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder),  # For the code of its functions.
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
    }


def _certificate(folder: Path) -> Path:
    return folder / CERTIFICATE


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(aws: LocalAws, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LocalAwsStartError(
                f"The local AWS exited while it was starting, with exit code {process.returncode}:"
            )
        if is_running(aws):
            return
        time.sleep(0.05)
    raise LocalAwsStartError(f"The local AWS did not respond within {START_TIMEOUT_S:g} s:")


def _has_ended(process: int, within: float) -> bool:
    """Wait up to *within* seconds; return whether the process group is gone."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process, os.WNOHANG)  # Reap the child process.
        try:
            os.killpg(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
