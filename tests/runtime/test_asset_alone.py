"""The asset as Lambda runs it: by AWS's own runtime client, with boto3 and nothing else at hand.

The local AWS runs functions on an interpreter that has packages of its own, in which a missing
dependency could hide. Here nothing is on the path but the asset.
"""

import json
import platform
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.error import HTTPError

import pytest
from stage import DEPLOY

from infra.asset import assemble
from vdm_local.cdk import bootstrap
from vdm_local.deployment import LocalDeployment, deploy
from vdm_local.launcher import local_aws
from vdm_local.scenario import load_scenario

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "build" / "runtime"
STORY = ROOT / "local/vdm_local/scenarios/newsletter.toml"
Invoke: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
RUNTIMES = ("newest", "oldest")
PATIENCE = 30.0

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the runtime interface emulator is a program for Linux"
)


@pytest.fixture(scope="module")
def deployed() -> Iterator[LocalDeployment]:
    with local_aws(STORY) as aws:
        bootstrap(aws)
        yield deploy(aws, *DEPLOY)


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("asset")
    assemble(target)
    return target


@pytest.fixture(params=RUNTIMES)
def invoke(
    request: pytest.FixtureRequest, asset: Path, deployed: LocalDeployment, tmp_path: Path
) -> Iterator[Invoke]:
    """Run the asset under the emulator; give a function that invokes it with an event."""
    python = RUNTIME / request.param / "bin" / "python"
    configured = deployed.client("lambda").get_function_configuration(
        FunctionName=deployed.outputs["FunctionName"]
    )
    environment = {
        **deployed.aws.variables,
        **configured["Environment"]["Variables"],
        "AWS_LAMBDA_FUNCTION_NAME": configured["FunctionName"],
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(configured["Timeout"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configured["MemorySize"]),
        "LAMBDA_TASK_ROOT": str(asset),
        "PATH": "",
    }
    emulator = RUNTIME / "emulator" / "samcli" / "local" / "rapid"
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    door, inside = _free_address(), _free_address()
    log = tmp_path / "log"
    with _running(
        str(emulator / f"aws-lambda-rie-{machine}"),
        *("--runtime-interface-emulator-address", door, "--runtime-api-address", inside),
        *(str(python), "-s", "-m", "awslambdaric", configured["Handler"]),
        folder=asset,
        environment=environment,
        log=log,
    ):
        _await(door)
        url = f"http://{door}/2015-03-31/functions/function/invocations"
        yield lambda event: _invoked(url, event, log)


def test_the_story_is_told_as_on_the_local_aws(invoke: Invoke, deployed: LocalDeployment) -> None:
    """With all rights: what the function's role allows is the end-to-end tests' matter."""
    deployed.clear_state()
    before = len(deployed.aws.emails())
    told = 0
    for run in load_scenario(STORY).runs:
        deployed.aws.set_clock(run.at.isoformat())
        summary = invoke({"now": run.at.isoformat()})
        assert summary["notices_told"] == len(run.expected_reasons), summary
        assert summary["findings"] == summary["series_unknown"] == 0
        told += len(run.expected_reasons)
    assert len(deployed.aws.emails()) == before + told > before


def test_no_more_is_imported_than_a_run_needs(asset: Path) -> None:
    """What is imported is paid for at every cold start; benchmarks/cold_start.py says how much."""
    source = "import sys; from vdm_alerts import handler; print(*sys.modules)"
    command = [str(RUNTIME / "newest" / "bin" / "python"), "-s", "-c", source]
    done = subprocess.run(command, cwd=asset, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert {"boto3", "cattrs", "aws_lambda_powertools.metrics"} <= imported, "it did look"
    assert not imported & {"aws_xray_sdk", "pydantic", "requests", "numpy"}
    powertools = {
        name.split(".")[2]
        for name in imported
        if name.startswith("aws_lambda_powertools.utilities.")
    }
    assert powertools == {"jmespath_utils"}, "its logger's own"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_nothing_but_the_runtime_and_boto3_is_there(runtime: str) -> None:
    python = RUNTIME / runtime / "bin" / "python"
    ours = ["attr", "cattrs", "aws_lambda_powertools", "typing_extensions", "tzdata", "vdm_alerts"]
    source = f"import importlib.util as i; print([n for n in {ours} if i.find_spec(n)])"
    done = subprocess.run([python, "-I", "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@contextmanager
def _running(*command: str, folder: Path, environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def _await(address: str) -> None:
    host, port = address.split(":")
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


def _invoked(url: str, event: dict[str, Any], log: Path) -> dict[str, Any]:
    """Invoke the function at *url*, on the loopback interface, and return what it answers."""
    request = urllib.request.Request(url, json.dumps(event).encode())  # noqa: S310
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=PATIENCE) as answer:
            said: dict[str, Any] = json.load(answer)
    except HTTPError as error:
        pytest.fail(f"{error}; the emulator's log:\n{log.read_text()[-3000:]}")
    assert "errorMessage" not in said, said
    return said
