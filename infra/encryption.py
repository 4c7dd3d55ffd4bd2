"""The optional KMS key of the topics and the dead-letter queue."""

from collections.abc import Iterable, Mapping

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
"""Key permissions that a sender to an encrypted topic or queue needs.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""


class Encryption(Construct):
    """A KMS key with yearly rotation that AWS services may use.

    The AWS managed key of SNS does not work here: CloudWatch and EventBridge cannot use it, and
    their messages are dropped without an error.
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(
            self,
            "Key",
            description="VDM Alerts: the messages in its topics and its dead-letter queue",
            enable_key_rotation=True,
            # Deleting the stack deletes the encrypted queue and topics too. KMS deletes the key
            # after 30 days; until then you can cancel the deletion.
            removal_policy=RemovalPolicy.DESTROY,
        )
        own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        self._allow_service("Alarms", "cloudwatch.amazonaws.com", own_account)
        # EventBridge sends no source account with its KMS calls: a condition would deny them.
        self._allow_service("Events", "events.amazonaws.com")
        self._allow_service(
            "Undelivered", "sns.amazonaws.com", own_account
        )  # For the dead-letter queue.

    def _allow_service(
        self, sid: str, service: str, conditions: Mapping[str, object] | None = None
    ) -> None:
        for action in KEY_ACTIONS:
            self.key.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=f"{sid}{action.removeprefix('kms:')}",
                    principals=[iam.ServicePrincipal(service)],
                    actions=[action],
                    resources=["*"],  # In a key policy, this is the key itself.
                    conditions=conditions,
                )
            )


def key_permissions(key: kms.IKey | None) -> Iterable[tuple[str, str]]:
    """Return the permissions for writing to what *key* encrypts.

    Each is an action and its resource. There are none if *key* is None.
    """
    return [(action, key.key_arn) for action in KEY_ACTIONS] if key else []
