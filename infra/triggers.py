"""What invokes the function: a schedule and events of SES."""

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.dead_letter_queue import DeadLetterQueue
from infra.encryption import key_permissions
from infra.evaluator import MAX_EVENT_AGE
from infra.permissions import allow

SES_EVENTS = (
    "Sending Status Enabled",
    "Sending Status Disabled",
)
"""Events that change whether the account may send.

The advisor's recommendations are left out: SES opens one for each identity and type, hundreds at
once, and none of them changes a rate.

Source: https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html
"""

MAX_RETRIES = 3


class Triggers(Construct):
    """A schedule and an EventBridge rule that may invoke one function."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: lambda_.Function,
        dead_letter_queue: DeadLetterQueue,
        schedule: str,
    ) -> None:
        """Invoke *function* by *schedule* and on events of SES.

        Triggers that cannot be delivered go to *dead_letter_queue*.
        """
        super().__init__(scope, id_)
        invoke = ("lambda:InvokeFunction", function.function_arn)
        own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        scheduler_principal = iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions=own_account
        )
        role = iam.Role(self, "ScheduleRole", assumed_by=scheduler_principal)
        allow(
            role,
            [
                invoke,
                ("sqs:SendMessage", dead_letter_queue.queue.queue_arn),
                *key_permissions(dead_letter_queue.key),
            ],
        )
        self._schedule(function, dead_letter_queue.queue, schedule, role)
        events.Rule(
            self,
            "NewsFromSes",
            description="Starts a run of VDM Alerts immediately when SES reports a change "
            "of the account",
            event_pattern=events.EventPattern(source=["aws.ses"], detail_type=list(SES_EVENTS)),
            targets=[
                targets.LambdaFunction(
                    function,
                    dead_letter_queue=dead_letter_queue.queue,
                    max_event_age=MAX_EVENT_AGE,
                    retry_attempts=MAX_RETRIES,
                )
            ],
        )

    def _schedule(
        self,
        function: lambda_.Function,
        dead_letter_queue: sqs.Queue,
        expression: str,
        role: iam.Role,
    ) -> None:
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description="Starts the scheduled runs of VDM Alerts",
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=role.role_arn,
                input="{}",
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=dead_letter_queue.queue_arn
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=MAX_EVENT_AGE.to_seconds(),
                    maximum_retry_attempts=MAX_RETRIES,
                ),
            ),
        )
        schedule.node.add_dependency(role)  # A rate schedule starts immediately.
