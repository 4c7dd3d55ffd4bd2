"""Tests of the figures of a run that become metrics."""

from dataclasses import replace

from builders import a_run_report

from vdm_alerts.core.observations.run_metrics import RunMetric, run_metrics

QUIET = a_run_report(queries=48, run_seconds=3.5, data_age_hours=9)


def test_quiet_run_has_three_figures_in_each_recording_period() -> None:
    assert run_metrics(QUIET, is_new_period=True) == [
        RunMetric("DataAge", 9),
        RunMetric("RunDuration", 3.5),
        RunMetric("Queries", 48),
    ]
    assert run_metrics(QUIET, is_new_period=False) == []


def test_exceptional_counts_are_recorded_by_every_run() -> None:
    report = replace(QUIET, throttled_calls=3, notifications_sent=2, notifications_failed=1)
    assert run_metrics(report, is_new_period=False) == [
        RunMetric("ThrottledCalls", 3),
        RunMetric("NotificationsSent", 2),
        RunMetric("NotificationsFailed", 1),
    ]


def test_open_alerts_are_recorded_by_severity_and_state() -> None:
    report = replace(
        QUIET, alerts_warning=5, alerts_warning_recovering=2, alerts_critical_recovering=0
    )
    alerts = [each for each in run_metrics(report, is_new_period=True) if each.dimensions]
    assert alerts == [
        RunMetric("OpenAlerts", 3, {"severity": "warning", "state": "firing"}),
        RunMetric("OpenAlerts", 2, {"severity": "warning", "state": "recovering"}),
    ]


def test_unknown_figure_is_not_recorded_as_zero() -> None:
    report = replace(QUIET, run_seconds=None, data_age_hours=None)
    assert run_metrics(report, is_new_period=True) == [RunMetric("Queries", 48)]
