"""The figures of a run that become metrics, apart from rates.

CloudWatch charges a metric for each hour that has data. So a figure that is usually 0 is recorded
only when it is not, and the others once per recording period. All figures are in the log.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.observations.run_report import RunReport

NOTIFICATIONS_SENT, NOTIFICATIONS_FAILED = "NotificationsSent", "NotificationsFailed"
"""The metrics of notifications that the topic accepted, and of those that it did not accept."""


@dataclass(frozen=True, slots=True)
class RunMetric:
    """One figure to record as a metric."""

    name: str
    """The published name of the metric."""
    value: float
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """The dimensions beside that of the deployment."""


def run_metrics(report: RunReport, *, is_new_period: bool) -> Sequence[RunMetric]:
    """Return the figures of *report* to record.

    *is_new_period* says whether the run is the first one of a recording period.
    """
    return [*_exceptions(report), *(_periodic_figures(report) if is_new_period else ())]


def _exceptions(report: RunReport) -> Iterator[RunMetric]:
    """Yield the counts that are usually 0."""
    counts = {
        "ThrottledCalls": report.throttled_calls,
        NOTIFICATIONS_SENT: report.notifications_sent,
        NOTIFICATIONS_FAILED: report.notifications_failed,
    }
    for name, count in counts.items():
        if count:
            yield RunMetric(name, count)


def _periodic_figures(report: RunReport) -> Iterator[RunMetric]:
    """Yield the figures that are known, and the open alerts that there are."""
    figures = {
        "DataAge": report.data_age_hours,
        "RunDuration": report.run_seconds,
        "Queries": report.queries,
    }
    for name, figure in figures.items():
        if figure is not None:
            yield RunMetric(name, figure)
    alerts = {
        (Severity.WARNING, "firing"): report.alerts_warning - report.alerts_warning_recovering,
        (Severity.WARNING, "recovering"): report.alerts_warning_recovering,
        (Severity.CRITICAL, "firing"): report.alerts_critical - report.alerts_critical_recovering,
        (Severity.CRITICAL, "recovering"): report.alerts_critical_recovering,
    }
    for (severity, state), count in alerts.items():
        if count:
            yield RunMetric("OpenAlerts", count, {"severity": severity.key, "state": state})
