"""VDM Alerts as one stack: what exists, and what talks to what."""

from aws_cdk import App, CfnOutput, Duration, Stack

from infra.evaluator import Evaluator
from infra.memory import Memory
from infra.notices import Notices
from infra.rulebook import Rulebook
from infra.settings import Settings
from infra.slack import SlackChannel
from infra.wakeups import Wakeups
from infra.watchdog import Watchdog


class VdmAlerts(Stack):
    """A schedule wakes a function, which reads SES and the rules, remembers, and publishes."""

    def __init__(self, app: App, id_: str, settings: Settings) -> None:
        super().__init__(
            app, id_, description="Alerts on Amazon SES's Virtual Deliverability Manager"
        )
        memory = Memory(self, "Memory")
        rulebook = Rulebook(self, "Rulebook")
        notices = Notices(self, "Notices", settings.emails)
        evaluator = Evaluator(
            self,
            "Evaluator",
            memory=memory,
            rulebook=rulebook,
            notices=notices,
            reserve=settings.reserve,
        )
        Wakeups(
            self,
            "Wakeups",
            function=evaluator.function,
            lost=evaluator.lost,
            schedule=settings.schedule,
        )
        topics = [notices.topic]
        if settings.watchdog_emails:
            topics.append(Notices(self, "WatchdogNotices", settings.watchdog_emails).topic)
        Watchdog(
            self,
            "Watchdog",
            evaluator=evaluator,
            notices=notices,
            topics=topics,
            cadence=Duration.seconds(settings.cadence.total_seconds()),
        )
        if settings.slack:
            workspace, channel = settings.slack
            SlackChannel(self, "Slack", workspace=workspace, channel=channel, topics=topics)
        CfnOutput(self, "FunctionName", value=evaluator.function.function_name)
        CfnOutput(self, "TopicArn", value=notices.topic.topic_arn)
        CfnOutput(self, "TableName", value=memory.table.table_name)
        CfnOutput(self, "RulesPath", value=rulebook.path)
