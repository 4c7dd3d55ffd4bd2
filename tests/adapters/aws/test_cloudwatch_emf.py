"""The metrics that a run prints, in the embedded metric format."""

import json
from dataclasses import replace
from typing import Any

import pytest
from builders import HOTMAIL, NEWS_IDENTITY, TARGET, a_rule

from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.core.fleet.report import FleetReport
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.naming import mask_addresses
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.run_metrics import RunMetric
from vdm_alerts.core.observations.run_report import RateSample, RunReport

RUN_REPORT = RunReport(
    queries=60,
    days_behind=0,
    series_evaluated=33,
    series_unknown=0,
    alerts_warning=1,
    alerts_critical=0,
    notifications_sent=1,
    notifications_unsent=0,
    findings=0,
    unreadable=0,
    subscribers=2,
    data_age_hours=0,
    run_seconds=2.5,
    throttled_calls=0,
    alerts_warning_recovering=0,
    alerts_critical_recovering=0,
    alerts_warning_silenced=0,
    alerts_critical_silenced=0,
    alerts_pending=0,
    notifications_failed=0,
)
RULE = a_rule()


def logged_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def dimension_names(line: dict[str, object]) -> set[str]:
    (directive,) = line["_aws"]["CloudWatchMetrics"]  # type: ignore[index]
    return set(directive["Dimensions"][0])


