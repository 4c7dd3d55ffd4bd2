"""Messages to an SNS topic."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from moto import mock_aws

from vdm_alerts.adapters.aws.sns_notifier import SnsNotifier
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.notifications.rendering.message import Message

MESSAGE = Message(
    "Subject", "prose", '{"chat": 1}', '{"machine": 1}', "short", {"severity": "WARNING"}
)
ARN = "arn:aws:sns:eu-west-1:111122223333:alerts"


@pytest.fixture
def stub() -> Iterator[tuple[Any, Stubber]]:
    client: Any = boto3.client("sns", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stubber:
        yield client, stubber


def test_message_is_published_once_with_every_form_and_its_attributes(
    stub: tuple[Any, Stubber],
) -> None:
    client, stubber = stub
    forms = {
        "default": '{"chat": 1}',
        "http": '{"chat": 1}',
        "https": '{"chat": 1}',
        "email": "prose",
        "sqs": '{"machine": 1}',
        "lambda": '{"machine": 1}',
        "firehose": '{"machine": 1}',
        "email-json": '{"machine": 1}',
        "sms": "short",
        "application": "short",
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


def test_queue_receives_the_json_payload_with_attributes() -> None:
    with mock_aws():
        sns: Any = boto3.client("sns")
        sqs: Any = boto3.client("sqs")
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        url = sqs.create_queue(QueueName="machine")["QueueUrl"]
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:123456789012:machine"
        )

        SnsNotifier(sns, topic).publish(MESSAGE)

        (received,) = sqs.receive_message(QueueUrl=url)["Messages"]
        body = json.loads(received["Body"])
        assert body["Message"] == MESSAGE.payload
        assert body["MessageAttributes"]["severity"]["Value"] == "WARNING"


def test_subscriber_count_includes_only_confirmed_subscriptions(stub: tuple[Any, Stubber]) -> None:
    client, stubber = stub
    attributes = {"SubscriptionsConfirmed": "2", "SubscriptionsPending": "5"}
    stubber.add_response("get_topic_attributes", {"Attributes": attributes}, {"TopicArn": ARN})
    assert SnsNotifier(client, ARN).subscribers(NoDeadline()) == 2


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
