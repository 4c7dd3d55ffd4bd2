"""What invokes the function: two schedules and events of SES."""

import json
from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
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
WEEKLY_SUMMARY = "weeklySummary"
"""The key by which the handler recognizes an event that requests a weekly summary."""


class Triggers(Construct):
    """Two schedules and an EventBridge rule that may invoke one function."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: lambda_.Function,
        dead_letter_queue: DeadLetterQueue,
        schedule: str,
        weekly_summary: str | None,
    ) -> None:
        """Invoke *function* by *schedule* and on events of SES.

        The schedule *weekly_summary* also requests a weekly summary; None has no such schedule.
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
        self._function, self._queue, self._role = function, dead_letter_queue.queue, role
        self._schedule("Schedule", "Starts the scheduled runs of VDM Alerts", schedule, {})
        if weekly_summary:
            event = {WEEKLY_SUMMARY: True}
            description = "Requests the weekly summary of VDM Alerts"
            self._schedule("WeeklySummary", description, weekly_summary, event)
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
        self, id_: str, description: str, expression: str, event: Mapping[str, object]
    ) -> None:
        schedule = scheduler.CfnSchedule(
            self,
            id_,
            description=description,
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._function.function_arn,
                role_arn=self._role.role_arn,
                input=json.dumps(event),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=self._queue.queue_arn
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=MAX_EVENT_AGE.to_seconds(),
                    maximum_retry_attempts=MAX_RETRIES,
                ),
            ),
        )
        schedule.node.add_dependency(self._role)  # A rate schedule starts immediately.
