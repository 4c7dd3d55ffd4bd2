"""What runs: the function, and what it may do."""

from aws_cdk import Arn, ArnComponents, ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.asset import function_code
from infra.dead_letter_queue import Lost
from infra.encryption import uses
from infra.nag_suppressions import acknowledge
from infra.notification_topic import Notices
from infra.permissions import allow
from infra.rule_parameters import Rulebook
from infra.settings import Settings
from infra.state_table import Memory
from vdm_alerts.settings import Settings as FunctionSettings
from vdm_alerts.settings import environment_of

MAX_EVENT_AGE = Duration.hours(1)
"""A wake-up that is later than this is not worth making: the next one is there by then."""

_ROLE = {
    "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "SES has no resource type for the account, "
    "for its lists or for a mailbox provider, so that its four read-only actions can be granted "
    "on * alone",
}
_SUPPORTED = (
    "Python 3.13 is supported until 2029; a new minor version is taken up once what ships has "
    "been tested on it"
)
_DESTINATION = (
    "It has an on-failure destination, which holds what a dead-letter queue would, and the error "
    "beside it"
)
_FUNCTION = {
    "AwsSolutions::AwsSolutions-L1": _SUPPORTED,
    "Serverless::Serverless-LambdaLatestVersion": _SUPPORTED,
    "Serverless::Serverless-LambdaDLQ": _DESTINATION,
    "CKV_AWS_116": _DESTINATION,
    "CKV_AWS_117": "It talks to nothing but AWS's own APIs; a VPC would add endpoints, which cost "
    "more than all the rest, and protect nothing",
    "CKV_AWS_173": "The environment holds names and no secret",
    "Serverless::Serverless-LambdaTracing": "One process asks four APIs in a fixed order and logs "
    "what each said; a trace would add a library, two permissions and a bill",
}
_LOG = {
    "CKV_AWS_158": "It holds counts and names, no secret; CloudWatch Logs encrypts it with a key "
    "of its own",
}
"""What cdk-nag and checkov find that stays as it is, and why."""


class Evaluator(Construct):
    """One function, an explicit role and a log group."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        memory: Memory,
        rulebook: Rulebook,
        notices: Notices,
        lost: Lost,
        settings: Settings,
    ) -> None:
        """Send what fails for good to *lost*.

        Where *settings* reserve a concurrency of one, there is one run at a time; elsewhere the
        lease in the table sees to that.
        """
        super().__init__(scope, id_)
        self.service = settings.prefix
        self.silences_path = f"/{settings.prefix}/silences"
        self.log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        allow(role, [*self._permissions(memory, rulebook, notices, lost), *uses(lost.key)])
        told = FunctionSettings(
            account=Stack.of(self).account,
            region=Stack.of(self).region,
            table=memory.table.table_name,
            topic_arn=notices.topic.topic_arn,
            rules_path=rulebook.path,
            silences_path=self.silences_path,
            shipped_rules=rulebook.shipped,
            service=self.service,
            quota_share=settings.quota_share,
            queries_a_day=settings.queries_a_day,
            include_today=settings.include_today,
            mask_addresses=settings.mask_addresses,
            quiet_hours=settings.quiet_hours,
        )
        self.function = lambda_.Function(
            self,
            "Function",
            description="Reads SES's Virtual Deliverability Manager and tells what is wrong",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="vdm_alerts.handlers.evaluate.lambda_handler",
            code=function_code(),
            role=role.without_policy_updates(),
            log_group=self.log_group,
            # By benchmarks/function_size.py: 92 MB at 10,000 identities. Half of this would cost
            # the same at 100, for being slower; with more a run would wait at a higher price.
            memory_size=256,
            # The most that Lambda gives. SES's quota makes it 4 minutes at 10,000 identities; what
            # is not read two minutes before the end stays unread, and the run goes on.
            timeout=Duration.minutes(15),
            reserved_concurrent_executions=1 if settings.reserve else None,
            max_event_age=MAX_EVENT_AGE,
            retry_attempts=2,
            on_failure=destinations.SqsDestination(lost.queue),
            environment=dict(environment_of(told)),
        )
        acknowledge(role, _ROLE)
        acknowledge(self.log_group, _LOG)
        acknowledge(self.function, _FUNCTION)

    def _permissions(
        self, memory: Memory, rulebook: Rulebook, notices: Notices, lost: Lost
    ) -> list[tuple[str, str]]:
        """Return all that the function may do, each action with the one resource it is for."""
        everything = "*"  # SES has no resource for the account, its lists or its ISPs.
        return [
            ("ses:GetAccount", everything),
            ("ses:ListEmailIdentities", everything),
            ("ses:ListConfigurationSets", everything),
            ("ses:ListTenants", everything),
            ("ses:BatchGetMetricData", everything),
            ("ssm:GetParametersByPath", self._parameters(rulebook.path)),
            ("ssm:GetParametersByPath", self._parameters(self.silences_path)),
            ("dynamodb:Query", memory.table.table_arn),
            ("dynamodb:PutItem", memory.table.table_arn),
            ("dynamodb:DeleteItem", memory.table.table_arn),
            ("dynamodb:BatchWriteItem", memory.table.table_arn),
            ("sns:Publish", notices.topic.topic_arn),
            ("sns:GetTopicAttributes", notices.topic.topic_arn),
            ("sqs:SendMessage", lost.queue.queue_arn),
            # A log group's ARN ends in ":*", which is its streams; Lambda names those itself.
            ("logs:CreateLogStream", self.log_group.log_group_arn),
            ("logs:PutLogEvents", self.log_group.log_group_arn),
        ]

    def _parameters(self, path: str) -> str:
        """Return the ARN by which reading all parameters under *path* is granted."""
        return Arn.format(
            ArnComponents(
                service="ssm",
                resource="parameter",
                resource_name=path.removeprefix("/"),
                arn_format=ArnFormat.SLASH_RESOURCE_NAME,
            ),
            Stack.of(self),
        )
