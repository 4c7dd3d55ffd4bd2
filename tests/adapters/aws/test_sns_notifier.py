"""Messages to an SNS topic."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from vdm_alerts.adapters.aws.sns_notifier import SnsNotifier
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.notifications.rendering.message import Message

MESSAGE = Message("Subject", "prose", '{"chat": 1}', '{"machine": 1}', {"severity": "WARNING"})
ARN = "arn:aws:sns:eu-west-1:111122223333:alerts"


@pytest.fixture
def stub() -> Iterator[tuple[Any, Stubber]]:
    client: Any = boto3.client("sns", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stubber:
        yield client, stubber


def test_each_protocol_gets_its_own_message_form_and_amazon_q_gets_the_default(
    stub: tuple[Any, Stubber],
) -> None:
    client, stubber = stub
    forms = {
        "default": '{"chat": 1}',
        "email": "prose",
        "sqs": '{"machine": 1}',
        "lambda": '{"machine": 1}',
    }
    expected = {
        "TopicArn": ARN,
        "Subject": "Subject",
        "MessageStructure": "json",
        "Message": json.dumps(forms),
        "MessageAttributes": {"severity": {"DataType": "String", "StringValue": "WARNING"}},
    }
    stubber.add_response("publish", {"MessageId": "1"}, expected)
    SnsNotifier(client, ARN).publish(MESSAGE)
    stubber.assert_no_pending_responses()


def test_subscriber_count_includes_only_confirmed_subscriptions(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    attributes = {"SubscriptionsConfirmed": "2", "SubscriptionsPending": "5"}
    stubber.add_response("get_topic_attributes", {"Attributes": attributes}, {"TopicArn": ARN})
    assert SnsNotifier(client, ARN).subscribers() == 2


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AuthorizationError", AccessDeniedError),
        ("AccessDenied", AccessDeniedError),
        ("InternalError", UnavailableError),
    ],
)
def test_failed_publish_names_the_action(
    stub: tuple[Any, Stubber], code: str, error: type[Exception]
) -> None:
    client, stubber = stub
    stubber.add_client_error("publish", code)
    with pytest.raises(error, match="sns:Publish"):
        SnsNotifier(client, ARN).publish(MESSAGE)
