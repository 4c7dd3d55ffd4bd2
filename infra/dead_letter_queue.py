"""The queue of undeliverable events and notifications."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_sqs import QueueEncryption
from constructs import Construct

from infra.nag_suppressions import acknowledge

_ACCEPTED_WITHOUT_KEY = {
    "CKV_AWS_27": "SQS encrypts it with a key of its own; -c encrypt=true puts one of the "
    "account's in its place, from a dollar a month on",
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
        reason = "It is itself where lost messages end; a queue behind it would end nowhere"
        accepted = {
            "AwsSolutions::AwsSolutions-SQS3": reason,
            "Serverless::Serverless-SQSRedrivePolicy": reason,
        }
        acknowledge(self.queue, accepted if key else accepted | _ACCEPTED_WITHOUT_KEY)
