"""Figures, as CloudWatch metrics in the embedded metric format: a log line, and no API call.

A custom metric costs money in every hour that it has data. So a rate is a metric, and what an alarm
watches is one while it is wrong; the rest of a run's figures is in its summary in the log, where
the dashboard reads it.
"""

from collections.abc import Callable, Mapping, Sequence

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from vdm_alerts.core.model.naming import masked
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.run_report import NAMESPACE, RateSample, RunReport


class EmbeddedMetrics:
    """A Recorder."""

    def __init__(self, service: str, *, mask: bool = True) -> None:
        """Record as *service*'s: the value of a dimension that every metric has.

        Addresses are made unreadable, unless *mask* is false: more people see metrics than mail.
        """
        self._service = service
        self._shown: Callable[[str], str] = masked if mask else str

    def record(self, target: Target, summary: RunReport, readings: Sequence[RateSample]) -> None:
        """Print every rate, and what of *summary* is wrong, in a line each.

        A line each, because two values of one name in the same line would become two samples of
        the same metric, whatever their dimensions.
        """
        if unread := summary.series_unknown + summary.unreadable:
            self._print(target, "Unread", MetricUnit.Count, unread)
        if summary.subscribers == 0:
            self._print(target, "NobodySubscribed", MetricUnit.Count, 1)
        for reading in readings:
            rule, dimensions = reading.rule, reading.scope.dimensions
            self._print(
                target,
                _pascal(rule.indicator.key),
                MetricUnit.Percent,
                reading.value * 100,
                {
                    "rule": rule.name,
                    **{key.key: self._shown(each) for key, each in dimensions.items()},
                },
                {
                    "indicator": rule.indicator.key,
                    "scope": self._shown(str(reading.scope)),
                    "rate": reading.value * 100,
                    **{line.severity.key: line.share * 100 for line in rule.thresholds},
                },
            )

    def _print(
        self,
        target: Target,
        name: str,
        unit: MetricUnit,
        value: float,
        dimensions: Mapping[str, str] | None = None,
        beside: Mapping[str, str | float] | None = None,
    ) -> None:
        """Print one metric, with what stands *beside* it in the line for the dashboard to read."""
        with single_metric(name=name, unit=unit, value=value, namespace=NAMESPACE) as metric:
            for key, each in {"service": self._service, **(dimensions or {})}.items():
                metric.add_dimension(key, each)
            metric.add_metadata("account", target.account)
            metric.add_metadata("region", target.region)
            for key, figure in (beside or {}).items():
                metric.add_metadata(key, figure)


def _pascal(name: str) -> str:
    """Return "bounce_rate" as CloudWatch's own names are written: "BounceRate"."""
    return "".join(word.capitalize() for word in name.split("_"))
