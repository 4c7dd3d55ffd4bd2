"""A deployed stack in moto, for commands that need its settings and its data."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from builders import NOW, a_table
from function_environment import ENVIRONMENT
from moto import mock_aws

from vdm_alerts.settings import read_settings
from vdm_alerts_cli import deployment
from vdm_alerts_cli.clock import VARIABLE
from vdm_alerts_cli.deployment import Deployment

VARIABLES = {**ENVIRONMENT, "VDM_ALERTS_TABLE": "vdm-alerts"}
"""The environment variables of the function. Its table is the one of `a_table`."""


@contextmanager
def mocked_stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Mock AWS with the stack vdm-alerts, as of NOW, and yield its table, which is empty.

    moto has no template of the stack, so that the commands find the stack without CloudFormation.
    """
    monkeypatch.setenv(VARIABLE, NOW.isoformat())
    outputs = {"FunctionName": "evaluator", "TopicArn": VARIABLES["VDM_ALERTS_TOPIC_ARN"]}
    deployed = Deployment("vdm-alerts", outputs, read_settings(VARIABLES))
    monkeypatch.setattr(deployment, "find_deployment", lambda *_: deployed)
    with mock_aws():
        yield a_table()
