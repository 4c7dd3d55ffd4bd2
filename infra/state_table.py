"""What is remembered between runs: one small table."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.nag_suppressions import acknowledge


class Memory(Construct):
    """The table of alerts that are not at rest, and of the lease that a run takes."""

    def __init__(self, scope: Construct, id_: str, name: str) -> None:
        """Call the table *name*, by which a later stack finds the one that an earlier left."""
        super().__init__(scope, id_)
        self.table = dynamodb.Table(
            self,
            "Table",
            table_name=name,
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="until",
            # What people were told outlives the stack: a new one would tell it all again. Not so
            # a table of a first deployment that failed, which nobody has written to.
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            self.table,
            {
                "CKV_AWS_119": "It outlives the stack, and would be unreadable once a key of the "
                "stack's is gone; DynamoDB encrypts it with one of its own",
            },
        )
