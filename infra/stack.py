"""VDM Alerts as one stack: what exists, and what talks to what."""

from aws_cdk import Annotations, App, CfnOutput, Stack

from infra.dashboard import Dashboard
from infra.dead_letter_queue import Lost
from infra.encryption import Encryption
from infra.evaluator import Evaluator
from infra.notification_topic import Notices
from infra.rule_parameters import Rulebook
from infra.service_alarms import Watchdog
from infra.settings import Settings
from infra.slack import SlackChannel
from infra.state_table import Memory
from infra.triggers import Wakeups
from infra.vdm import DeliverabilityManager


class VdmAlerts(Stack):
    """A schedule wakes a function, which reads SES and the rules, remembers, and publishes."""

    def __init__(self, app: App, id_: str, settings: Settings) -> None:
        super().__init__(
            app,
            id_,
            stack_name=settings.prefix,
            description="Alerts on Amazon SES's Virtual Deliverability Manager",
        )
        if settings.enable_vdm:
            DeliverabilityManager(self, "Deliverability")
        key = Encryption(self, "Encryption").key if settings.encrypt else None
        memory = Memory(self, "Memory", settings.prefix)
        rulebook = Rulebook(self, "Rulebook", f"/{settings.prefix}/rules")
        lost = Lost(self, "Lost", key)
        notices = Notices(self, "Notices", emails=settings.emails, lost=lost)
        evaluator = Evaluator(
            self,
            "Evaluator",
            memory=memory,
            rulebook=rulebook,
            notices=notices,
            lost=lost,
            settings=settings,
        )
        Wakeups(
            self,
            "Wakeups",
            function=evaluator.function,
            lost=lost,
            schedule=settings.schedule,
        )
        topics = [notices.topic]
        if settings.watchdog_emails:
            emails = settings.watchdog_emails
            topics.append(Notices(self, "WatchdogNotices", emails=emails, lost=lost).topic)
        watchdog = Watchdog(
            self,
            "Watchdog",
            evaluator=evaluator,
            notices=notices,
            lost=lost.queue,
            topics=topics,
            cadence=settings.cadence,
        )
        if settings.dashboard:
            Dashboard(
                self,
                "Dashboard",
                evaluator=evaluator,
                notices=notices,
                lost=lost.queue,
                rulebook=rulebook,
                alarms=watchdog.alarms,
            )
        if settings.slack:
            workspace, channel = settings.slack
            SlackChannel(
                self,
                "Slack",
                name=f"{settings.prefix}-{channel}",
                workspace=workspace,
                channel=channel,
                topics=topics,
            )
        if not (settings.emails or settings.slack):
            Annotations.of(self).add_warning_v2(
                "vdm-alerts:nobody",
                "This deployment subscribes nobody to the alerts: -c email=you@example.com",
            )
        CfnOutput(self, "FunctionName", value=evaluator.function.function_name)
        CfnOutput(self, "LogGroupName", value=evaluator.log_group.log_group_name)
        CfnOutput(self, "LostQueueUrl", value=lost.queue.queue_url)
        CfnOutput(self, "TopicArn", value=notices.topic.topic_arn)
        CfnOutput(self, "TableName", value=memory.table.table_name)
        CfnOutput(self, "RulesPath", value=rulebook.path)
        CfnOutput(self, "SilencesPath", value=evaluator.silences_path)
