"""The CloudWatch alarms on VDM Alerts itself."""

import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from aws_cdk.assertions import Template
from builders import TARGET
from templates import (
    CONTEXT,
    alarm,
    logical_id,
    ordinary_template,
    template_scheduled,
    template_with,
)

from infra.settings import InvalidContextError, read_context
from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.core.observations.run_report import RunReport


@pytest.fixture(scope="module")
def template() -> Template:
    return ordinary_template()


def test_silence_alarm_fires_when_no_run_completes(template: Template) -> None:
    """A successful run records 0 errors, so the minimum of a period without one is 1 or missing."""
    silence = alarm(template, "Silence")
    assert (silence["Namespace"], silence["MetricName"]) == ("AWS/Lambda", "Errors")
    assert (silence["Statistic"], silence["Threshold"]) == ("Minimum", 1)
    assert silence["Expression"] == "FILL(recorded, 1)"
    assert silence["TreatMissingData"] == "breaching"


@pytest.mark.parametrize(
    ("schedule", "period", "warm_up"),
    [
        ("rate(5 minutes)", 20, 40),
        ("rate(1 hour)", 75, 150),
        ("cron(0 8-18 * * ? *)", 14 * 60 + 15, 28 * 60 + 30),
        ("cron(0 8 * * ? *)", 24 * 60 + 15, 48 * 60),
    ],
)
def test_silence_alarm_waits_for_two_missing_runs(schedule: str, period: int, warm_up: int) -> None:
    silence = alarm(template_scheduled(schedule), "Silence")
    assert (silence["Period"], silence["EvaluationPeriods"]) == (period * 60, 2)
    assert silence["WarmUpConfiguration"] == {
        "WarmUpPeriodDurationInMinutes": warm_up,
        "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True,
    }


@pytest.mark.parametrize("minutes", [5, 30, 75, 165, 360, 720, 725, 840, 1439, 1440])
def test_periods_of_every_cadence_are_within_the_limits_of_cloudwatch(minutes: int) -> None:
    """The limits are those of PutMetricAlarm."""
    template = template_with(cadence=timedelta(minutes=minutes))
    for name in ("Silence", "Lost", "Undelivered", "Nobody", "Unread"):
        found = alarm(template, name)
        period, total = found["Period"], found["Period"] * found["EvaluationPeriods"]
        assert period % 60 == 0
        assert total <= (7 if period >= 3600 else 1) * 86_400


@pytest.mark.parametrize(
    ("schedule", "period", "periods"),
    [
        ("rate(5 minutes)", 10_800, 10),
        ("rate(1 hour)", 10_800, 10),
        ("rate(6 hours)", 22_500, 6),
        ("rate(1 day)", 87_300, 3),
    ],
)
def test_unread_alarm_covers_a_day_of_periods_with_a_run_each(
    schedule: str, period: int, periods: int
) -> None:
    """The first and the last period may contain one run each."""
    unread = alarm(template_scheduled(schedule), "Unread")
    assert (unread["Period"], unread["EvaluationPeriods"]) == (period, periods)
    assert period * (periods - 2) >= 86_400


def test_undelivered_alarm_counts_calendar_days(template: Template) -> None:
    undelivered = alarm(template, "Undelivered")
    assert undelivered["EvaluationWindow"] == {"WallClockWindow": {"Timezone": "UTC"}}
    assert (undelivered["Period"], undelivered["Statistic"]) == (86_400, "Sum")
    assert (undelivered["DatapointsToAlarm"], undelivered["EvaluationPeriods"]) == (3, 7)


@pytest.mark.parametrize("name", ["Undelivered", "Nobody", "Unread"])
def test_alarm_treats_missing_metric_as_zero(template: Template, name: str) -> None:
    """Without a value, CloudWatch evaluates older data points as if they were recent."""
    assert alarm(template, name)["Expression"] == "FILL(recorded, 0)"


def test_context_is_rejected_when_schedule_is_less_than_daily() -> None:
    with pytest.raises(InvalidContextError, match=r"runs less than once a day\. Use a rate"):
        read_context(CONTEXT | {"schedule": "rate(2 days)"})
    assert read_context(CONTEXT | {"schedule": "rate(24 hours)"}).cadence == timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "namespace", "metric"),
    [
        ("Lost", "AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("Undelivered", "AWS/SNS", "NumberOfNotificationsFailed"),
        ("Nobody", "VdmAlerts", "NobodySubscribed"),
        ("Unread", "VdmAlerts", "Unread"),
    ],
)
def test_alarm_monitors_metric(template: Template, name: str, namespace: str, metric: str) -> None:
    found = alarm(template, name)
    assert (found["Namespace"], found["MetricName"]) == (namespace, metric)
    assert found["TreatMissingData"] == "notBreaching"
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_alarms_notify_topic_about_alarm_and_recovery(template: Template) -> None:
    """You clear "Lost" yourself. The OK of "Undelivered" may only mean that nothing was sent."""
    for found in template.find_resources("AWS::CloudWatch::Alarm").values():
        properties = found["Properties"]
        (topic,) = properties["AlarmActions"]
        assert logical_id(topic).startswith("NoticesTopic")
        is_recovery = properties["AlarmName"] not in {"vdm-alerts-lost", "vdm-alerts-undelivered"}
        assert properties.get("OKActions") == ([topic] if is_recovery else None)


def test_alarm_descriptions_are_true_in_each_state(template: Template) -> None:
    for found in template.find_resources("AWS::CloudWatch::Alarm").values():
        description = found["Properties"]["AlarmDescription"]
        text = description if isinstance(description, str) else description["Fn::Join"][1][0]
        assert text.startswith("In ALARM: ")


def test_alarms_notify_second_topic_when_watchdog_email_is_set() -> None:
    template = template_with(watchdog_emails=("boss@example.com",))
    topics = {
        logical_id(topic)[: -len("12345678")]
        for topic in alarm(template, "Silence")["AlarmActions"]
    }
    assert topics == {"NoticesTopic", "WatchdogNoticesTopic"}
    endpoints = [
        each["Properties"]["Endpoint"]
        for each in template.find_resources("AWS::SNS::Subscription").values()
    ]
    assert "boss@example.com" in endpoints


def test_topic_policy_allows_only_alarms_of_this_account(
    template: Template,
) -> None:
    ((_, policy),) = template.find_resources("AWS::SNS::TopicPolicy").items()
    allowed = [
        each
        for each in policy["Properties"]["PolicyDocument"]["Statement"]
        if each["Effect"] == "Allow"
    ]
    assert [each["Principal"] for each in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert allowed[0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_alarm_metric_matches_metric_that_function_records(
    capsys: pytest.CaptureFixture[str], template: Template
) -> None:
    empty_run = RunReport(*[0] * len(fields(RunReport)))
    EmbeddedMetrics("vdm-alerts").record(TARGET, replace(empty_run, series_unknown=1), [])
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    alarms = [alarm(template, "Unread"), alarm(template, "Nobody")]
    assert len(alarms) == len(printed) == 2
    for found in alarms:
        ((key, value),) = ((each["Name"], each["Value"]) for each in found["Dimensions"])
        assert [line[key] for line in printed if found["MetricName"] in line] == [value]
