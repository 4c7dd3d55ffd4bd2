"""The hub of a fleet: what a deployment for many accounts and Regions has in addition."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.cadence import shortest_interval
from infra.dead_letter_queue import DeadLetterQueue
from infra.encryption import key_permissions
from infra.evaluator import Evaluator
from infra.fleet_access import FleetAccess
from infra.fleet_events import FailedExecutions, FleetEvents
from infra.fleet_function import FleetFunction
from infra.fleet_state_machine import FleetStateMachine
from infra.nag_suppressions import acknowledge
from infra.settings import FleetOptions, Settings
from infra.state_table import StateTable
from infra.triggers import state_machine_target
from vdm_alerts.core.fleet.fleet import Fleet
from vdm_alerts.settings import DeliverySettings, TargetListSettings, environment_of

ORGANIZATION_ACTIONS = (
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListChildren",
)
"""What lists the accounts of an organization."""


class FleetHub(Construct):
    """The functions, the state machine, and the event bus of a fleet."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        evaluator: Evaluator,
        state_table: StateTable,
        topic: sns.Topic,
        dead_letter_queue: DeadLetterQueue,
        settings: Settings,
        access: FleetAccess,
    ) -> None:
        """Create the hub, whose state machine runs *evaluator*, which has *access*."""
        super().__init__(scope, id_)
        self._files = access.files
        self.list_targets = self._list_targets(access.options)
        self.deliver = self._deliver(state_table, topic, dead_letter_queue, settings)
        machine = FleetStateMachine(
            self,
            "Machine",
            name=settings.prefix,
            list_targets=self.list_targets.function,
            evaluate=evaluator.function,
            deliver=self.deliver.function,
            files=access.files,
            concurrency=access.options.concurrency,
        )
        self.state_machine = machine.state_machine
        self.state_machine_name = settings.prefix
        self.trigger_target = state_machine_target(self, self.state_machine, dead_letter_queue)
        FailedExecutions(
            self,
            "Failures",
            state_machine=self.state_machine,
            queue=dead_letter_queue.queue,
        )
        self.bus = FleetEvents(
            self,
            "Events",
            name=settings.prefix,
            fleet=access.options.fleet,
            trigger_target=self.trigger_target,
        ).bus

    def _list_targets(self, options: FleetOptions) -> FleetFunction:
        """Return the function that lists the targets of an execution."""
        file = assets.Asset(self, "File", path=options.path)
        stack = Stack.of(self)
        list_settings = TargetListSettings(
            account=stack.account,
            region=stack.region,
            fleet_bucket=self._files.bucket.bucket_name,
            fleet_file_bucket=file.s3_bucket_name,
            fleet_file_key=file.s3_object_key,
        )
        function = FleetFunction(
            self,
            "ListTargets",
            handler="list_targets",
            description="Lists the accounts and Regions of the fleet",
            timeout=Duration.minutes(5),
            environment=environment_of(list_settings),
        )
        function.allow(
            [
                ("s3:GetObject", file.bucket.arn_for_objects(file.s3_object_key)),
                ("s3:PutObject", self._files.files("targets.json")),
                ("s3:GetObject", self._files.known_targets),
                # Without it, S3 denies a file that does not exist yet instead of reporting that.
                ("s3:ListBucket", self._files.bucket.bucket_arn),
                *_organization_permissions(options.fleet),
            ]
        )
        acknowledge(
            function.role,
            {
                "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "The accounts that an organization "
                "lists have no resource type.",
                **self._files.accepted("targets.json"),
            },
        )
        return function

    def _deliver(
        self,
        state_table: StateTable,
        topic: sns.Topic,
        dead_letter_queue: DeadLetterQueue,
        settings: Settings,
    ) -> FleetFunction:
        """Return the function that sends what is due for all targets."""
        stack = Stack.of(self)
        table = state_table.table
        delivery_settings = DeliverySettings(
            account=stack.account,
            region=stack.region,
            table=table.table_name,
            topic_arn=topic.topic_arn,
            service=settings.prefix,
            mask_addresses=settings.mask_addresses,
            quiet_hours=settings.quiet_hours,
            runbook_url=settings.runbook_url,
            fleet_bucket=self._files.bucket.bucket_name,
            fleet_interval=shortest_interval(settings.schedule),
        )
        function = FleetFunction(
            self,
            "Deliver",
            handler="deliver",
            description="Sends what is due for the accounts and Regions of the fleet",
            timeout=Duration.minutes(15),
            environment=environment_of(delivery_settings),
        )
        function.allow(
            [
                ("s3:GetObject", self._files.files("*")),
                ("s3:PutObject", self._files.files("due/*")),
                ("s3:GetObject", self._files.known_targets),
                ("s3:PutObject", self._files.known_targets),
                # Without it, S3 denies a file that does not exist yet instead of reporting that.
                ("s3:ListBucket", self._files.bucket.bucket_arn),
                ("dynamodb:Query", table.table_arn),
                ("dynamodb:PutItem", table.table_arn),
                ("dynamodb:DeleteItem", table.table_arn),
                ("dynamodb:BatchWriteItem", table.table_arn),
                ("sns:Publish", topic.topic_arn),
                ("sns:GetTopicAttributes", topic.topic_arn),
                *key_permissions(dead_letter_queue.key),
            ]
        )
        acknowledge(function.role, {**self._files.accepted("*"), **self._files.accepted("due/*")})
        return function


def _organization_permissions(fleet: Fleet) -> list[tuple[str, str]]:
    """Return the permissions to list accounts, if *fleet* names an organization."""
    return [(action, "*") for action in ORGANIZATION_ACTIONS] if fleet.organization else []