def test_healthy_run_records_only_the_rate_metrics(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("here").record(TARGET, RUN_REPORT, [RateSample(RULE, ACCOUNT, 0.01)])
    (line,) = logged_lines(capsys)
    assert line["BounceRate"] == [1.0]


@pytest.mark.parametrize(
    ("report", "metric", "value"),
    [
        (replace(RUN_REPORT, series_unknown=2), "Unreadable", 2.0),
        (replace(RUN_REPORT, unreadable=1), "Unreadable", 1.0),
        (replace(RUN_REPORT, subscribers=0), "NoSubscribers", 1.0),
    ],
)
def test_alarm_metric_is_recorded_while_its_condition_holds(
    capsys: pytest.CaptureFixture[str], report: RunReport, metric: str, value: float
) -> None:
    EmbeddedMetrics("here").record(TARGET, report, [])
    (line,) = logged_lines(capsys)
    assert (line["service"], line[metric]) == ("here", [value])
    assert dimension_names(line) == {"service"}


def test_unknown_subscriber_count_records_no_metric(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("here").record(TARGET, replace(RUN_REPORT, subscribers=None), [])
    assert logged_lines(capsys) == []


def test_figures_of_a_run_are_metrics_with_units_and_dimensions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = [
        RunMetric("RunDuration", 2.5),
        RunMetric("DataAge", 9),
        RunMetric("OpenAlerts", 3, {"severity": "warning", "state": "firing"}),
    ]
    EmbeddedMetrics("here").record(TARGET, RUN_REPORT, [], metrics)
    duration, age, alerts = logged_lines(capsys)
    assert (duration["RunDuration"], age["DataAge"], alerts["OpenAlerts"]) == ([2.5], [9], [3])
    units = [
        line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"]  # type: ignore[index]
        for line in (duration, age, alerts)
    ]
    assert units == ["Seconds", "None", "Count"]
    assert dimension_names(duration) == {"service"}
    assert (alerts["severity"], alerts["state"]) == ("warning", "firing")
    assert dimension_names(alerts) == {"service", "severity", "state"}


def test_rate_metrics_are_separated_by_scope(capsys: pytest.CaptureFixture[str]) -> None:
    samples = [
        RateSample(RULE, ACCOUNT, 0.01),
        RateSample(RULE, NEWS_IDENTITY, 0.06),
        RateSample(RULE, HOTMAIL, 0.08),
    ]
    EmbeddedMetrics("here").record(TARGET, RUN_REPORT, samples)
    account, news, hotmail = logged_lines(capsys)
    assert account["BounceRate"] == [1.0]
    assert news["BounceRate"] == [6.0]
    assert (news["identity"], hotmail["isp"]) == ("news.example.com", "Hotmail")
    assert dimension_names(account) == {"service", "rule"}
    assert dimension_names(news) == {"service", "rule", "identity"}


def test_rates_of_a_fleet_are_separated_by_target(capsys: pytest.CaptureFixture[str]) -> None:
    samples = [RateSample(RULE, ACCOUNT, 0.01), RateSample(RULE, NEWS_IDENTITY, 0.06)]
    metrics = [RunMetric("RunDuration", 2.5)]
    recorder = EmbeddedMetrics("here", by_target=True)
    recorder.record(TARGET, replace(RUN_REPORT, unreadable=1), samples, metrics)
    unreadable, duration, account, news = logged_lines(capsys)
    assert (account["account"], account["region"]) == ("111122223333", "eu-west-1")
    assert dimension_names(account) == {"service", "account", "region", "rule"}
    assert dimension_names(news) == {"service", "account", "region", "rule", "identity"}
    # The alarms and the dashboard add these up over all targets.
    assert dimension_names(unreadable) == dimension_names(duration) == {"service"}


def a_fleet_report(*blind: Target) -> FleetReport:
    return FleetReport(
        targets=5, evaluated=3, blind=blind, notifications_due=2, messages_sent=0, unsent=0
    )


def test_notifications_of_a_fleet_are_those_that_the_delivery_sends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handed_over = [RunMetric("NotificationsSent", 5), RunMetric("NotificationsFailed", 1)]
    EmbeddedMetrics("here", by_target=True).record(TARGET, RUN_REPORT, [], handed_over)
    assert logged_lines(capsys) == []
    report = replace(a_fleet_report(), messages_sent=3, messages_failed=2, is_complete=False)
    EmbeddedMetrics("here").record_fleet(TARGET, report)
    sent, failed = logged_lines(capsys)
    assert (sent["NotificationsSent"], failed["NotificationsFailed"]) == ([3.0], [2.0])
    assert dimension_names(sent) == dimension_names(failed) == {"service"}


def test_blind_targets_are_counted_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    shop, blog = Target("222222222222", "us-east-1"), Target("333333333333", "eu-west-1")
    EmbeddedMetrics("here").record_fleet(TARGET, a_fleet_report(shop, blog))
    _, count, *lines = logged_lines(capsys)
    assert (count["service"], count["BlindTargets"]) == ("here", [2.0])
    assert dimension_names(count) == {"service"}
    assert [(line["account"], line["region"], line["BlindTarget"]) for line in lines] == [
        ("222222222222", "us-east-1", [1.0]),
        ("333333333333", "eu-west-1", [1.0]),
    ]
    assert all(dimension_names(line) == {"service", "account", "region"} for line in lines)


def test_complete_execution_without_blind_targets_records_one_metric(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("here").record_fleet(TARGET, a_fleet_report())
    (line,) = logged_lines(capsys)
    assert (line["service"], line["CompleteExecutions"]) == ("here", [1.0])
    assert dimension_names(line) == {"service"}


@pytest.mark.parametrize("change", [{"is_complete": False}, {"unsent": 1}], ids=str)
def test_execution_for_an_event_or_with_something_unsent_is_not_complete(
    capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    EmbeddedMetrics("here").record_fleet(TARGET, replace(a_fleet_report(), **change))
    assert logged_lines(capsys) == []


def test_provider_without_a_name_has_the_name_of_ses_as_its_dimension(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sample = RateSample(RULE, Scope(isp="UNKNOWN_ISP"), 0.06)
    EmbeddedMetrics("here").record(TARGET, RUN_REPORT, [sample])
    (line,) = logged_lines(capsys)
    assert (line["isp"], line["scope"]) == ("UNKNOWN_ISP", "providers that SES does not name")


def test_rate_log_line_includes_the_thresholds_of_its_rule(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("here").record(TARGET, RUN_REPORT, [RateSample(RULE, NEWS_IDENTITY, 0.06)])
    (line,) = logged_lines(capsys)
    assert (line["rate"], line["warning"], line["critical"]) == (6.0, 5.0, 10.0)
    assert (line["indicator"], line["scope"]) == ("bounce_rate", "news.example.com")


@pytest.mark.parametrize(
    ("indicator", "thresholds", "rate", "crossed"),
    [
        (Indicator.BOUNCE_RATE, ("5%", "10%"), 0.049, "none"),
        (Indicator.BOUNCE_RATE, ("5%", "10%"), 0.05, "warning"),
        (Indicator.BOUNCE_RATE, ("5%", "10%"), 0.2, "critical"),
        (Indicator.DELIVERY_RATE, ("95%", "90%"), 0.99, "none"),
        (Indicator.DELIVERY_RATE, ("95%", "90%"), 0.95, "warning"),
        (Indicator.DELIVERY_RATE, ("95%", "90%"), 0.5, "critical"),
    ],
)
def test_rate_log_line_says_which_threshold_the_rate_crossed(
    capsys: pytest.CaptureFixture[str],
    indicator: Indicator,
    thresholds: tuple[str, str],
    rate: float,
    crossed: str,
) -> None:
    warning, critical = thresholds
    rule = a_rule(indicator=indicator, warning=warning, critical=critical)
    EmbeddedMetrics("here").record(TARGET, RUN_REPORT, [RateSample(rule, ACCOUNT, rate)])
    (line,) = logged_lines(capsys)
    assert line["crossed"] == crossed


def test_address_is_masked_in_dimensions_unless_masking_is_off(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sample = RateSample(RULE, Scope(identity="anna@example.com"), 0.06)
    EmbeddedMetrics("here").record(TARGET, RUN_REPORT, [sample])
    (line,) = logged_lines(capsys)
    assert line["identity"] == line["scope"] == mask_addresses("anna@example.com")
    assert dimension_names(line) == {"service", "rule", "identity"}
    assert "anna" not in json.dumps(line)
    EmbeddedMetrics("here", mask=False).record(TARGET, RUN_REPORT, [sample])
    (line,) = logged_lines(capsys)
    assert line["identity"] == line["scope"] == "anna@example.com"
