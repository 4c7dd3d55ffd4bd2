"""An SNS topic and its email subscriptions."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.dead_letter_queue import DeadLetterQueue
from infra.nag_suppressions import acknowledge

_ACCEPTED_WITHOUT_KEY = {
    "CKV_AWS_26": "A message contains identities and rates, is stored for seconds, and is then "
    "sent by email. -c encrypt=true encrypts the topic with a KMS key, from $1 a month.",
}


class NotificationTopic(Construct):
    """An SNS topic that requires TLS."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        emails: Sequence[str],
        dead_letter_queue: DeadLetterQueue,
    ) -> None:
        """Subscribe *emails*, and send undelivered messages to the queue.

        The topic is encrypted with the key of *dead_letter_queue*, if that has one.
        """
        super().__init__(scope, id_)
        self.topic = sns.Topic(
            self,
            "Topic",
            display_name="VDM Alerts",
            enforce_ssl=True,
            master_key=dead_letter_queue.key,
        )
        if dead_letter_queue.key is None:
            acknowledge(self.topic, _ACCEPTED_WITHOUT_KEY)
        for email in emails:
            subscription = self.topic.add_subscription(
                subscriptions.EmailSubscription(email, dead_letter_queue=dead_letter_queue.queue)
            )
            # A later deployment without an address must not silently end its emails. The
            # subscription ends with the topic, or by the unsubscribe link in each email.
            subscription.apply_removal_policy(RemovalPolicy.RETAIN)
