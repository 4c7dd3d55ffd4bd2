"""The contract of KnownTargets, tested on every implementation."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from vdm_alerts.adapters.aws.execution_files import KnownTargetsFile
from vdm_alerts.adapters.aws.execution_keys import KNOWN_TARGETS
from vdm_alerts.adapters.memory import MemoryKnownTargets
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.model.target import Target
from vdm_alerts.ports import KnownTargets

SHOP, BLOG = Target("222222222222", "eu-west-1", "täglich"), Target("333333333333", "us-east-1")


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bucket")
        yield client


@pytest.fixture(params=["memory", "S3"])
def store(request: pytest.FixtureRequest) -> KnownTargets:
    if request.param == "memory":
        return MemoryKnownTargets()
    return KnownTargetsFile(request.getfixturevalue("s3"), "bucket")


def test_new_fleet_has_no_known_targets(store: KnownTargets) -> None:
    assert list(store.load()) == []


def test_targets_are_known_with_their_aliases_until_the_next_save(store: KnownTargets) -> None:
    store.save([SHOP, BLOG])
    assert list(store.load()) == [SHOP, BLOG]
    assert [target.alias for target in store.load()] == ["täglich", ""]
    store.save([BLOG])
    assert list(store.load()) == [BLOG]
    store.save([])
    assert list(store.load()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"7", b"[7]", b'[["1"]]', b"\xff"])
def test_malformed_file_is_an_error_and_not_an_empty_fleet(s3: Any, content: bytes) -> None:
    s3.put_object(Bucket="bucket", Key=KNOWN_TARGETS, Body=content)
    with pytest.raises(UnavailableError, match="s3:GetObject failed: the response cannot be read"):
        KnownTargetsFile(s3, "bucket").load()


def test_missing_bucket_is_an_error_and_not_an_empty_fleet(s3: Any) -> None:
    with pytest.raises(UnavailableError, match="NoSuchBucket"):
        KnownTargetsFile(s3, "other").load()
    with pytest.raises(UnavailableError, match="s3:PutObject failed"):
        KnownTargetsFile(s3, "other").save([SHOP])


def test_denied_file_is_an_error(s3: Any) -> None:
    s3.meta.events.register("before-call.s3", deny)
    with pytest.raises(AccessDeniedError, match="s3:GetObject"):
        KnownTargetsFile(s3, "bucket").load()
    with pytest.raises(AccessDeniedError, match="s3:PutObject"):
        KnownTargetsFile(s3, "bucket").save([SHOP])


def deny(model: Any, **_: object) -> None:
    error: Any = {"Error": {"Code": "AccessDenied", "Message": "denied"}}
    raise ClientError(error, model.name)
