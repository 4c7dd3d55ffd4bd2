"""How people are told: one topic, and who subscribes to it."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.dead_letter_queue import Lost
from infra.nag_suppressions import acknowledge

_UNENCRYPTED = {
    "CKV_AWS_26": "A message names identities and their rates and is there for seconds, and goes "
    "on by mail; -c encrypt=true puts a key on the topic, from a dollar a month on",
}


class Notices(Construct):
    """A topic that refuses to be spoken to without TLS."""

    def __init__(self, scope: Construct, id_: str, *, emails: Sequence[str], lost: Lost) -> None:
        """Write to *emails*, and what cannot be delivered to *lost*, under the same key."""
        super().__init__(scope, id_)
        self.topic = sns.Topic(
            self, "Topic", display_name="VDM Alerts", enforce_ssl=True, master_key=lost.key
        )
        if lost.key is None:
            acknowledge(self.topic, _UNENCRYPTED)
        for email in emails:
            subscription = self.topic.add_subscription(
                subscriptions.EmailSubscription(email, dead_letter_queue=lost.queue)
            )
            # A later deployment that leaves one address out must not silently stop its mail. It
            # goes with the topic, or by the link in every mail.
            subscription.apply_removal_policy(RemovalPolicy.RETAIN)
