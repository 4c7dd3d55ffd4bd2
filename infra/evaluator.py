"""The evaluator: the Lambda function, its role and its log group."""

from aws_cdk import Arn, ArnComponents, ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.asset import function_code
from infra.dead_letter_queue import DeadLetterQueue
from infra.encryption import key_permissions
from infra.fleet_access import FleetAccess
from infra.nag_suppressions import acknowledge
from infra.permissions import allow
from infra.rule_parameters import RuleParameters
from infra.settings import Settings
from infra.state_table import StateTable
from vdm_alerts.settings import Settings as FunctionSettings
from vdm_alerts.settings import environment_of

MAX_EVENT_AGE = Duration.hours(1)
"""Age at which a trigger is dropped; the next one is due by then."""

_ACCEPTED_IN_ROLE = {
    "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "SES has no resource type for the account, for "
    "its lists, or for a mailbox provider, and CloudWatch has none for a metric, so their five "
    "read-only actions can be allowed only on *.",
}
_RUNTIME_REASON = (
    "Python 3.13 is supported until 2029. A newer version is used after the function "
    "is tested on it."
)
_DESTINATION_REASON = "It has an on-failure destination, which stores the event and the error."
ACCEPTED_IN_FUNCTION = {
    "AwsSolutions::AwsSolutions-L1": _RUNTIME_REASON,
    "Serverless::Serverless-LambdaLatestVersion": _RUNTIME_REASON,
    "Serverless::Serverless-LambdaDLQ": _DESTINATION_REASON,
    "CKV_AWS_116": _DESTINATION_REASON,
    "CKV_AWS_117": "It calls only AWS APIs. A VPC would add endpoints, which cost more than "
    "everything else, without more protection.",
    "CKV_AWS_173": "The environment contains names, not secrets.",
    "Serverless::Serverless-LambdaTracing": "One process calls five APIs in a fixed order and "
    "logs each result. A trace would add a library, two permissions, and costs.",
}
_ACCEPTED_WITHOUT_RESERVE = {
    "CKV_AWS_115": "The lease in the table allows one run at a time. In a new account, whose quota "
    "is 10, a reservation fails the deployment.",
}
_ACCEPTED_IN_FLEET = {
    "CKV_AWS_115": "The state machine limits how many targets are evaluated at the same time. The "
    "lease in the table allows one run of a target at a time.",
}
ACCEPTED_IN_LOG = {
    "CKV_AWS_158": "It contains counts and names, not secrets. CloudWatch Logs encrypts it "
    "with its own key.",
}
"""Findings of cdk-nag and checkov that are accepted, each with its reason."""


READ_ACTIONS = (
    "ses:GetAccount",
    "ses:ListEmailIdentities",
    "ses:ListConfigurationSets",
    "ses:ListTenants",
    "ses:ListRecommendations",
    "ses:BatchGetMetricData",
    "cloudwatch:GetMetricData",
)
"""What reads a target. The role of each account of a fleet allows the same."""


