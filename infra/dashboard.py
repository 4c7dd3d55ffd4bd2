"""The optional CloudWatch dashboard: rates, alerts and service health."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.evaluator import Evaluator
from infra.fleet_hub import FleetHub
from infra.rule_parameters import RuleParameters
from vdm_alerts.core.evaluation.ses_rates import SES_LEVELS, SES_METRICS, SES_NAMESPACE
from vdm_alerts.core.fleet.report import BLIND_TARGETS
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.wording import WORDING
from vdm_alerts.core.observations.run_report import NAMESPACE

_WIDTH = 24
"""Columns of a CloudWatch dashboard."""
_LINE = cloudwatch.LogQueryVisualizationType.LINE
_TABLE = cloudwatch.LogQueryVisualizationType.TABLE


class Dashboard(Construct):
    """A dashboard of the function's log and of AWS metrics.

    Log queries need no custom metrics. Each rate is drawn with the thresholds of the run that
    recorded it, not with those of the current deployment.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        evaluator: Evaluator,
        topic: sns.Topic,
        dead_letter_queue: sqs.Queue,
        rules: RuleParameters,
        alarms: Sequence[cloudwatch.IAlarm],
        hub: FleetHub | None = None,
    ) -> None:
        """Name the dashboard after the service and the Region.

        Dashboards of all Regions of an account share one namespace. In a fleet, which has *hub*, a
        graph shows the highest rate of any target, and a table the alerts of each.
        """
        super().__init__(scope, id_)
        self._log_groups = [evaluator.log_group.log_group_name]
        name = f"{evaluator.service}-{Stack.of(self).region}"
        dashboard = cloudwatch.Dashboard(
            self, "Page", dashboard_name=name, default_interval=Duration.days(14)
        )
        introduction = cloudwatch.TextWidget(
            markdown=_INTRODUCTION.format(rules=rules.path), width=_WIDTH, height=2
        )
        health = cloudwatch.AlarmStatusWidget(
            title="Service alarms", alarms=list(alarms), width=_WIDTH, height=3
        )
        dashboard.add_widgets(introduction)
        dashboard.add_widgets(health)
        # The metrics of SES in CloudWatch are in each account of a fleet, not in that of the hub.
        indicators = [each for each in rules.indicators if not (hub and each.is_from_ses)]
        width = _WIDTH // len(indicators)
        subject = "an account, highest" if hub else "the account"
        dashboard.add_widgets(
            *(
                _rate_of_ses(indicator, width)
                if indicator.is_from_ses
                else self._rates(indicator, subject, width)
                for indicator in indicators
            )
        )
        runs = self._targets() if hub else self._runs()
        dashboard.add_widgets(self._beyond_threshold(in_fleet=hub is not None), *runs)
        dashboard.add_widgets(*_service_graphs(evaluator.function, topic, dead_letter_queue))
        if hub:
            dashboard.add_widgets(_executions(hub))

    def _rates(self, indicator: Indicator, subject: str, width: int) -> cloudwatch.LogQueryWidget:
        """Return a graph of the rate of *subject*, and its thresholds."""
        return self._query(
            f"{indicator.key.replace('_', ' ').capitalize()} of {subject}, %",
            _LINE,
            f"filter indicator = '{indicator.key}' and scope = '{ACCOUNT}'",
            "stats max(rate) as highest_rate, max(warning) as warning_threshold, "
            "max(critical) as critical_threshold by bin(6h)",
            width=width,
        )

    def _beyond_threshold(self, *, in_fleet: bool) -> cloudwatch.LogQueryWidget:
        target = "account, region, " if in_fleet else ""
        return self._query(
            "Rates beyond a threshold, latest first, %",
            _TABLE,
            "filter crossed = 'warning' or crossed = 'critical'",
            f"display @timestamp, {target}rule, scope, rate, crossed, warning, critical",
            "sort @timestamp desc",
            "limit 50",
        )

    def _runs(self) -> Sequence[cloudwatch.LogQueryWidget]:
        completed = "filter message = 'run completed'"
        return [
            self._query(
                "Open alerts",
                _LINE,
                completed,
                "stats max(alerts_warning) as warning, max(alerts_critical) as critical, "
                "max(alerts_warning_recovering + alerts_critical_recovering) as recovering, "
                "max(alerts_warning_silenced + alerts_critical_silenced) as silenced by bin(1h)",
            ),
            self._query(
                "VDM queries, throttled calls, unknown rates, age of the data in hours",
                _LINE,
                completed,
                "stats max(queries) as vdm_queries, max(throttled_calls) as throttled, "
                "max(series_unknown) as unknown_rates, max(data_age_hours) as data_age by bin(1h)",
            ),
        ]

    def _targets(self) -> Sequence[cloudwatch.LogQueryWidget]:
        """Return tables of the targets of a fleet, those with most alerts or queries first."""
        evaluated = "filter message = 'target evaluated'"
        return [
            self._query(
                "Open alerts by target",
                _TABLE,
                evaluated,
                "stats latest(report.alerts_critical) as critical, "
                "latest(report.alerts_warning) as warning, latest(status) as state "
                "by account, region",
                "sort critical desc, warning desc",
                "limit 50",
            ),
            self._query(
                "VDM queries, throttled calls, unknown rates by target",
                _TABLE,
                evaluated,
                "stats sum(report.queries) as vdm_queries, "
                "sum(report.throttled_calls) as throttled, "
                "max(report.series_unknown) as unknown_rates by account, region",
                "sort unknown_rates desc, vdm_queries desc",
                "limit 50",
            ),
        ]

    def _query(
        self,
        title: str,
        view: cloudwatch.LogQueryVisualizationType,
        *lines: str,
        width: int = _WIDTH // 3,
    ) -> cloudwatch.LogQueryWidget:
        return cloudwatch.LogQueryWidget(
            title=title,
            view=view,
            log_group_names=self._log_groups,
            query_lines=list(lines),
            width=width,
            height=6,
        )


