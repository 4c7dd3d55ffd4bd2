"""The stack of VDM Alerts: its constructs and how they connect."""

from aws_cdk import Annotations, App, CfnOutput, Stack

from infra.dashboard import Dashboard
from infra.dead_letter_queue import DeadLetterQueue
from infra.encryption import Encryption
from infra.evaluator import Evaluator
from infra.fleet_access import fleet_access
from infra.fleet_hub import FleetHub
from infra.notification_topic import NotificationTopic
from infra.rule_parameters import RuleParameters
from infra.service_alarms import ServiceAlarms
from infra.settings import Settings
from infra.slack import SlackChannel
from infra.state_table import StateTable
from infra.triggers import Triggers, function_target
from infra.vdm import DeliverabilityManager


class VdmAlerts(Stack):
    """The stack of VDM Alerts.

    A schedule invokes the function. The function reads SES and the rules, stores its state
    in a table and publishes notifications to a topic. In a fleet, the schedule starts a state
    machine, which invokes the function for each account and Region.
    """

    def __init__(self, app: App, id_: str, settings: Settings) -> None:
        super().__init__(
            app,
            id_,
            stack_name=settings.prefix,
            description="Alerts on the rates of Amazon SES Virtual Deliverability Manager",
        )
        if settings.enable_vdm:
            DeliverabilityManager(self, "Deliverability")
        key = Encryption(self, "Encryption").key if settings.encrypt else None
        # CloudFormation derives logical ids from the construct ids, such as "Memory": another id
        # replaces the resource.
        state_table = StateTable(self, "Memory", settings.prefix)
        rules = RuleParameters(self, "Rulebook", f"/{settings.prefix}/rules")
        dead_letter_queue = DeadLetterQueue(self, "Lost", key)
        notifications = NotificationTopic(
            self, "Notices", emails=settings.emails, dead_letter_queue=dead_letter_queue
        )
        fleet = fleet_access(self, settings)
        evaluator = Evaluator(
            self,
            "Evaluator",
            state_table=state_table,
            rules=rules,
            topic=notifications.topic,
            dead_letter_queue=dead_letter_queue,
            settings=settings,
            fleet=fleet,
        )
        hub = None
        target = function_target(evaluator.function, dead_letter_queue)
        if fleet:
            hub = FleetHub(
                self,
                "Fleet",
                evaluator=evaluator,
                state_table=state_table,
                topic=notifications.topic,
                dead_letter_queue=dead_letter_queue,
                settings=settings,
                access=fleet,
            )
            target = hub.trigger_target
        Triggers(
            self,
            "Wakeups",
            target=target,
            dead_letter_queue=dead_letter_queue,
            schedule=settings.schedule,
            weekly_summary=settings.weekly_summary,
        )
        alarm_topics = [notifications.topic]
        if settings.watchdog_emails:
            alarm_notifications = NotificationTopic(
                self,
                "WatchdogNotices",
                emails=settings.watchdog_emails,
                dead_letter_queue=dead_letter_queue,
            )
            alarm_topics.append(alarm_notifications.topic)
        service_alarms = ServiceAlarms(
            self,
            "Watchdog",
            evaluator=evaluator,
            topic=notifications.topic,
            dead_letter_queue=dead_letter_queue.queue,
            alarm_topics=alarm_topics,
            settings=settings,
            hub=hub,
        )
        if settings.dashboard:
            Dashboard(
                self,
                "Dashboard",
                evaluator=evaluator,
                topic=notifications.topic,
                dead_letter_queue=dead_letter_queue.queue,
                rules=rules,
                alarms=service_alarms.alarms,
                hub=hub,
            )
        if settings.slack:
            workspace, channel = settings.slack
            SlackChannel(
                self,
                "Slack",
                name=f"{settings.prefix}-{channel}",
                workspace=workspace,
                channel=channel,
                topics=alarm_topics,
            )
        if not (settings.emails or settings.slack):
            Annotations.of(self).add_warning_v2(
                "vdm-alerts:no-subscribers",
                "This deployment subscribes no address to the notifications. Fix: pass -c "
                "email=you@example.com.",
            )
        CfnOutput(self, "FunctionName", value=evaluator.function.function_name)
        CfnOutput(self, "LogGroupName", value=evaluator.log_group.log_group_name)
        CfnOutput(self, "DeadLetterQueueUrl", value=dead_letter_queue.queue.queue_url)
        CfnOutput(self, "TopicArn", value=notifications.topic.topic_arn)
        CfnOutput(self, "TableName", value=state_table.table.table_name)
        CfnOutput(self, "RulesPath", value=rules.path)
        CfnOutput(self, "SilencesPath", value=evaluator.silences_path)
        if hub:
            CfnOutput(self, "StateMachineArn", value=hub.state_machine.state_machine_arn)
            CfnOutput(self, "HubRoleArn", value=evaluator.role.role_arn)
            CfnOutput(self, "EventBusArn", value=hub.bus.event_bus_arn)
            for name, function in {"ListTargets": hub.list_targets, "Deliver": hub.deliver}.items():
                CfnOutput(self, f"{name}LogGroupName", value=function.log_group.log_group_name)
