"""The contract of HandoverStore, tested on every implementation."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from builders import NOW, TARGET
from moto import mock_aws
from sample_notifications import sample_notifications

from vdm_alerts.adapters.aws.execution_files import ExecutionFiles
from vdm_alerts.adapters.memory import MemoryHandovers
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.handover import Handover
from vdm_alerts.ports import HandoverStore

NOTIFICATIONS = [each for each in sample_notifications() if not isinstance(each, DeliveryTest)]
HANDOVER = Handover(TARGET, NOW, True, tuple(NOTIFICATIONS))


@pytest.fixture(params=["memory", "S3"])
def store(request: pytest.FixtureRequest) -> Iterator[HandoverStore]:
    if request.param == "memory":
        yield MemoryHandovers()
        return
    with mock_aws():
        client: Any = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bucket")
        yield ExecutionFiles(client, "bucket", "an-execution")


def test_handover_is_read_as_it_was_put(store: HandoverStore) -> None:
    store.put(HANDOVER)
    assert store.get(TARGET) == HANDOVER


def test_later_handover_of_a_target_replaces_the_earlier_one(store: HandoverStore) -> None:
    store.put(HANDOVER)
    later = replace(HANDOVER, is_state_saved=False, notifications=())
    store.put(later)
    assert store.get(TARGET) == later


@pytest.mark.parametrize(
    "other", [Target("111122223333", "us-east-1"), Target("222222222222", "eu-west-1")], ids=str
)
def test_targets_have_handovers_of_their_own(store: HandoverStore, other: Target) -> None:
    store.put(HANDOVER)
    with pytest.raises(UnavailableError, match="s3:GetObject"):
        store.get(other)
    store.put(replace(HANDOVER, target=other, notifications=()))
    assert store.get(TARGET) == HANDOVER
