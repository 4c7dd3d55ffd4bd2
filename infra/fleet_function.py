"""A Lambda function that the state machine of a fleet invokes, beside the evaluator."""

from collections.abc import Iterable, Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.asset import function_code
from infra.evaluator import ACCEPTED_IN_FUNCTION, ACCEPTED_IN_LOG
from infra.nag_suppressions import acknowledge
from infra.permissions import allow

_INVOKED_BY_STATE_MACHINE = (
    "Only the state machine invokes it, and waits for the result. Failures are in its execution."
)
_ACCEPTED = ACCEPTED_IN_FUNCTION | {
    "Serverless::Serverless-LambdaDLQ": _INVOKED_BY_STATE_MACHINE,
    "CKV_AWS_115": "An execution invokes it once. A reservation would reduce what the evaluator "
    "can use.",
    "CKV_AWS_116": _INVOKED_BY_STATE_MACHINE,
}


class FleetFunction(Construct):
    """A function with an explicit role and a log group."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        handler: str,
        description: str,
        timeout: Duration,
        environment: Mapping[str, str],
    ) -> None:
        """Create the function with the *handler*, the name of a module of the package."""
        super().__init__(scope, id_)
        self.log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.allow(
            [
                ("logs:CreateLogStream", self.log_group.log_group_arn),
                ("logs:PutLogEvents", self.log_group.log_group_arn),
            ]
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"vdm_alerts.handlers.{handler}.lambda_handler",
            code=function_code(),
            role=self.role.without_policy_updates(),
            log_group=self.log_group,
            memory_size=512,
            timeout=timeout,
            environment=dict(environment),
        )
        acknowledge(self.log_group, ACCEPTED_IN_LOG)
        acknowledge(self.function, _ACCEPTED)

    def allow(self, permissions: Iterable[tuple[str, str]]) -> None:
        """Grant the function each action on the resource beside it."""
        allow(self.role, permissions)
