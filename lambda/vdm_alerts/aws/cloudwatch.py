"""Figures, as CloudWatch metrics in the embedded metric format: a log line, and no API call."""

from collections.abc import Sequence
from dataclasses import asdict

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit, single_metric

from vdm_alerts.ports import SERVICE, Reading, Summary


class EmbeddedMetrics:
    """A Recorder."""

    def __init__(self, namespace: str) -> None:
        """Write to the CloudWatch *namespace*."""
        self._namespace = namespace

    def record(self, summary: Summary, readings: Sequence[Reading]) -> None:
        """Print the run's counts in one line, and every rate in one of its own.

        A line for each rate, because two values of one name in the same line would become two
        samples of the same metric, whatever their dimensions.
        """
        # Not Metrics: its instances share one store, so a run that broke would leak into the next.
        counts = EphemeralMetrics(namespace=self._namespace, service=SERVICE)
        counts.add_metric("RunsCompleted", MetricUnit.Count, 1)
        for name, value in asdict(summary).items():
            if value is not None:
                counts.add_metric(_pascal(name), MetricUnit.Count, value)
        counts.flush_metrics()
        for reading in readings:
            with single_metric(
                name=_pascal(reading.indicator),
                unit=MetricUnit.Percent,
                value=reading.value * 100,
                namespace=self._namespace,
            ) as metric:
                metric.add_dimension("service", SERVICE)
                metric.add_dimension("rule", reading.rule)
                for dimension, value in reading.scope.dimensions.items():
                    metric.add_dimension(dimension.name.lower(), value)


def _pascal(name: str) -> str:
    """Return "bounce_rate" as CloudWatch's own names are written: "BounceRate"."""
    return "".join(word.capitalize() for word in name.split("_"))
