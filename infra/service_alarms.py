"""CloudWatch alarms on VDM Alerts itself.

They do not depend on the function, so they also report that it is not running.
"""

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
from vdm_alerts.core.observations.run_report import NAMESPACE

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MAXIMUM = cloudwatch.Stats.MAXIMUM
_MINIMUM = cloudwatch.Stats.MINIMUM
_SUM = cloudwatch.Stats.SUM


@dataclass(frozen=True, slots=True)
class _AlarmDefinition:
    """An alarm: *metric* is at or above *threshold* in each of *periods*."""

    name: str
    description: str
    metric: cloudwatch.IMetric
    threshold: float = 1
    periods: int = 1
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING


class ServiceAlarms(Construct):
    """Alarms on the health of the service, with ALARM and OK notifications."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        evaluator: Evaluator,
        topic: sns.Topic,
        dead_letter_queue: sqs.Queue,
        alarm_topics: Sequence[sns.Topic],
        cadence: timedelta,
    ) -> None:
        """Create the alarms and notify *alarm_topics* of their states.

        *topic* carries the alert notifications; an alarm monitors its deliveries. *cadence* is the
        longest time between two runs of *evaluator*.
        """
        super().__init__(scope, id_)
        for alarm_topic in alarm_topics:
            _allow_alarms_to_publish(alarm_topic)
        definitions = _alarm_definitions(evaluator, topic, dead_letter_queue, cadence)
        self.alarms = [self._alarm(evaluator.service, each, alarm_topics) for each in definitions]

    def _alarm(
        self, service: str, definition: _AlarmDefinition, alarm_topics: Sequence[sns.Topic]
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            definition.name,
            alarm_name=f"{service}-{definition.name.lower()}",
            alarm_description=definition.description,
            metric=definition.metric,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=definition.threshold,
            evaluation_periods=definition.periods,
            treat_missing_data=definition.missing,
        )
        for topic in alarm_topics:
            alarm.add_alarm_action(actions.SnsAction(topic))
            alarm.add_ok_action(actions.SnsAction(topic))
        return alarm


def _alarm_definitions(
    evaluator: Evaluator, topic: sns.Topic, dead_letter_queue: sqs.Queue, cadence: timedelta
) -> list[_AlarmDefinition]:
    function = evaluator.function
    see_log = f"Look at the log group {evaluator.log_group.log_group_name}."
    # Twice the time between two runs, so that each period contains a run.
    period = min(max(_DAY / 8, 2 * cadence), _DAY)
    periods = max(2, _DAY // period)
    hour = _duration(_HOUR)
    return [
        _AlarmDefinition(
            "Silence",
            "VDM Alerts has completed no run in the last two that were due, so that nothing is "
            f"watched. {see_log}",
            # Lambda records 0 for each successful run, so the minimum of a period is 1 only if all
            # its runs failed. Without any run there is no data, which counts as 1 too.
            _fill(function.metric_errors(period=_duration(cadence), statistic=_MINIMUM), missing=1),
            periods=2,
            missing=cloudwatch.TreatMissingData.BREACHING,
        ),
        _AlarmDefinition(
            "Errors",
            f"Three runs of VDM Alerts, or one and both its repeats, failed in an hour. {see_log}",
            function.metric_errors(period=hour, statistic=_SUM),
            threshold=3,
        ),
        _AlarmDefinition(
            "Dropped",
            f"Lambda has dropped a wake-up of VDM Alerts. {see_log}",
            function.metric("AsyncEventsDropped", period=hour, statistic=_SUM),
        ),
        _AlarmDefinition(
            "Late",
            "A wake-up of VDM Alerts has waited for half an hour. Something keeps the function "
            f"busy. {see_log}",
            function.metric("AsyncEventAge", period=hour, statistic=_MAXIMUM),
            threshold=Duration.minutes(30).to_milliseconds(),
        ),
        _AlarmDefinition(
            "Lost",
            "A wake-up or a message of VDM Alerts could not be delivered, or a run failed for "
            f"good; it is in the queue {dead_letter_queue.queue_name}. Read it there, "
            "then purge the queue.",
            dead_letter_queue.metric_approximate_number_of_messages_visible(
                period=hour, statistic=_MAXIMUM
            ),
        ),
        _AlarmDefinition(
            "Undelivered",
            "Amazon SNS could not deliver a message of VDM Alerts to one of its subscribers. See "
            f"the subscriptions of the topic {topic.topic_name}.",
            topic.metric_number_of_notifications_failed(period=hour, statistic=_SUM),
        ),
        _AlarmDefinition(
            "Nobody",
            "Nobody has a confirmed subscription to the alerts of VDM Alerts: they reach no one.",
            _service_metric(evaluator, "NobodySubscribed", period),
            periods=2,
        ),
        _AlarmDefinition(
            "Unread",
            "VDM Alerts has been unable to read something, again and again, for "
            f"{periods * period // _HOUR} hours; what it cannot read it does not watch. {see_log}",
            _service_metric(evaluator, "Unread", period),
            periods=periods,
        ),
    ]


def _service_metric(evaluator: Evaluator, name: str, period: timedelta) -> cloudwatch.IMetric:
    """Return a metric that *evaluator* records, as 0 where it has no data."""
    recorded = cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": evaluator.service},
        statistic=_MAXIMUM,  # Not a sum: CloudWatch may count a log line twice.
        period=_duration(period),
    )
    return _fill(recorded, missing=0)


def _fill(metric: cloudwatch.Metric, missing: int) -> cloudwatch.IMetric:
    """Return *metric* with the value *missing* where it has no data.

    Without a value, CloudWatch evaluates older data points as if they were recent:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """
    return cloudwatch.MathExpression(
        expression=f"FILL(recorded, {missing})",
        using_metrics={"recorded": metric},
        period=metric.period,
    )


def _duration(length: timedelta) -> Duration:
    return Duration.seconds(length.total_seconds())


def _allow_alarms_to_publish(topic: sns.Topic) -> None:
    """Allow this account's alarms to publish to *topic*.

    A topic with a policy of its own loses the default policy of SNS, which would allow this.
    """
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsOfThisAccount",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(topic).account}},
        )
    )
