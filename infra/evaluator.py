"""What runs: the function, what it may do, and where its failures go."""

from aws_cdk import (
    Acknowledgment,
    Arn,
    ArnComponents,
    ArnFormat,
    Duration,
    RemovalPolicy,
    Stack,
    Validations,
)
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.asset import function_code
from infra.memory import Memory
from infra.notices import Notices
from infra.permissions import allow
from infra.rulebook import Rulebook
from vdm_alerts.settings import VARIABLES
from vdm_alerts.settings import Settings as FunctionSettings

NAMESPACE = "VdmAlerts"
"""The CloudWatch namespace of the metrics."""
LATEST = Duration.hours(1)
"""A wake-up that is later than this is not worth making: the next one is there by then."""


class Evaluator(Construct):
    """One function, an explicit role, a log group, and a queue for what was lost."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        memory: Memory,
        rulebook: Rulebook,
        notices: Notices,
        reserve: bool,
    ) -> None:
        """Run one at a time where concurrency can be *reserve*d; a lease sees to it elsewhere."""
        super().__init__(scope, id_)
        log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.lost = sqs.Queue(
            self,
            "Lost",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        allow(role, self._permissions(memory, rulebook, notices, log_group))
        settings = FunctionSettings(
            table=memory.table.table_name,
            topic_arn=notices.topic.topic_arn,
            rules_path=rulebook.path,
            namespace=NAMESPACE,
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description="Reads SES's Virtual Deliverability Manager and tells what is wrong",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="vdm_alerts.handler.lambda_handler",
            code=function_code(),
            role=role.without_policy_updates(),
            log_group=log_group,
            memory_size=256,
            timeout=Duration.minutes(15),
            reserved_concurrent_executions=1 if reserve else None,
            max_event_age=LATEST,
            retry_attempts=2,
            on_failure=destinations.SqsDestination(self.lost),
            environment={name: getattr(settings, key) for key, name in VARIABLES.items()},
        )
        Validations.of(role).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-IAM5[Resource::*]",
                reason="SES has no resource type for the account, for its lists or for a mailbox "
                "provider, so that its four read-only actions can be granted on * alone",
            )
        )
        Validations.of(self.lost).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-SQS3",
                reason="It is itself where lost events end; a queue behind it would end nowhere",
            )
        )
        Validations.of(self.function).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-L1",
                reason="Python 3.13 is supported until 2029; a new minor version is taken up once "
                "what ships has been tested on it",
            )
        )

    def _permissions(
        self, memory: Memory, rulebook: Rulebook, notices: Notices, log_group: logs.LogGroup
    ) -> list[tuple[str, str]]:
        """Return all that the function may do, each action with the one resource it is for."""
        rules = Arn.format(
            ArnComponents(
                service="ssm",
                resource="parameter",
                resource_name=rulebook.path.removeprefix("/"),
                arn_format=ArnFormat.SLASH_RESOURCE_NAME,
            ),
            Stack.of(self),
        )
        everything = "*"  # SES has no resource for the account, its lists or its ISPs.
        return [
            ("ses:GetAccount", everything),
            ("ses:ListEmailIdentities", everything),
            ("ses:ListConfigurationSets", everything),
            ("ses:BatchGetMetricData", everything),
            ("ssm:GetParametersByPath", rules),
            ("dynamodb:Query", memory.table.table_arn),
            ("dynamodb:PutItem", memory.table.table_arn),
            ("dynamodb:DeleteItem", memory.table.table_arn),
            ("dynamodb:BatchWriteItem", memory.table.table_arn),
            ("sns:Publish", notices.topic.topic_arn),
            ("sns:GetTopicAttributes", notices.topic.topic_arn),
            ("sqs:SendMessage", self.lost.queue_arn),
            # A log group's ARN ends in ":*", which is its streams; Lambda names those itself.
            ("logs:CreateLogStream", log_group.log_group_arn),
            ("logs:PutLogEvents", log_group.log_group_arn),
        ]
