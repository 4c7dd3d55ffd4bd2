"""Start and stop the local AWS, and say how to reach it."""

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

from vdm_local.account import ACCOUNT, REGION
from vdm_local.server import CLOCK, MAILBOX, SCENARIO

NO_ACCOUNT = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""The environment in which the SDKs find no real account, on disk or on the network."""
PREFIX = "vdm-alerts-aws-"
"""How the folder of a local AWS is called."""
CERTIFICATE = "certificate.pem"
"""What its certificate is called in there."""
PATIENCE = 30.0
"""Seconds to wait for a start, which takes one or two."""

_ROOT = Path(__file__).parents[2]
_INTERPRETER = _ROOT / "local" / ".venv" / "bin" / "python"


class CannotStart(Exception):
    """The local AWS did not come up; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A running local AWS: its address, its process group, and where it keeps its files.

    It ends when its *lifeline* is closed, at the latest with the process that holds it; without
    one it goes on until it is stopped.
    """

    url: str
    process: int
    folder: Path
    lifeline: IO[bytes] | None = None

    @property
    def certificate(self) -> Path:
        """The certificate to trust; it is its own authority."""
        return _certificate(self.folder)

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that point the SDKs and the CDK here."""
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
        """The environment of this process, with every trace of a real AWS account taken out."""
        clean = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")}
        return {**clean, **NO_ACCOUNT, **self.variables}

    def set_clock(self, now: str) -> None:
        """Make VDM take *now*, an instant in ISO 8601 with its offset, for the present."""
        self._ask("PUT", CLOCK, json.dumps({"now": now}).encode())

    def set_scenario(self, text: str) -> None:
        """Make SES the account of the scenario that is written in *text*."""
        self._ask("PUT", SCENARIO, text.encode())

    def mails(self) -> list[dict[str, str]]:
        """Return every mail that a topic sent to an address, oldest first."""
        mails: list[dict[str, str]] = self._ask("GET", MAILBOX)["mails"]
        return mails

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401
        trust = ssl.create_default_context(cafile=str(self.certificate))
        request = urllib.request.Request(f"{self.url}{path}", body, method=method)  # noqa: S310
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        with direct.open(request, timeout=10) as answer:
            return json.load(answer)


def start(scenario: Path, *, lasting: bool = False) -> LocalAws:
    """Start a local AWS on a free port of the loopback interface and wait until it answers.

    It ends with this process, however this ends, unless it is to be *lasting*. Raises CannotStart.
    """
    if not _INTERPRETER.exists():
        raise CannotStart(f"{_INTERPRETER} is missing: run `make setup`")
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    port = _free_port()
    log = folder / "log"
    arguments = ("--port", port, "--scenario", scenario, "--folder", folder)
    flags = () if lasting else ("--with-parent",)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [_INTERPRETER, "-m", "vdm_local.emulator", *map(str, arguments), *flags],
            cwd=folder,
            env=_server_environment(folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL if lasting else subprocess.PIPE,
            start_new_session=True,  # Its functions run as its children, and end with its group.
        )
    aws = LocalAws(f"https://127.0.0.1:{port}", process.pid, folder, process.stdin)
    try:
        _wait(aws, process)
    except CannotStart as error:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        stop(aws)
        raise CannotStart(f"{error}\n{tail}") from None
    except BaseException:
        stop(aws)
        raise
    return aws


def stop(aws: LocalAws) -> None:
    """End *aws* with all that runs in it, and remove its files."""
    for number in (signal.SIGTERM, signal.SIGKILL):  # Asked politely, it takes five seconds.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(aws.process, number)
        if _ended(aws.process, within=0.5):
            break
    if aws.lifeline:
        aws.lifeline.close()
    shutil.rmtree(aws.folder, ignore_errors=True)


def is_running(aws: LocalAws) -> bool:
    """Say whether *aws* answers, by the certificate that only it has the key of."""
    with contextlib.suppress(OSError):
        aws.mails()
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
    """Return the least that the server needs: its functions inherit all of it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {
        **kept,
        **NO_ACCOUNT,
        "HOME": str(folder),
        "PYTHONPATH": str(_ROOT / "local"),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder),  # Its functions' code goes here, and away with it.
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


def _wait(aws: LocalAws, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise CannotStart(f"the local AWS ended at once, with exit code {process.returncode}:")
        if is_running(aws):
            return
        time.sleep(0.05)
    raise CannotStart(f"the local AWS did not answer within {PATIENCE:g} s:")


def _ended(process: int, within: float) -> bool:
    """Say whether the group of *process* is gone, waiting for it as long as *within* seconds."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process, os.WNOHANG)  # Ours leaves a zombie until it is waited for.
        try:
            os.killpg(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