def _rate_of_ses(indicator: Indicator, width: int) -> cloudwatch.GraphWidget:
    """Return a graph of the rate that SES itself reports, with the levels of SES."""
    review, pause = SES_LEVELS[indicator.counted]
    metric = cloudwatch.Metric(
        namespace=SES_NAMESPACE,
        metric_name=SES_METRICS[indicator],
        period=Duration.hours(1),
        statistic="Average",
    )
    percentage = cloudwatch.MathExpression(
        expression="100 * rate",
        using_metrics={"rate": metric},
        label="reported by SES",
        period=Duration.hours(1),
    )
    return cloudwatch.GraphWidget(
        title=f"{WORDING[indicator].noun} of the account, %",
        left=[percentage],
        left_annotations=[
            cloudwatch.HorizontalAnnotation(value=100 * review, label="SES review"),
            cloudwatch.HorizontalAnnotation(value=100 * pause, label="possible sending pause"),
        ],
        left_y_axis=cloudwatch.YAxisProps(min=0),
        width=width,
        height=6,
    )


def _executions(hub: FleetHub) -> cloudwatch.GraphWidget:
    """Return a graph of the executions of a fleet, and of what they could not evaluate."""
    hour = Duration.hours(1)
    return cloudwatch.GraphWidget(
        title="Executions, blind targets",
        left=[
            hub.state_machine.metric_succeeded(period=hour),
            hub.state_machine.metric_failed(period=hour),
            cloudwatch.Metric(
                namespace=NAMESPACE,
                metric_name=BLIND_TARGETS,
                dimensions_map={"service": hub.state_machine_name},
                statistic=cloudwatch.Stats.MAXIMUM,
                period=hour,
            ),
        ],
        width=_WIDTH,
        height=6,
    )


_INTRODUCTION = """## VDM Alerts
The rules are in SSM Parameter Store under `{rules}`. Rates are recorded four times a day. Graphs
from the log have no data before the first run, and for times without email."""


def _service_graphs(
    function: lambda_.Function, topic: sns.Topic, dead_letter_queue: sqs.Queue
) -> Sequence[cloudwatch.GraphWidget]:
    hour = Duration.hours(1)
    graphs = {
        "Runs": [
            function.metric_invocations(period=hour),
            function.metric_errors(period=hour),
            function.metric_throttles(period=hour),
        ],
        "Longest run, ms": [function.metric_duration(period=hour, statistic="Maximum")],
        "Notifications": [
            topic.metric_number_of_notifications_delivered(period=hour),
            topic.metric_number_of_notifications_failed(period=hour),
            dead_letter_queue.metric_approximate_number_of_messages_visible(period=hour),
        ],
    }
    return [
        cloudwatch.GraphWidget(title=title, left=metrics, width=_WIDTH // 3, height=6)
        for title, metrics in graphs.items()
    ]
