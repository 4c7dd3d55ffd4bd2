"""The queue of undeliverable events and notifications."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_sqs import QueueEncryption
from constructs import Construct

from infra.nag_suppressions import acknowledge

_ACCEPTED_WITHOUT_KEY = {
    "CKV_AWS_27": "SQS encrypts it with its own key. -c encrypt=true uses a KMS key of the account "
    "instead, from $1 a month.",
}


class DeadLetterQueue(Construct):
    """A queue of dropped triggers, failed runs and undelivered notifications.

    It requires TLS and keeps messages for 14 days, the longest time that SQS allows.
    """

    def __init__(self, scope: Construct, id_: str, key: kms.IKey | None) -> None:
        """Encrypt the queue with *key*, or with a key that SQS manages."""
        super().__init__(scope, id_)
        self.key = key
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=QueueEncryption.KMS if key else QueueEncryption.SQS_MANAGED,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        reason = "It is the dead-letter queue itself."
        accepted = {
            "AwsSolutions::AwsSolutions-SQS3": reason,
            "Serverless::Serverless-SQSRedrivePolicy": reason,
        }
        acknowledge(self.queue, accepted if key else accepted | _ACCEPTED_WITHOUT_KEY)
