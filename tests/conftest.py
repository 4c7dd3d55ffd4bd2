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
GROUPS = {
    "deployed-stack": ("e2e/", "runtime/"),
    "demo": ("cli/test_demo.py",),
    "templates": ("infra/", "docs/test_readme.py", "cli/test_cost.py"),
    "benchmarks": ("benchmarks/",),
}
"""Tests that share fixtures or caches across modules, as paths below tests/, slowest first."""
NEEDS_LOCAL_AWS = (*GROUPS["deployed-stack"], *GROUPS["demo"])
"""Tests that `make test-fast` leaves out."""

# The speed of the machine does not decide whether a test passes.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


@pytest.hookimpl(tryfirst=True)  # Before pytest evaluates -m, and pytest-xdist the groups.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need the local AWS, and put tests in groups for pytest-xdist.

    pytest-xdist runs the tests of a group in one process: those of GROUPS, and otherwise those of
    a module. The slowest groups start first, so that the processes end at about the same time.
    """
    order = [*GROUPS]
    ranks = {}
    for item in items:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        group = next((name for name in GROUPS if path.startswith(GROUPS[name])), path)
        item.add_marker(pytest.mark.xdist_group(group))
        if path.startswith(NEEDS_LOCAL_AWS):
            item.add_marker(pytest.mark.local_aws)
        ranks[item] = order.index(group) if group in order else len(order)
    items.sort(key=ranks.__getitem__)


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
