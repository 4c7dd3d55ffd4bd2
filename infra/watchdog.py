"""What tells when VDM Alerts is itself unwell: its silence is not good news."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.evaluator import NAMESPACE, Evaluator
from infra.notices import Notices
from vdm_alerts.ports import SERVICE

_HOUR = Duration.hours(1)
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_FROM = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_BREACHING = cloudwatch.TreatMissingData.BREACHING
_FINE = cloudwatch.TreatMissingData.NOT_BREACHING
_IGNORED = cloudwatch.TreatMissingData.IGNORE


@dataclass(frozen=True, slots=True)
class _Watch:
    """One thing that must not be: *metric* beyond *threshold* in as many *periods* on end."""

    name: str
    says: str
    metric: cloudwatch.IMetric
    beyond: cloudwatch.ComparisonOperator
    threshold: float
    missing: cloudwatch.TreatMissingData
    periods: int = 1


class Watchdog(Construct):
    """Alarms on the function's health, told to every one of some topics, when they end too."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        evaluator: Evaluator,
        notices: Notices,
        topics: Sequence[sns.Topic],
        cadence: Duration,
    ) -> None:
        """Watch *evaluator*, woken every *cadence*, and that *notices* arrive; tell *topics*."""
        super().__init__(scope, id_)
        for topic in topics:
            _let_alarms_publish(topic)
        for watch in _watches(evaluator, notices, cadence):
            alarm = cloudwatch.Alarm(
                self,
                watch.name,
                alarm_description=watch.says,
                metric=watch.metric,
                comparison_operator=watch.beyond,
                threshold=watch.threshold,
                evaluation_periods=watch.periods,
                treat_missing_data=watch.missing,
            )
            for topic in topics:
                alarm.add_alarm_action(actions.SnsAction(topic))
                alarm.add_ok_action(actions.SnsAction(topic))


def _watches(evaluator: Evaluator, notices: Notices, cadence: Duration) -> list[_Watch]:
    function, lost = evaluator.function, evaluator.lost
    look = f"Look at the log of the function {function.function_name}."
    return [
        _Watch(
            "Silence",
            "VDM Alerts has completed no run in the last two that were due, so that nothing is "
            f"watched. {look}",
            # Not a sum: CloudWatch may count a line of the log twice.
            _own("RunsCompleted", cloudwatch.Stats.MAXIMUM, cadence),
            _BELOW, 1, _BREACHING, periods=2,
        ),
        _Watch(
            "Errors",
            f"A run of VDM Alerts and both its repeats failed within an hour. {look}",
            function.metric_errors(period=_HOUR, statistic=cloudwatch.Stats.SUM),
            _FROM, 3, _FINE,
        ),
        _Watch(
            "Dropped",
            f"Lambda has dropped a wake-up of VDM Alerts. {look}",
            function.metric(
                "AsyncEventsDropped", period=_HOUR, statistic=cloudwatch.Stats.SUM
            ),
            _FROM, 1, _FINE,
        ),
        _Watch(
            "Late",
            "A wake-up of VDM Alerts has waited for half an hour. Something keeps the function "
            f"busy. {look}",
            function.metric(
                "AsyncEventAge", period=_HOUR, statistic=cloudwatch.Stats.MAXIMUM
            ),
            _FROM, Duration.minutes(30).to_milliseconds(), _FINE,
        ),
        _Watch(
            "Lost",
            f"A wake-up of VDM Alerts could not be delivered or failed for good; it is in the "
            f"queue {lost.queue_name}. Read it there, then purge the queue.",
            lost.metric_approximate_number_of_messages_visible(
                period=_HOUR, statistic=cloudwatch.Stats.MAXIMUM
            ),
            _FROM, 1, _FINE,
        ),
        _Watch(
            "Undelivered",
            "Amazon SNS could not deliver a message of VDM Alerts to one of its subscribers. See "
            f"the subscriptions of the topic {notices.topic.topic_name}.",
            notices.topic.metric_number_of_notifications_failed(
                period=_HOUR, statistic=cloudwatch.Stats.SUM
            ),
            _FROM, 1, _FINE,
        ),
        _Watch(
            "Nobody",
            "Nobody has a confirmed subscription to the alerts of VDM Alerts: they reach no one.",
            _own("Subscribers", cloudwatch.Stats.MAXIMUM, cadence),
            _BELOW, 1, _IGNORED, periods=2,
        ),
        _Watch(
            "Unknown",
            "VDM Alerts could not read some of the figures at any run of a whole day; what it "
            f"cannot read it does not watch. {look}",
            _own("SeriesUnknown", cloudwatch.Stats.MINIMUM, Duration.days(1)),
            _FROM, 1, _IGNORED,
        ),
    ]  # fmt: skip


def _own(name: str, statistic: str, period: Duration) -> cloudwatch.IMetric:
    """Return a metric that the function itself records at every run."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": SERVICE},
        statistic=statistic,
        period=period,
    )


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
