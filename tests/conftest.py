"""Fixtures for all tests, and how the tests are selected and distributed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from deployed_stack import (
    EMPTY_SCENARIO,
    README_OPTIONS,
    DeployedStack,
    deploy_assembly,
    synthesize,
)
from hypothesis import settings

from vdm_local.cdk import bootstrap
from vdm_local.launcher import LocalAws, local_aws

ROOT = Path(__file__).parents[1]
USES_SHARED_STACK = ("e2e/", "runtime/")
NEEDS_LOCAL_AWS = (*USES_SHARED_STACK, "cli/test_demo.py")
"""Tests that `make test-fast` leaves out, as paths below tests/."""

# The speed of the machine does not decide whether a test passes.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


@pytest.hookimpl(tryfirst=True)  # Before pytest evaluates -m, and pytest-xdist the groups.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with what it needs and the tests that share a process with it.

    pytest-xdist runs a group of tests in one process, so that they share fixtures: the tests of
    a module, and all tests of the deployed stack. The slowest groups start first.
    """
    for item in items:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        group = "deployed-stack" if path.startswith(USES_SHARED_STACK) else path
        item.add_marker(pytest.mark.xdist_group(group))
        if path.startswith(NEEDS_LOCAL_AWS):
            item.add_marker(pytest.mark.local_aws)
    items.sort(key=lambda item: item.get_closest_marker("local_aws") is None)


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture(autouse=True)
def _no_aws_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from real accounts, whatever the machine is configured for."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def _shared_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    scenario = tmp_path_factory.mktemp("scenario") / "empty.toml"
    scenario.write_text(EMPTY_SCENARIO)
    with local_aws(scenario) as aws:
        bootstrap(aws)
        yield aws


@pytest.fixture(scope="session")
def assembly(_shared_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the deployment in the README."""
    return synthesize(_shared_aws, tmp_path_factory.mktemp("assembly"), *README_OPTIONS)


@pytest.fixture(scope="session")
def _shared_stack(_shared_aws: LocalAws, assembly: Path) -> Iterator[DeployedStack]:
    deployment = deploy_assembly(_shared_aws, assembly)
    with deployment.inbox() as inbox:
        yield DeployedStack(deployment, inbox)


@pytest.fixture
def stack(_shared_stack: DeployedStack) -> DeployedStack:
    """The deployed stack, with the first summary sent and no other state."""
    _shared_stack.start_over()
    return _shared_stack
