"""Fixtures for all tests, and how the tests are selected and distributed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import minimal_path
from deployed_stack import (
    EMPTY_SCENARIO,
    README_OPTIONS,
    DeployedStack,
    deploy_assembly,
    synthesize,
)
from hypothesis import settings
from notification_schema import violations
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from vdm_alerts.core.notifications.rendering import payload
from vdm_local.cdk import bootstrap
from vdm_local.deployment import ReceivedNotification, SubscriberInbox
from vdm_local.launcher import LocalAws, local_aws

ROOT = Path(__file__).parents[1]
GROUPS = {
    "deployed stack": ("e2e/", "runtime/"),
    "demo": ("cli/test_demo.py", "docs/test_tutorial.py"),
    "templates": ("infra/", "docs/test_readme.py", "cli/test_cost.py"),
    "benchmarks": ("benchmarks/",),
    "simulation": ("simulation/",),
}
"""Tests that share resources across modules or take long, as paths below tests/: first to start."""
SLOW = (*GROUPS["deployed stack"], *GROUPS["demo"], *GROUPS["benchmarks"])
"""Tests that `make test-fast` leaves out: they need the local AWS, or measure in real time."""

# The speed of the machine does not decide whether a test passes.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


def group_of(nodeid: str) -> str:
    """Return the group of a test: one of GROUPS, or otherwise its module."""
    path = nodeid.split("::", maxsplit=1)[0].removeprefix("tests/")
    return next((name for name in GROUPS if path.startswith(GROUPS[name])), path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Have pytest-xdist run the tests of a group in one process, where they share fixtures."""
    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = group_of
    return scheduling


@pytest.hookimpl(tryfirst=True)  # Before pytest evaluates -m.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests, and start with the slowest groups.

    Processes that run the groups in this order end at about the same time.
    """
    for item in items:
        if item.nodeid.removeprefix("tests/").startswith(SLOW):
            item.add_marker(pytest.mark.slow)
    order = [*GROUPS]
    groups = {item: group_of(item.nodeid) for item in items}
    items.sort(key=lambda item: order.index(groups[item]) if groups[item] in order else len(order))


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
def payload_violations() -> Iterator[list[str]]:
    """Where payloads that were rendered or received differ from the published schema.

    They are collected, because the code under test can handle an exception.
    """
    found: list[str] = []
    render, receive = payload.payload_text, SubscriberInbox.receive

    def render_and_validate(*args: Any) -> str:
        text = render(*args)
        found.extend(violations(json.loads(text)))
        return text

    def receive_and_validate(inbox: SubscriberInbox, count: int) -> list[ReceivedNotification]:
        notifications = receive(inbox, count)
        for notification in notifications:
            if "schema" in notification.document:  # Otherwise, a test has published it.
                found.extend(violations(notification.document))
        return notifications

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload, "payload_text", render_and_validate)
        patch.setattr(SubscriberInbox, "receive", receive_and_validate)
        yield found


@pytest.fixture(autouse=True)
def _payloads_match_the_schema(payload_violations: list[str]) -> Iterator[None]:
    """Fail each test with a payload that differs from docs/notification.schema.json."""
    payload_violations.clear()
    yield
    assert not payload_violations


@pytest.fixture(scope="session")
def bare_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The PATH of a machine that has what the README demands, and nothing else."""
    return minimal_path(tmp_path_factory.mktemp("bin"))


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
