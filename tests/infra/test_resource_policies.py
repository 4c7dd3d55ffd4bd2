"""Whom the policies of topics, queue and table reject."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from templates import full_template, logical_id, only_resource

PROTECTED = {
    "AWS::SNS::Topic": ("AWS::SNS::TopicPolicy", "Topics", "sns:Publish"),
    "AWS::SQS::Queue": ("AWS::SQS::QueuePolicy", "Queues", "sqs:*"),
}
"""The policy of each kind of resource, its list of resources, and the action that needs TLS.

SNS serves its other actions over TLS only, or accepts no policy about them.
"""
PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
EVERYONE: tuple[Any, ...] = ("*", {"AWS": "*"})
OWN_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def statements(kind: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Yield each resource of *kind* with the statements of its policies."""
    policy_kind, resources, _ = PROTECTED[kind]
    policies = full_template().find_resources(policy_kind).values()
    for name in full_template().find_resources(kind):
        yield (
            name,
            [
                statement
                for policy in policies
                if name in {logical_id(each) for each in policy["Properties"][resources]}
                for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            ],
        )


@pytest.mark.parametrize("kind", [*PROTECTED])
def test_resource_denies_plain_http_to_everyone(kind: str) -> None:
    for name, of_resource in statements(kind):
        (deny,) = [each for each in of_resource if each["Effect"] == "Deny"]
        assert deny["Principal"] in EVERYONE
        assert deny["Condition"] == PLAIN_HTTP
        assert deny["Action"] == PROTECTED[kind][2]
        assert logical_id(deny["Resource"]) == name


@pytest.mark.parametrize("kind", [*PROTECTED])
def test_resource_allows_only_services_that_act_for_the_own_account(kind: str) -> None:
    """Without a statement that allows it, another account has no access."""
    own_resources = full_template().to_json()["Resources"]
    allowed = 0
    for _, of_resource in statements(kind):
        for each in (each for each in of_resource if each["Effect"] == "Allow"):
            assert each["Principal"].keys() == {"Service"}
            condition = each["Condition"]
            if condition != OWN_ACCOUNT:
                assert logical_id(condition["ArnEquals"]["aws:SourceArn"]) in own_resources
            allowed += 1
    assert allowed > 0


def test_table_denies_plain_http_and_other_accounts() -> None:
    table = only_resource(full_template(), "AWS::DynamoDB::Table")
    policy = table["ResourcePolicy"]["PolicyDocument"]["Statement"]
    other_accounts = {"StringNotEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}
    assert [each["Condition"] for each in policy] == [PLAIN_HTTP, other_accounts]
    for each in policy:
        assert (each["Effect"], each["Principal"]) == ("Deny", {"AWS": "*"})
        assert each["Action"] == "dynamodb:*"
        assert each["Resource"]["Fn::Join"][1][-1] == f":table/{table['TableName']}"
