"""The asset under AWS's own runtime client, with only boto3 besides.

The local AWS runs functions on an interpreter with packages of its own, which could hide a missing
dependency. Here the interpreter has boto3 and the runtime client, and imports the rest from the
asset.
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
from deployed_stack import DeployedStack

from infra.asset import assemble
from vdm_local.scenario import load_scenario

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "build" / "runtime"
SCENARIO = ROOT / "local/vdm_local/scenarios/newsletter.toml"
Invoke: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
RUNTIMES = ("newest", "oldest")
TIMEOUT_S = 30.0

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the runtime interface emulator is a program for Linux"
)


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("asset")
    assemble(target)
    return target


@pytest.fixture(params=RUNTIMES)
def invoke(
    request: pytest.FixtureRequest, asset: Path, stack: DeployedStack, tmp_path: Path
) -> Iterator[Invoke]:
    """A function that invokes the asset with an event, under the runtime interface emulator."""
    python = RUNTIME / request.param / "bin" / "python"
    configuration = stack.deployment.client("lambda").get_function_configuration(
        FunctionName=stack.deployment.outputs["FunctionName"]
    )
    environment = {
        **stack.aws.variables,
        **configuration["Environment"]["Variables"],
        "AWS_LAMBDA_FUNCTION_NAME": configuration["FunctionName"],
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(configuration["Timeout"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
        "LAMBDA_TASK_ROOT": str(asset),
        "PATH": "",
    }
    emulator = RUNTIME / "emulator" / "samcli" / "local" / "rapid"
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    emulator_address, runtime_api_address = _free_address(), _free_address()
    log = tmp_path / "log"
    with _running(
        str(emulator / f"aws-lambda-rie-{machine}"),
        *("--runtime-interface-emulator-address", emulator_address),
        *("--runtime-api-address", runtime_api_address),
        *(str(python), "-s", "-m", "awslambdaric", configuration["Handler"]),
        folder=asset,
        environment=environment,
        log=log,
    ):
        _wait_for_server(emulator_address)
        url = f"http://{emulator_address}/2015-03-31/functions/function/invocations"
        yield lambda event: _invoke(url, event, log)


def test_asset_sends_the_notifications_of_the_scenario(
    invoke: Invoke, stack: DeployedStack
) -> None:
    """The account has all permissions here; tests/e2e covers those of the function's role.

    Runs without notifications take the same path in the code, so that one of them is enough.
    """
    stack.aws.set_scenario(SCENARIO.read_text())
    stack.delete_state()
    runs = load_scenario(SCENARIO).runs
    without_notification = next(run for run in runs if not run.expected_reasons)
    for run in runs:
        if not run.expected_reasons and run is not without_notification:
            continue
        stack.aws.set_clock(run.at.isoformat())
        report = invoke(run.event)
        assert report["notifications_sent"] == len(run.expected_reasons), report
        assert report["findings"] == report["series_unknown"] == 0
        notifications = stack.inbox.receive(report["notifications_sent"])
        assert tuple(each.document["reason"] for each in notifications) == run.expected_reasons


def test_handler_imports_only_what_a_run_needs(asset: Path) -> None:
    """Every import costs time at a cold start; benchmarks/cold_start.py measures how much."""
    source = "import sys; from vdm_alerts.handlers import evaluate; print(*sys.modules)"
    command = [str(RUNTIME / "newest" / "bin" / "python"), "-s", "-c", source]
    done = subprocess.run(command, cwd=asset, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert {"boto3", "cattrs", "aws_lambda_powertools.metrics"} <= imported
    assert not imported & {"aws_xray_sdk", "pydantic", "requests", "numpy"}
    powertools = {
        name.split(".")[2]
        for name in imported
        if name.startswith("aws_lambda_powertools.utilities.")
    }
    assert powertools == {"jmespath_utils"}, "the logger of Powertools imports it"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_runtime_has_no_package_that_the_asset_contains(runtime: str) -> None:
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


def _wait_for_server(address: str) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def _invoke(url: str, event: dict[str, Any], log: Path) -> dict[str, Any]:
    """Invoke the function at *url*, on the loopback interface; return its response."""
    request = urllib.request.Request(url, json.dumps(event).encode())  # noqa: S310
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=TIMEOUT_S) as answer:
            response: dict[str, Any] = json.load(answer)
    except HTTPError as error:
        pytest.fail(f"{error}; the emulator's log:\n{log.read_text()[-3000:]}")
    assert "errorMessage" not in response, response
    return response
