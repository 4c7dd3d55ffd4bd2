"""Where what could not be delivered is kept until somebody has read it."""

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_sqs import QueueEncryption
from constructs import Construct

from infra.nag_suppressions import acknowledge

_OWN_KEY = {
    "CKV_AWS_27": "SQS encrypts it with a key of its own; -c encrypt=true puts one of the "
    "account's in its place, from a dollar a month on",
}


class Lost(Construct):
    """One queue for wake-ups that never arrived, runs that failed for good, and undelivered mail.

    It takes nothing without TLS, and keeps what it has for as long as SQS can.
    """

    def __init__(self, scope: Construct, id_: str, key: kms.IKey | None) -> None:
        """Keep it under *key*, or under one of SQS's own."""
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
        itself = "It is itself where lost messages end; a queue behind it would end nowhere"
        findings = {
            "AwsSolutions::AwsSolutions-SQS3": itself,
            "Serverless::Serverless-SQSRedrivePolicy": itself,
        }
        acknowledge(self.queue, findings if key else findings | _OWN_KEY)
