"""How people are told: one topic, and who subscribes to it."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class Notices(Construct):
    """A topic that refuses to be spoken to without TLS."""

    def __init__(self, scope: Construct, id_: str, emails: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self.topic = sns.Topic(self, "Topic", display_name="VDM Alerts", enforce_ssl=True)
        for email in emails:
            subscription = self.topic.add_subscription(subscriptions.EmailSubscription(email))
            # A later deployment that leaves the address out must not silently stop the mail. It
            # goes with the topic, or by the link in every mail.
            subscription.apply_removal_policy(RemovalPolicy.RETAIN)
