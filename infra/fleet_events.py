"""The events of a fleet: those of SES in its accounts, and failed executions."""

from collections.abc import Sequence

from aws_cdk import Annotations
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.nag_suppressions import acknowledge
from infra.triggers import TriggerTarget, ses_event_pattern
from vdm_alerts.core.fleet.fleet import Fleet

MAX_LISTED_ACCOUNTS = 500
"""The accounts that fit into the policy of an event bus, which has at most 10,240 characters.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
"""


class FailedExecutions(Construct):
    """A rule that sends failed executions of a state machine to a queue.

    So the alarm on the dead-letter queue reports them, as it reports failed runs of a function.
    """

    def __init__(
        self, scope: Construct, id_: str, *, state_machine: sfn.StateMachine, queue: sqs.Queue
    ) -> None:
        super().__init__(scope, id_)
        rule = events.Rule(
            self,
            "Rule",
            description="Sends failed executions of VDM Alerts to its dead-letter queue",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [state_machine.state_machine_arn],
                    "status": ["FAILED", "TIMED_OUT"],
                },
            ),
            targets=[targets.SqsQueue(queue)],
        )
        reason = "Its target is the dead-letter queue itself."
        acknowledge(rule, {"Serverless::Serverless-EventBusDLQ": reason})


class FleetEvents(Construct):
    """An event bus that accepts events of the accounts of a fleet, and a rule for those of SES."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, fleet: Fleet, trigger_target: TriggerTarget
    ) -> None:
        """Create the bus *name*; its SES events start *trigger_target*."""
        super().__init__(scope, id_)
        self.bus = events.EventBus(
            self, "Bus", event_bus_name=name, description="SES events of the accounts of a fleet"
        )
        accounts = sorted({entry.target.account for entry in fleet.targets})
        if fleet.organization:
            self._allow("Organization", "aws:PrincipalOrgID", [fleet.organization.id])
        if len(accounts) > MAX_LISTED_ACCOUNTS:
            Annotations.of(self).add_warning_v2(
                "vdm-alerts:events-of-listed-accounts",
                f"The fleet lists {len(accounts)} accounts, but the policy of the event bus has "
                f"room for {MAX_LISTED_ACCOUNTS}. The events of the listed accounts are not "
                "accepted; the schedule still evaluates them. Fix: name the organization instead.",
            )
        elif accounts:
            self._allow("ListedAccounts", "aws:PrincipalAccount", accounts)
        events.Rule(
            self,
            "NewsFromSes",
            description="Starts an execution of VDM Alerts immediately when SES reports a change "
            "of an account",
            event_bus=self.bus,
            event_pattern=ses_event_pattern(),
            targets=[trigger_target.rule_target],
        )

    def _allow(self, sid: str, condition_key: str, values: Sequence[str]) -> None:
        """Allow the principals with one of *values* to send events.

        Conditions instead of principals: a policy with the ID of a closed account as a principal is
        invalid.
        """
        statement = iam.PolicyStatement(
            sid=sid,
            principals=[iam.AnyPrincipal()],
            actions=["events:PutEvents"],
            resources=[self.bus.event_bus_arn],
            conditions={"StringEquals": {condition_key: list(values)}},
        )
        events.CfnEventBusPolicy(
            self,
            sid,
            event_bus_name=self.bus.event_bus_name,
            statement_id=sid,
            statement=statement.to_statement_json(),
        )
