"""Whom the deployed topic, queue and table reject, although IAM allows everything."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from deployed_stack import DeployedStack

from vdm_local.account import ACCOUNT, REGION

STRANGER = "444455556666"
EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "sns": ("publish", {"Message": "{}"}),
    "sqs": ("send_message", {"MessageBody": "hello"}),
    "dynamodb": ("get_item", {"Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}),
}
"""A call of each service that has a resource policy."""
DENIED = "AccessDenied|AuthorizationError|not authorized"


class Users:
    """IAM users who may do everything, as far as their own account decides."""

    def __init__(self, stack: DeployedStack) -> None:
        self._aws = stack.aws
        self._keys: dict[str, Any] = {}

    def client(self, account: str, service: str) -> Any:
        """Return a client of *service* for the user of *account*."""
        if account not in self._keys:
            iam = self._client("iam", account, account)
            iam.create_user(UserName="operator")
            policy = json.dumps(EVERYTHING)
            iam.put_user_policy(UserName="operator", PolicyName="all", PolicyDocument=policy)
            self._keys[account] = iam.create_access_key(UserName="operator")["AccessKey"]
        key = self._keys[account]
        return self._client(service, key["AccessKeyId"], key["SecretAccessKey"])

    def delete(self) -> None:
        for account, key in self._keys.items():
            iam = self._client("iam", account, account)
            iam.delete_access_key(UserName="operator", AccessKeyId=key["AccessKeyId"])
            iam.delete_user_policy(UserName="operator", PolicyName="all")
            iam.delete_user(UserName="operator")

    def _client(self, service: str, key_id: str, secret: str) -> Any:
        session: Any = boto3.Session(key_id, secret, region_name=REGION)
        return session.client(
            service,
            endpoint_url=self._aws.url,
            verify=str(self._aws.certificate),
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )


@pytest.fixture
def users(stack: DeployedStack) -> Iterator[Users]:
    users = Users(stack)
    yield users
    users.delete()


def call(stack: DeployedStack, client: Any) -> None:
    """Call the deployed resource of the service of *client*."""
    outputs = stack.deployment.outputs
    resources = {
        "sns": {"TopicArn": outputs["TopicArn"]},
        "sqs": {"QueueUrl": outputs["DeadLetterQueueUrl"]},
        "dynamodb": {
            "TableName": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{outputs['TableName']}"
        },
    }
    service = client.meta.service_model.service_name
    method, parameters = CALLS[service]
    getattr(client, method)(**resources[service], **parameters)


def without_tls(client: Any) -> Any:
    """Have ministack take the requests of *client* for plain HTTP, which it does not serve."""

    def add_header(request: Any, **_: Any) -> None:
        request.headers["X-Forwarded-Proto"] = "http"

    client.meta.events.register("before-send", add_header)
    return client


@pytest.mark.parametrize("service", [*CALLS])
def test_resource_accepts_own_account_over_tls_only(
    stack: DeployedStack, users: Users, service: str
) -> None:
    call(stack, users.client(ACCOUNT, service))
    with pytest.raises(ClientError, match=DENIED):
        call(stack, without_tls(users.client(ACCOUNT, service)))
    if service == "sns":
        stack.inbox.receive(1)
    if service == "sqs":
        stack.deployment.client("sqs").purge_queue(
            QueueUrl=stack.deployment.outputs["DeadLetterQueueUrl"]
        )


@pytest.mark.parametrize("service", [*CALLS])
def test_resource_rejects_other_accounts(stack: DeployedStack, users: Users, service: str) -> None:
    with pytest.raises(ClientError, match=DENIED):
        call(stack, users.client(STRANGER, service))
