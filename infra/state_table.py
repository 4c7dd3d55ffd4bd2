"""The table that keeps state between runs."""

from aws_cdk import Arn, ArnComponents, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.nag_suppressions import acknowledge


class StateTable(Construct):
    """A DynamoDB table with the open alerts, the history and the lease."""

    def __init__(self, scope: Construct, id_: str, name: str) -> None:
        """Create the table as *name*.

        A fixed name lets a new stack adopt the table of a deleted one.
        """
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
            resource_policy=self._policy(name),
            # The table outlives the stack: without it, a new stack would send every notification
            # again. If the first deployment fails, the empty table is deleted, which a deletion
            # protection would prevent. After a deletion by hand, DynamoDB keeps a backup for 35
            # days:
            # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(
            self.table,
            {
                "CKV_AWS_119": "The table remains when the stack is deleted, and would be "
                "unreadable without the KMS key of the stack. DynamoDB encrypts it with its own "
                "key.",
            },
        )

    def _policy(self, name: str) -> iam.PolicyDocument:
        """Return a policy that rejects other accounts, and requests without TLS.

        DynamoDB also serves HTTP:
        https://docs.aws.amazon.com/general/latest/gr/ddb.html
        """
        stack = Stack.of(self)
        # The table has no ARN before its policy is created, but its name is known.
        arn = Arn.format(
            ArnComponents(service="dynamodb", resource="table", resource_name=name), stack
        )
        conditions = {
            "RequireTls": {"Bool": {"aws:SecureTransport": "false"}},
            "RejectOtherAccounts": {"StringNotEquals": {"aws:PrincipalAccount": stack.account}},
        }
        return iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    sid=sid,
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=["dynamodb:*"],
                    resources=[arn],
                    conditions=condition,
                )
                for sid, condition in conditions.items()
            ]
        )
