"""CloudWatch metrics in the embedded metric format: log lines, without API calls.

CloudWatch charges for a custom metric in each hour with data. So metrics are only the rates, some
figures of a run, and problems for alarms while they last. All figures of a run are in the run
report in the log, where the dashboard reads them.
"""

from collections.abc import Callable, Mapping, Sequence

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from vdm_alerts.core.fleet.report import BLIND_TARGETS, COMPLETE_EXECUTIONS, FleetReport
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.naming import mask_addresses
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.run_metrics import (
    NOTIFICATIONS_FAILED,
    NOTIFICATIONS_SENT,
    RunMetric,
)
from vdm_alerts.core.observations.run_report import NAMESPACE, RateSample, RunReport

MAX_DIMENSION_VALUE = 1_024
"""Characters in the value of a dimension. CloudWatch drops metrics with other values.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
"""

_UNITS = {"RunDuration": MetricUnit.Seconds, "DataAge": MetricUnit.NoUnit}
"""The units of metrics that are no counts. CloudWatch has no unit for hours."""


class EmbeddedMetrics:
    """A Recorder that prints CloudWatch metrics."""

    def __init__(self, service: str, *, mask: bool = True, by_target: bool = False) -> None:
        """Record metrics with the value *service* of the dimension "service".

        With *mask*, email addresses are masked, because more people can see metrics than
        notifications. With *by_target*, each rate has the dimensions "account" and "region" too,
        which separate the targets of a fleet. What a target hands over is no metric then:
        `record_fleet` records what is sent.
        """
        self._service = service
        self._by_target = by_target
        self._display: Callable[[str], str] = mask_addresses if mask else str

    def record(
        self,
        target: Target,
        report: RunReport,
        samples: Sequence[RateSample],
        metrics: Sequence[RunMetric] = (),
    ) -> None:
        """Print a line for each of *samples* and *metrics*, and for each problem in *report*.

        Each metric has a line of its own. In one line, two values of the same name would become two
        samples of one metric, whatever their dimensions.
        """
        if unreadable := report.series_unknown + report.unreadable:
            self._print(target, "Unreadable", MetricUnit.Count, unreadable)
        if report.subscribers == 0:
            self._print(target, "NoSubscribers", MetricUnit.Count, 1)
        for metric in metrics:
            if self._by_target and metric.name in {NOTIFICATIONS_SENT, NOTIFICATIONS_FAILED}:
                continue
            unit = _UNITS.get(metric.name, MetricUnit.Count)
            self._print(target, metric.name, unit, metric.value, metric.dimensions)
        for sample in samples:
            self._print_rate(target, sample)

    def record_fleet(self, hub: Target, report: FleetReport) -> None:
        """Print whether the execution is complete, what it sent, and each blind target."""
        if report.is_complete_and_delivered:
            self._print(hub, COMPLETE_EXECUTIONS, MetricUnit.Count, 1)
        if report.messages_sent:
            self._print(hub, NOTIFICATIONS_SENT, MetricUnit.Count, report.messages_sent)
        if report.messages_failed:
            self._print(hub, NOTIFICATIONS_FAILED, MetricUnit.Count, report.messages_failed)
        if report.blind:
            self._print(hub, BLIND_TARGETS, MetricUnit.Count, len(report.blind))
        for target in report.blind:
            self._print(target, "BlindTarget", MetricUnit.Count, 1, _target_dimensions(target))

    def _print_rate(self, target: Target, sample: RateSample) -> None:
        rule, scope, percentage = sample.rule, sample.scope, sample.value * 100
        names = {
            dimension.key: _dimension_value(self._display(escape_invisible(name)))
            for dimension, name in scope.dimensions.items()
        }
        thresholds = {
            threshold.severity.key: threshold.share * 100 for threshold in rule.thresholds
        }
        self._print(
            target,
            _pascal_case(rule.indicator.key),
            MetricUnit.Percent,
            percentage,
            dimensions={
                **(_target_dimensions(target) if self._by_target else {}),
                "rule": rule.name,
                **names,
            },
            metadata={
                "indicator": rule.indicator.key,
                "scope": self._display(str(scope)),
                "rate": percentage,
                "crossed": sample.crossed.key if sample.crossed else "none",
                **thresholds,
            },
        )

    def _print(
        self,
        target: Target,
        name: str,
        unit: MetricUnit,
        value: float,
        dimensions: Mapping[str, str] | None = None,
        metadata: Mapping[str, str | float] | None = None,
    ) -> None:
        """Print the line of one metric. The dashboard reads its *metadata*."""
        with single_metric(name=name, unit=unit, value=value, namespace=NAMESPACE) as metric:
            for key, text in {"service": self._service, **(dimensions or {})}.items():
                metric.add_dimension(key, text)
            metric.add_metadata("account", target.account)
            metric.add_metadata("region", target.region)
            for key, figure in (metadata or {}).items():
                metric.add_metadata(key, figure)


def _target_dimensions(target: Target) -> Mapping[str, str]:
    """Return the dimensions of a metric of one target of a fleet."""
    return {"account": target.account, "region": target.region}


def _dimension_value(name: str) -> str:
    """Return *name* as a dimension's value: printable ASCII, at most `MAX_DIMENSION_VALUE` long."""
    return name.encode("ascii", "backslashreplace").decode()[:MAX_DIMENSION_VALUE]


def _pascal_case(name: str) -> str:
    """Return *name* in the style of CloudWatch metrics: "bounce_rate" is "BounceRate"."""
    return "".join(word.capitalize() for word in name.split("_"))
