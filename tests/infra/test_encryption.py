"""Named facts about the key that encrypts what is on its way."""

from typing import Any

import pytest
from aws_cdk.assertions import Template
from templates import everything, logical, ordinary, permissions, the

USES = {"kms:Decrypt", "kms:GenerateDataKey"}


@pytest.fixture(scope="module")
def template() -> Template:
    return everything()


def key(template: Template) -> str:
    (name,) = template.find_resources("AWS::KMS::Key")
    return str(name)


def test_there_is_none_unless_it_is_asked_for() -> None:
    ordinary().resource_count_is("AWS::KMS::Key", 0)
    assert not USES & set(permissions(ordinary(), "EvaluatorRole"))


def test_it_is_on_every_topic_and_on_the_queue(template: Template) -> None:
    topics = template.find_resources("AWS::SNS::Topic").values()
    assert len(topics) == 2
    (queue,) = template.find_resources("AWS::SQS::Queue").values()
    used = [each["Properties"]["KmsMasterKeyId"] for each in (*topics, queue)]
    assert {logical(each) for each in used} == {key(template)}


def test_it_is_rotated_and_goes_with_the_stack(template: Template) -> None:
    ((_, found),) = template.find_resources("AWS::KMS::Key").items()
    assert found["Properties"]["EnableKeyRotation"]
    assert found["DeletionPolicy"] == "Delete"


def test_whoever_writes_may_use_it_and_nobody_else(template: Template) -> None:
    for role in ("EvaluatorRole", "WakeupsScheduleRole"):
        allowed = permissions(template, role)
        assert {logical(allowed[action]) for action in USES} == {key(template)}
    policy = the(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    services: dict[str, set[Any]] = {}
    for each in policy:
        if service := each["Principal"].get("Service"):
            services.setdefault(service, set()).add(each["Action"])
    assert services == {
        "cloudwatch.amazonaws.com": USES,
        "events.amazonaws.com": USES,
        "sns.amazonaws.com": USES,
    }


def test_only_eventbridge_may_use_it_for_any_account(template: Template) -> None:
    """It names no account when it uses a key, so that a condition would drop its messages."""
    policy = the(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    for each in policy:
        service = each["Principal"].get("Service")
        expected = own if service and service != "events.amazonaws.com" else None
        assert each.get("Condition") == expected
