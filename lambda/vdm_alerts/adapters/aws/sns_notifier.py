"""Notifications to the subscribers of an SNS topic."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vdm_alerts.adapters.aws.errors import translate_errors, translate_read_errors
from vdm_alerts.adapters.aws.stored_values import whole_number
from vdm_alerts.core.notifications.rendering.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


def forms_of(message: Message) -> Mapping[str, str]:
    """Return the form of *message* for each protocol of a subscription.

    Other protocols get the form "default". It is the payload, so that the message contains this
    largest form once: SNS limits the size of all forms together. Amazon Q subscribes by HTTPS, and
    drops everything that is not in its own JSON format.
    """
    return {
        "default": message.payload,
        "email": message.text,
        "http": message.amazon_q,
        "https": message.amazon_q,
        "sms": message.sms,
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

    def subscribers(self) -> int:
        """Return the number of confirmed subscriptions of the topic."""
        with translate_read_errors("sns:GetTopicAttributes"):
            response = self._client.get_topic_attributes(TopicArn=self._topic_arn)
            return whole_number(int(response["Attributes"]["SubscriptionsConfirmed"]))
