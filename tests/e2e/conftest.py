"""The stack in a local AWS, deployed once for all these tests."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from stage import DEPLOY, EMPTY, Stage

from vdm_local.cdk import bootstrap
from vdm_local.deployment import deploy
from vdm_local.launcher import local_aws


@pytest.fixture(scope="session")
def _stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    empty = tmp_path_factory.mktemp("scenario") / "empty.toml"
    empty.write_text(EMPTY)
    with local_aws(empty) as aws:
        bootstrap(aws)
        deployed = deploy(aws, *DEPLOY)
        with deployed.inbox() as inbox:
            yield Stage(deployed, inbox)


@pytest.fixture
def stage(_stage: Stage) -> Stage:
    """The deployed stack, with nothing told yet but that it watches."""
    _stage.begin()
    _stage.now = datetime(2026, 1, 1, tzinfo=UTC)
    return _stage