class Evaluator(Construct):
    """The Lambda function with an explicit role and a log group."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        state_table: StateTable,
        rules: RuleParameters,
        topic: sns.Topic,
        dead_letter_queue: DeadLetterQueue,
        settings: Settings,
        fleet: FleetAccess | None = None,
    ) -> None:
        """Create the function; failed runs go to *dead_letter_queue*.

        The lease in the state table prevents concurrent runs. If *settings* reserve concurrency,
        Lambda prevents them too.

        In a fleet, which has *fleet*, a state machine invokes the function for each target.
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
        self.role = role = iam.Role(
            self,
            "Role",
            role_name=fleet.role_name if fleet else None,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        allow(
            role,
            [
                *self._permissions(state_table, rules, topic, dead_letter_queue),
                *key_permissions(dead_letter_queue.key),
                *(fleet.permissions if fleet else ()),
            ],
        )
        function_settings = FunctionSettings(
            account=Stack.of(self).account,
            region=Stack.of(self).region,
            table=state_table.table.table_name,
            topic_arn=topic.topic_arn,
            rules_path=rules.path,
            silences_path=self.silences_path,
            default_rules=rules.shipped,
            service=self.service,
            quota_share=settings.quota_share,
            queries_per_day=settings.queries_per_day,
            include_today=settings.include_today,
            mask_addresses=settings.mask_addresses,
            quiet_hours=settings.quiet_hours,
            no_email_after=settings.no_email_after,
            runbook_url=settings.runbook_url,
        )
        environment = dict(environment_of(function_settings))
        is_reserved = settings.reserve and not fleet
        self.function = lambda_.Function(
            self,
            "Function",
            description="Monitors Amazon SES with Virtual Deliverability Manager and sends "
            "notifications",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="vdm_alerts.handlers.evaluate.lambda_handler",
            code=function_code(),
            role=role.without_policy_updates(),
            log_group=self.log_group,
            # benchmarks/function_size.py measures 92 MB at 10,000 identities. Half of this size
            # costs the same at 100 identities, because a run takes longer. A larger size costs
            # more, because a run mostly waits for SES. benchmarks/tenants.py measures what very
            # many tenants need.
            memory_size=settings.memory,
            # The longest timeout of Lambda. The SES quota makes a run take 4 minutes at 10,000
            # identities. A run stops reading two minutes before the timeout.
            timeout=Duration.minutes(15),
            reserved_concurrent_executions=1 if is_reserved else None,
            max_event_age=MAX_EVENT_AGE,
            retry_attempts=2,
            on_failure=destinations.SqsDestination(dead_letter_queue.queue),
            environment=environment | dict(environment_of(fleet.settings) if fleet else {}),
        )
        acknowledge(role, _ACCEPTED_IN_ROLE | dict(fleet.accepted if fleet else {}))
        acknowledge(self.log_group, ACCEPTED_IN_LOG)
        accepted = ACCEPTED_IN_FUNCTION
        if not is_reserved:
            accepted = accepted | (_ACCEPTED_IN_FLEET if fleet else _ACCEPTED_WITHOUT_RESERVE)
        acknowledge(self.function, accepted)

    def _permissions(
        self,
        state_table: StateTable,
        rules: RuleParameters,
        topic: sns.Topic,
        dead_letter_queue: DeadLetterQueue,
    ) -> list[tuple[str, str]]:
        """Return every permission of the function: an action and its resource."""
        return [
            # SES has no resource type for the account, its lists and its ISPs, CloudWatch for
            # metrics.
            *((action, "*") for action in READ_ACTIONS),
            ("ssm:GetParametersByPath", self._parameters_under(rules.path)),
            ("ssm:GetParametersByPath", self._parameters_under(self.silences_path)),
            ("dynamodb:Query", state_table.table.table_arn),
            ("dynamodb:PutItem", state_table.table.table_arn),
            ("dynamodb:DeleteItem", state_table.table.table_arn),
            ("dynamodb:BatchWriteItem", state_table.table.table_arn),
            ("sns:Publish", topic.topic_arn),
            ("sns:GetTopicAttributes", topic.topic_arn),
            ("sqs:SendMessage", dead_letter_queue.queue.queue_arn),
            # The ARN of a log group ends in ":*" and so includes its streams, which Lambda names.
            ("logs:CreateLogStream", self.log_group.log_group_arn),
            ("logs:PutLogEvents", self.log_group.log_group_arn),
        ]

    def _parameters_under(self, path: str) -> str:
        """Return the ARN that grants reading all parameters under *path*."""
        return Arn.format(
            ArnComponents(
                service="ssm",
                resource="parameter",
                resource_name=path.removeprefix("/"),
                arn_format=ArnFormat.SLASH_RESOURCE_NAME,
            ),
            Stack.of(self),
        )
