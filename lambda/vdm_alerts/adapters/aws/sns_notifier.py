"""Messages, to everyone who subscribes to one SNS topic."""

import json
from typing import TYPE_CHECKING

from vdm_alerts.adapters.aws.errors import translate_errors
from vdm_alerts.core.notifications.rendering.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class SnsNotifier:
    """A Notifier: each protocol gets the form that it can show."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        """Publish through *client* to the topic *arn*."""
        self._client = client
        self._arn = arn

    def publish(self, message: Message) -> None:
        """Send *message* in all its forms at once.

        What has no form of its own gets "default": Amazon Q, which subscribes by https and drops
        whatever is not its own JSON.
        """
        forms = {
            "default": message.chat,
            "email": message.text,
            "sqs": message.payload,
            "lambda": message.payload,
        }
        with translate_errors("sns:Publish"):
            self._client.publish(
                TopicArn=self._arn,
                Subject=message.subject,
                MessageStructure="json",
                Message=json.dumps(forms, ensure_ascii=False),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in message.attributes.items()
                },
            )

    def subscribers(self) -> int:
        """Return how many subscriptions are confirmed."""
        with translate_errors("sns:GetTopicAttributes"):
            answer = self._client.get_topic_attributes(TopicArn=self._arn)
        return int(answer["Attributes"]["SubscriptionsConfirmed"])
