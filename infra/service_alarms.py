"""What tells when VDM Alerts is itself unwell: its silence is not good news."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.evaluator import Evaluator
from infra.notification_topic import Notices
from vdm_alerts.core.observations.run_report import NAMESPACE

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MAXIMUM = cloudwatch.Stats.MAXIMUM
_MINIMUM = cloudwatch.Stats.MINIMUM
_SUM = cloudwatch.Stats.SUM


@dataclass(frozen=True, slots=True)
class _Watch:
    """One thing that must not be: *metric* at or above *threshold* in as many *periods* on end."""

    name: str
    says: str
    metric: cloudwatch.IMetric
    threshold: float = 1
    periods: int = 1
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING


class Watchdog(Construct):
    """Alarms on the function's health, told to every one of some topics, when they end too."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        evaluator: Evaluator,
        notices: Notices,
        lost: sqs.Queue,
        topics: Sequence[sns.Topic],
        cadence: timedelta,
    ) -> None:
        """Tell *topics* when *evaluator*, woken every *cadence*, or *notices* do not get through.

        What could not be delivered is in *lost*.
        """
        super().__init__(scope, id_)
        for topic in topics:
            _let_alarms_publish(topic)
        watches = _watches(evaluator, notices.topic, lost, cadence)
        self.alarms = [self._alarm(evaluator.service, watch, topics) for watch in watches]

    def _alarm(self, service: str, watch: _Watch, topics: Sequence[sns.Topic]) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            watch.name,
            alarm_name=f"{service}-{watch.name.lower()}",
            alarm_description=watch.says,
            metric=watch.metric,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=watch.threshold,
            evaluation_periods=watch.periods,
            treat_missing_data=watch.missing,
        )
        for topic in topics:
            alarm.add_alarm_action(actions.SnsAction(topic))
            alarm.add_ok_action(actions.SnsAction(topic))
        return alarm


def _watches(
    evaluator: Evaluator, topic: sns.Topic, lost: sqs.Queue, cadence: timedelta
) -> list[_Watch]:
    function = evaluator.function
    look = f"Look at the log group {evaluator.log_group.log_group_name}."
    # Twice as long as between two runs, so that no spell is without one.
    spell = min(max(_DAY / 8, 2 * cadence), _DAY)
    spells = max(2, _DAY // spell)
    hour = _duration(_HOUR)
    return [
        _Watch(
            "Silence",
            "VDM Alerts has completed no run in the last two that were due, so that nothing is "
            f"watched. {look}",
            # Lambda counts a 0 for every run that ends well, so that the least of them is 1 only
            # where none did; and where nothing runs there is no data.
            _filled(
                function.metric_errors(period=_duration(cadence), statistic=_MINIMUM), missing=1
            ),
            periods=2,
            missing=cloudwatch.TreatMissingData.BREACHING,
        ),
        _Watch(
            "Errors",
            f"Three runs of VDM Alerts, or one and both its repeats, failed in an hour. {look}",
            function.metric_errors(period=hour, statistic=_SUM),
            threshold=3,
        ),
        _Watch(
            "Dropped",
            f"Lambda has dropped a wake-up of VDM Alerts. {look}",
            function.metric("AsyncEventsDropped", period=hour, statistic=_SUM),
        ),
        _Watch(
            "Late",
            "A wake-up of VDM Alerts has waited for half an hour. Something keeps the function "
            f"busy. {look}",
            function.metric("AsyncEventAge", period=hour, statistic=_MAXIMUM),
            threshold=Duration.minutes(30).to_milliseconds(),
        ),
        _Watch(
            "Lost",
            "A wake-up or a message of VDM Alerts could not be delivered, or a run failed for "
            f"good; it is in the queue {lost.queue_name}. Read it there, then purge the queue.",
            lost.metric_approximate_number_of_messages_visible(period=hour, statistic=_MAXIMUM),
        ),
        _Watch(
            "Undelivered",
            "Amazon SNS could not deliver a message of VDM Alerts to one of its subscribers. See "
            f"the subscriptions of the topic {topic.topic_name}.",
            topic.metric_number_of_notifications_failed(period=hour, statistic=_SUM),
        ),
        _Watch(
            "Nobody",
            "Nobody has a confirmed subscription to the alerts of VDM Alerts: they reach no one.",
            _own(evaluator, "NobodySubscribed", spell),
            periods=2,
        ),
        _Watch(
            "Unread",
            "VDM Alerts has been unable to read something, again and again, for "
            f"{spells * spell // _HOUR} hours; what it cannot read it does not watch. {look}",
            _own(evaluator, "Unread", spell),
            periods=spells,
        ),
    ]


def _own(evaluator: Evaluator, name: str, period: timedelta) -> cloudwatch.IMetric:
    """Return a metric that *evaluator* records where there is something to record; else it is 0."""
    recorded = cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": evaluator.service},
        statistic=_MAXIMUM,  # Not a sum: CloudWatch may count a line of the log twice.
        period=_duration(period),
    )
    return _filled(recorded, missing=0)


def _filled(metric: cloudwatch.Metric, missing: int) -> cloudwatch.IMetric:
    """Return *metric* with a value where it has none.

    Without one an alarm looks further back, and takes the last values that it finds for the
    newest: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    return cloudwatch.MathExpression(
        expression=f"FILL(recorded, {missing})",
        using_metrics={"recorded": metric},
        period=metric.period,
    )


def _duration(length: timedelta) -> Duration:
    return Duration.seconds(length.total_seconds())


def _let_alarms_publish(topic: sns.Topic) -> None:
    """Name this account's alarms as publishers: a policy of one's own replaces SNS's default."""
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsOfThisAccount",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(topic).account}},
        )
    )
