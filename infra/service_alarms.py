"""CloudWatch alarms on VDM Alerts itself.

They do not depend on the function, so they also report that it is not running. They publish to the
topic that they monitor, and CloudWatch publishes each change of state. So an alarm must not change
its state because of its own notifications, nor between two runs.
"""

import math
import re
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
from infra.fleet_hub import FleetHub
from infra.settings import Settings
from vdm_alerts.core.fleet.report import BLIND_TARGETS, COMPLETE_EXECUTIONS
from vdm_alerts.core.notifications.rendering.runbook import alarm_section, section_address
from vdm_alerts.core.observations.run_report import NAMESPACE

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MAX_WARM_UP = timedelta(days=2)
"""The longest warm-up period of CloudWatch.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html
"""
_RUN_MARGIN = timedelta(minutes=15)
"""The time for a run, which is at most its timeout, and for its metrics to arrive."""

_EXECUTION_MARGIN = timedelta(hours=1)
"""The time for an execution of a fleet.

Ten thousand targets, each of which takes 10 s, take 42 minutes at the default concurrency.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _AlarmDefinition:
    """An alarm: *metric* is at least 1 in *datapoints* of the last *periods*."""

    name: str
    """The construct ID, in Pascal case. The alarm is named after it."""
    problem: str
    """What ALARM means: the rest of a sentence that begins with "In ALARM:"."""
    steps: str
    """What to check, in the imperative."""
    metric: cloudwatch.IMetric
    periods: int = 1
    datapoints: int | None = None
    """Periods that must breach; None for all."""
    calendar_days: bool = False
    """Whether periods are whole UTC days. Otherwise, they end at the time of the evaluation."""
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING
    warm_up: timedelta | None = None
    """Time after the creation during which the alarm is not evaluated."""
    notifies_ok: bool = True

    def description(self, runbook_url: str | None) -> str:
        """Return the description, which is true in each state.

        CloudWatch also sends it with OK.
        """
        runbook = section_address(alarm_section(self.name), runbook_url)
        return f"In ALARM: {self.problem} {self.steps} Runbook: {runbook}"


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
        settings: Settings,
        hub: FleetHub | None = None,
    ) -> None:
        """Create the alarms and notify *alarm_topics* of their states.

        *topic* carries the alert notifications; an alarm monitors its deliveries. The cadence and
        the URL of the runbook are from *settings*. In a fleet, alarms monitor its *hub* too.
        """
        super().__init__(scope, id_)
        self._service = evaluator.service
        self._runbook_url = settings.runbook_url
        self._alarm_topics = alarm_topics
        for alarm_topic in alarm_topics:
            _allow_alarms_to_publish(alarm_topic)
        definitions = [
            _no_execution(hub, evaluator.service, settings.cadence)
            if hub
            else _not_running(evaluator, settings.cadence),
            _dead_letters(dead_letter_queue),
            _undelivered(topic),
            *_recorded_problems(evaluator, topic, settings.cadence),
        ]
        if hub:
            definitions.append(_blind_targets(hub, evaluator.service, settings.cadence))
        self.alarms = [self._alarm(definition) for definition in definitions]

    def _alarm(self, definition: _AlarmDefinition) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            definition.name,
            alarm_name=f"{self._service}-{_kebab_case(definition.name)}",
            alarm_description=definition.description(self._runbook_url),
            metric=definition.metric,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=1,
            evaluation_periods=definition.periods,
            datapoints_to_alarm=definition.datapoints,
            treat_missing_data=definition.missing,
        )
        resource = alarm.node.default_child
        assert isinstance(resource, cloudwatch.CfnAlarm)
        if definition.calendar_days:
            resource.evaluation_window = cloudwatch.CfnAlarm.EvaluationWindowProperty(
                wall_clock_window=cloudwatch.CfnAlarm.WallClockWindowProperty(timezone="UTC")
            )
        if definition.warm_up:
            resource.warm_up_configuration = cloudwatch.CfnAlarm.WarmUpConfigurationProperty(
                warm_up_period_duration_in_minutes=definition.warm_up // timedelta(minutes=1),
                # A warm-up ends early once the last period has data, and FILL supplies data.
                only_start_evaluating_after_warm_up_period_ends=True,
            )
        for topic in self._alarm_topics:
            alarm.add_alarm_action(actions.SnsAction(topic))
            if definition.notifies_ok:
                alarm.add_ok_action(actions.SnsAction(topic))
        return alarm


def _not_running(evaluator: Evaluator, cadence: timedelta) -> _AlarmDefinition:
    # One failed run must not raise it, so two periods are longer than the time between three runs.
    period = cadence + _RUN_MARGIN
    # Lambda records 0 for each successful run, so the minimum of a period is 1 only if all its runs
    # failed. Without any run there is no data, which counts as 1 too.
    errors = evaluator.function.metric_errors(
        period=_duration(period), statistic=cloudwatch.Stats.MINIMUM
    )
    return _AlarmDefinition(
        name="NotRunning",
        problem="no run of VDM Alerts completed in the last 2 intervals of its schedule, so "
        "nothing is monitored.",
        steps=f"{_read_log(evaluator)} Check the schedule in EventBridge Scheduler.",
        metric=_fill(errors, missing=1),
        periods=2,
        missing=cloudwatch.TreatMissingData.BREACHING,
        warm_up=min(2 * period, _MAX_WARM_UP),
    )


def _no_execution(hub: FleetHub, service: str, cadence: timedelta) -> _AlarmDefinition:
    """Return the alarm of `_not_running` for a fleet.

    The metrics of the state machine also count executions for an event of SES, which evaluate one
    target. So the delivery records each complete execution.
    """
    period = cadence + _EXECUTION_MARGIN
    recorded = _recorded(service, COMPLETE_EXECUTIONS, period)
    return _AlarmDefinition(
        name="NotRunning",
        problem="no execution for all targets of the fleet was delivered in the last 2 intervals "
        "of its schedule, so the fleet is not monitored.",
        steps=f"Read the failed executions of the state machine {hub.state_machine_name} in Step "
        "Functions. Check the schedule in EventBridge Scheduler.",
        metric=cloudwatch.MathExpression(
            expression="FILL(recorded, 0) < 1",
            using_metrics={"recorded": recorded},
            period=recorded.period,
        ),
        periods=2,
        missing=cloudwatch.TreatMissingData.BREACHING,
        warm_up=min(2 * period, _MAX_WARM_UP),
    )


def _blind_targets(hub: FleetHub, service: str, cadence: timedelta) -> _AlarmDefinition:
    """Return the alarm on targets that no execution could evaluate.

    The delivery records how many there are, if there are any.
    """
    period = max(_DAY / 8, cadence + _EXECUTION_MARGIN)
    return _AlarmDefinition(
        name="BlindTargets",
        problem="for hours, executions of the fleet could not read at least one account and "
        "Region, which is not monitored.",
        steps=f"Read the log group {hub.deliver.log_group.log_group_name}, which names it. Check "
        "its role and the notifications about the service.",
        metric=_service_metric(service, BLIND_TARGETS, period),
        periods=2,
    )


def _dead_letters(dead_letter_queue: sqs.Queue) -> _AlarmDefinition:
    """Return the alarm on failed runs and on what could not be delivered.

    A run that fails after its retries, and a trigger that waits for too long, are sent to the
    queue. So alarms on the errors of the function or on dropped events would repeat this one.
    """
    return _AlarmDefinition(
        name="DeadLetters",
        problem="a run failed after all retries, or a trigger or a notification could not be "
        "delivered.",
        steps=f"Read the messages in the queue {dead_letter_queue.queue_name}. Fix the cause, then "
        "purge the queue: until then, this alarm does not report the next one.",
        metric=dead_letter_queue.metric_approximate_number_of_messages_visible(
            period=_duration(_HOUR), statistic=cloudwatch.Stats.MAXIMUM
        ),
        notifies_ok=False,  # You purge the queue yourself, or SQS does after 14 days.
    )


def _undelivered(topic: sns.Topic) -> _AlarmDefinition:
    """Return the alarm on subscribers that keep failing.

    SNS counts each failed attempt at an HTTPS endpoint, such as Slack's, even if a retry succeeds.
    So one bad day is no evidence, and a retry at midnight makes two. The alarm's own notification
    fails as well, so periods that end at each evaluation would change the state again and again.
    """
    failed = topic.metric_number_of_notifications_failed(
        period=_duration(_DAY), statistic=cloudwatch.Stats.SUM
    )
    return _AlarmDefinition(
        name="Undelivered",
        problem="on 3 of the last 7 days, Amazon SNS failed to deliver a notification to a "
        "subscriber, at least at the first attempt.",
        steps=f"Check the subscriptions of the topic {topic.topic_name}.",
        metric=_fill(failed, missing=0),
        periods=7,
        datapoints=3,
        calendar_days=True,
        notifies_ok=False,  # The failed deliveries may only have ended with the notifications.
    )


def _recorded_problems(
    evaluator: Evaluator, topic: sns.Topic, cadence: timedelta
) -> Sequence[_AlarmDefinition]:
    """Return the alarms on problems that the function records in each run that has them."""
    period = max(_DAY / 8, cadence + _RUN_MARGIN)  # Contains a run, whenever it ends.
    # The first and the last period may contain one run each, so only the others count.
    periods = math.ceil(_DAY / period) + 2
    return [
        _AlarmDefinition(
            name="NoSubscribers",
            problem=f"the topic {topic.topic_name} has no confirmed subscription, so alerts reach "
            "nobody.",
            steps="Confirm or add a subscription.",
            metric=_service_metric(evaluator.service, "NoSubscribers", period),
            periods=2,
        ),
        _AlarmDefinition(
            name="Unreadable",
            problem="for more than a day, every run found rates or rules that VDM Alerts could not "
            "read and does not monitor.",
            steps=f"{_read_log(evaluator)} Check the notifications about the service.",
            metric=_service_metric(evaluator.service, "Unreadable", period),
            periods=periods,
        ),
    ]


def _read_log(evaluator: Evaluator) -> str:
    return f"Read the log group {evaluator.log_group.log_group_name}."


def _kebab_case(name: str) -> str:
    """Return *name*, which is in Pascal case, in the style of the stack's names."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def _service_metric(service: str, name: str, period: timedelta) -> cloudwatch.IMetric:
    """Return a metric that the functions of *service* record, as 0 where it has no data."""
    return _fill(_recorded(service, name, period), missing=0)


def _recorded(service: str, name: str, period: timedelta) -> cloudwatch.Metric:
    """Return a metric that the functions of *service* record."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        statistic=cloudwatch.Stats.MAXIMUM,  # Not a sum: CloudWatch may count a log line twice.
        period=_duration(period),
    )


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
