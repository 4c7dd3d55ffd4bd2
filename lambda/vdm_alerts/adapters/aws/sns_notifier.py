"""Notifications to the subscribers of an SNS topic."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vdm_alerts.adapters.aws.errors import translate_errors, translate_read_errors
from vdm_alerts.adapters.aws.stored_values import whole_number
from vdm_alerts.adapters.aws.time_limit import requests_end_by
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.notifications.rendering.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


CHAT_PROTOCOLS = ("default", "http", "https")
"""The forms that Amazon Q might read. It drops everything that is not in its own JSON format."""
MACHINE_PROTOCOLS = ("sqs", "lambda", "firehose", "email-json")
"""The protocols of subscribers that are programs."""
TEXT_PROTOCOLS = ("sms", "application")
"""The protocols of phones."""


def forms_of(message: Message) -> Mapping[str, str]:
    """Return the form of *message* for each protocol of a subscription.

    SNS limits the size of all forms together. The names of the protocols are those of
    https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html.
    """
    return {
        **dict.fromkeys(CHAT_PROTOCOLS, message.amazon_q),
        "email": message.text,
        **dict.fromkeys(MACHINE_PROTOCOLS, message.payload),
        **dict.fromkeys(TEXT_PROTOCOLS, message.sms),
    }


class SnsNotifier:
    """A Notifier on SNS. Subscribers get the form of a message that suits their protocol."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        """Publish through *client* to the topic *topic_arn*."""
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, message: Message) -> None:
        """Publish *message* once, with a form for each protocol."""
        with translate_errors("sns:Publish"):
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=message.subject,
                MessageStructure="json",
                Message=json.dumps(forms_of(message), ensure_ascii=False),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in message.attributes.items()
                },
            )

    def subscribers(self, deadline: Deadline) -> int:
        """Return the number of confirmed subscriptions of the topic."""
        action = "sns:GetTopicAttributes"
        with translate_read_errors(action), requests_end_by(self._client, deadline):
            response = self._client.get_topic_attributes(TopicArn=self._topic_arn)
            return whole_number(int(response["Attributes"]["SubscriptionsConfirmed"]))
