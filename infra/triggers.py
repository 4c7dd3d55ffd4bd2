"""What starts a run: two schedules and events of SES."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.dead_letter_queue import DeadLetterQueue
from infra.encryption import key_permissions
from infra.evaluator import MAX_EVENT_AGE
from infra.permissions import allow
from vdm_alerts.app.list_targets import SES_EVENT_SOURCE
from vdm_alerts.handlers.events import WEEKLY_SUMMARY

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


@dataclass(frozen=True, slots=True)
class TriggerTarget:
    """What schedules and rules start: a function, or a state machine."""

    arn: str
    permission: tuple[str, str]
    """The action that starts it, and the resource of this action."""
    rule_target: events.IRuleTarget


def function_target(
    function: lambda_.Function, dead_letter_queue: DeadLetterQueue
) -> TriggerTarget:
    """Return *function* as a target. Undeliverable events go to *dead_letter_queue*."""
    return TriggerTarget(
        arn=function.function_arn,
        permission=("lambda:InvokeFunction", function.function_arn),
        rule_target=targets.LambdaFunction(
            function,
            dead_letter_queue=dead_letter_queue.queue,
            max_event_age=MAX_EVENT_AGE,
            retry_attempts=MAX_RETRIES,
        ),
    )


def state_machine_target(
    scope: Construct, state_machine: sfn.StateMachine, dead_letter_queue: DeadLetterQueue
) -> TriggerTarget:
    """Return *state_machine* as a target, like `function_target`.

    Creates the role of the rules in *scope*.
    """
    permission = ("states:StartExecution", state_machine.state_machine_arn)
    own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    principal = iam.ServicePrincipal("events.amazonaws.com", conditions=own_account)
    role = iam.Role(scope, "RuleRole", assumed_by=principal)
    allow(role, [permission])
    return TriggerTarget(
        arn=state_machine.state_machine_arn,
        permission=permission,
        rule_target=targets.SfnStateMachine(
            state_machine,
            role=role.without_policy_updates(),
            dead_letter_queue=dead_letter_queue.queue,
            max_event_age=MAX_EVENT_AGE,
            retry_attempts=MAX_RETRIES,
        ),
    )


def ses_event_pattern() -> events.EventPattern:
    """Return the pattern of the events of SES that start a run."""
    return events.EventPattern(source=[SES_EVENT_SOURCE], detail_type=list(SES_EVENTS))


class Triggers(Construct):
    """Two schedules and an EventBridge rule that may start one target."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        target: TriggerTarget,
        dead_letter_queue: DeadLetterQueue,
        schedule: str,
        weekly_summary: str | None,
    ) -> None:
        """Start *target* by *schedule* and on events of SES.

        The schedule *weekly_summary* also requests a weekly summary; None has no such schedule.
        Triggers that cannot be delivered go to *dead_letter_queue*.
        """
        super().__init__(scope, id_)
        own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        scheduler_principal = iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions=own_account
        )
        role = iam.Role(self, "ScheduleRole", assumed_by=scheduler_principal)
        allow(
            role,
            [
                target.permission,
                ("sqs:SendMessage", dead_letter_queue.queue.queue_arn),
                *key_permissions(dead_letter_queue.key),
            ],
        )
        self._target, self._queue, self._role = target, dead_letter_queue.queue, role
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
            event_pattern=ses_event_pattern(),
            targets=[target.rule_target],
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
                arn=self._target.arn,
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
