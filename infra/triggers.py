"""What wakes the function: the schedule, and SES where it has news of the account."""

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.dead_letter_queue import Lost
from infra.encryption import uses
from infra.evaluator import MAX_EVENT_AGE
from infra.permissions import allow

NEWS_FROM_SES = (
    "Advisor Recommendation Status Open",
    "Advisor Recommendation Status Resolved",
    "Advisor Recommendation Status Closed",
    "Sending Status Enabled",
    "Sending Status Disabled",
)
"""The events on which it is worth looking at once; "Closed" is what the page on tenants says.

Source: https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html
"""

RETRIES = 3


class Wakeups(Construct):
    """A schedule and an EventBridge rule, each of which may invoke one function and no other."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: lambda_.Function,
        lost: Lost,
        schedule: str,
    ) -> None:
        """Wake *function* by *schedule*; what cannot be delivered goes to *lost*."""
        super().__init__(scope, id_)
        wake = ("lambda:InvokeFunction", function.function_arn)
        own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        scheduler_itself = iam.ServicePrincipal("scheduler.amazonaws.com", conditions=own_account)
        role = iam.Role(self, "ScheduleRole", assumed_by=scheduler_itself)
        allow(role, [wake, ("sqs:SendMessage", lost.queue.queue_arn), *uses(lost.key)])
        self._schedule(function, lost.queue, schedule, role)
        events.Rule(
            self,
            "NewsFromSes",
            description="SES has news of the account: VDM Alerts looks at once",
            event_pattern=events.EventPattern(source=["aws.ses"], detail_type=list(NEWS_FROM_SES)),
            targets=[
                targets.LambdaFunction(
                    function,
                    dead_letter_queue=lost.queue,
                    max_event_age=MAX_EVENT_AGE,
                    retry_attempts=RETRIES,
                )
            ],
        )

    def _schedule(
        self, function: lambda_.Function, lost: sqs.Queue, expression: str, role: iam.Role
    ) -> None:
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description="Wakes VDM Alerts",
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=role.role_arn,
                input="{}",
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=lost.queue_arn
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=MAX_EVENT_AGE.to_seconds(),
                    maximum_retry_attempts=RETRIES,
                ),
            ),
        )
        schedule.node.add_dependency(role)  # Its first wake-up comes at once.
