"""A key of the account's own for what carries messages, where one is asked for."""

from collections.abc import Iterable, Mapping

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

USES = ("kms:GenerateDataKey", "kms:Decrypt")
"""What whoever writes to an encrypted topic or queue needs of the key.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""


class Encryption(Construct):
    """A KMS key, rotated every year, that AWS's own services may use where they write for us.

    AWS's key for SNS would let neither CloudWatch nor EventBridge write, and would not say so.
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(
            self,
            "Key",
            description="VDM Alerts: the messages in its topics and its queue",
            enable_key_rotation=True,
            # What it encrypts goes with the stack too. For 30 days it can be had back.
            removal_policy=RemovalPolicy.DESTROY,
        )
        own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        self._let("Alarms", "cloudwatch.amazonaws.com", own_account)
        # EventBridge names no account when it uses a key; a condition would drop its messages.
        self._let("Events", "events.amazonaws.com")
        self._let("Undelivered", "sns.amazonaws.com", own_account)  # What it puts into the queue.

    def _let(self, sid: str, service: str, conditions: Mapping[str, object] | None = None) -> None:
        for action in USES:
            self.key.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=f"{sid}{action.removeprefix('kms:')}",
                    principals=[iam.ServicePrincipal(service)],
                    actions=[action],
                    resources=["*"],  # In the policy of a key, that is the key itself.
                    conditions=conditions,
                )
            )


def uses(key: kms.IKey | None) -> Iterable[tuple[str, str]]:
    """Return what a role has to be allowed for writing where *key* encrypts; nothing for None."""
    return [(action, key.key_arn) for action in USES] if key else []
