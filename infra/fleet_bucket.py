"""The bucket with the files of the executions of a fleet."""

from collections.abc import Mapping

from aws_cdk import CfnElement, Duration, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.nag_suppressions import acknowledge
from vdm_alerts.adapters.aws.execution_keys import EXECUTIONS, KNOWN_TARGETS

KEPT_FOR = Duration.days(7)
"""How long the files of an execution are kept, so that you can examine a failed one."""
_ACCEPTED = {
    "AwsSolutions::AwsSolutions-S1": "Only the roles of this stack read and write it. Its files "
    "expire after a week, and the log of each function names what it reads and writes.",
    "CKV_AWS_18": "Only the roles of this stack read and write it. Its files expire after a week.",
    "CKV_AWS_21": "Each execution writes files of its own, which expire after a week.",
}


class FleetBucket(Construct):
    """A private bucket that requires TLS, and whose files expire after a week.

    It contains the targets of each execution, what is due for each of them, and their results.
    """

    def __init__(self, scope: Construct, id_: str, prefix: str) -> None:
        """Create the bucket, named after *prefix*, the account and the Region.

        CloudFormation cannot delete a bucket with files, so the bucket outlives the stack, and is
        empty a week later. Its fixed name lets a new stack adopt it.
        """
        super().__init__(scope, id_)
        stack = Stack.of(self)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=f"{prefix}-hub-{stack.account}-{stack.region}",  # At most 63 characters.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="Expire",
                    expiration=KEPT_FOR,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(self.bucket, _ACCEPTED)

    @property
    def known_targets(self) -> str:
        """The ARN of the file with the targets that the recipients know of."""
        return self.bucket.arn_for_objects(KNOWN_TARGETS)

    def accepted(self, path: str) -> Mapping[str, str]:
        """Return the finding of cdk-nag about `files` of *path*, and why it is accepted."""
        resource = self.bucket.node.default_child
        assert isinstance(resource, CfnElement)
        bucket = Stack.of(self).get_logical_id(resource)
        finding = f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/{EXECUTIONS}/*/{path}]"
        return {f"AwsSolutions::{finding}": "The path contains the name of the execution."}

    def files(self, path: str) -> str:
        """Return the ARN of the files at *path* below each execution."""
        return self.bucket.arn_for_objects(f"{EXECUTIONS}/*/{path}")
