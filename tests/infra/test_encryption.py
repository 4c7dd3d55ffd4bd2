"""The optional KMS key of the topics and the queue."""

from typing import Any

import pytest
from aws_cdk.assertions import Template
from templates import full_template, logical_id, only_resource, ordinary_template, permissions

KEY_ACTIONS = {"kms:Decrypt", "kms:GenerateDataKey"}


@pytest.fixture(scope="module")
def template() -> Template:
    return full_template()


def key_id(template: Template) -> str:
    (name,) = template.find_resources("AWS::KMS::Key")
    return str(name)


def test_key_is_absent_by_default() -> None:
    ordinary_template().resource_count_is("AWS::KMS::Key", 0)
    assert KEY_ACTIONS.isdisjoint(permissions(ordinary_template(), "EvaluatorRole"))


def test_key_encrypts_every_topic_and_queue(template: Template) -> None:
    topics = template.find_resources("AWS::SNS::Topic").values()
    assert len(topics) == 2
    (queue,) = template.find_resources("AWS::SQS::Queue").values()
    keys = [each["Properties"]["KmsMasterKeyId"] for each in (*topics, queue)]
    assert {logical_id(each) for each in keys} == {key_id(template)}


def test_key_is_rotated_and_deleted_with_stack(template: Template) -> None:
    ((_, found),) = template.find_resources("AWS::KMS::Key").items()
    assert found["Properties"]["EnableKeyRotation"] is True
    assert found["DeletionPolicy"] == "Delete"


def test_key_is_usable_by_senders_only(template: Template) -> None:
    for role in ("EvaluatorRole", "WakeupsScheduleRole"):
        allowed = permissions(template, role)
        assert {logical_id(allowed[action]) for action in KEY_ACTIONS} == {key_id(template)}
    policy = only_resource(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    services: dict[str, set[Any]] = {}
    for each in policy:
        if service := each["Principal"].get("Service"):
            services.setdefault(service, set()).add(each["Action"])
    assert services == {
        "cloudwatch.amazonaws.com": KEY_ACTIONS,
        "events.amazonaws.com": KEY_ACTIONS,
        "sns.amazonaws.com": KEY_ACTIONS,
    }


def test_key_policy_is_limited_to_own_account_except_for_eventbridge(template: Template) -> None:
    """EventBridge sends no source account, so a condition would deny its calls."""
    policy = only_resource(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    own_account = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    for each in policy:
        service = each["Principal"].get("Service")
        expected = own_account if service and service != "events.amazonaws.com" else None
        assert each.get("Condition") == expected
