"""Notifications to the subscribers of an SNS topic."""

import json
from typing import TYPE_CHECKING

from vdm_alerts.adapters.aws.errors import translate_errors
from vdm_alerts.core.notifications.rendering.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class SnsNotifier:
    """A Notifier on SNS. Subscribers get the form of a message that suits their protocol."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        """Publish through *client* to the topic *topic_arn*."""
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, message: Message) -> None:
        """Publish *message* once, with a form for each protocol.

        Protocols that are not listed get the form "default". It is JSON for Amazon Q, which
        subscribes by HTTPS and drops everything that is not in its own JSON format.
        """
        forms = {
            "default": message.amazon_q,
            "email": message.text,
            "sqs": message.payload,
            "lambda": message.payload,
        }
        with translate_errors("sns:Publish"):
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=message.subject,
                MessageStructure="json",
                Message=json.dumps(forms, ensure_ascii=False),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in message.attributes.items()
                },
            )

    def subscribers(self) -> int:
        """Return the number of confirmed subscriptions of the topic."""
        with translate_errors("sns:GetTopicAttributes"):
            response = self._client.get_topic_attributes(TopicArn=self._topic_arn)
        return int(response["Attributes"]["SubscriptionsConfirmed"])
