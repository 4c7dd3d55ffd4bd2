"""The CloudWatch alarms on VDM Alerts itself."""

import json
from datetime import timedelta

import pytest
from aws_cdk.assertions import Template
from builders import TARGET, a_run_report
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

ALARMS = ("NotRunning", "DeadLetters", "Undelivered", "NoSubscribers", "Unreadable")
WITHOUT_OK = {"vdm-alerts-dead-letters", "vdm-alerts-undelivered"}
LONG_NAME = "x" * 255
"""In place of the name of a log group, a queue or a topic. Generated names are shorter."""


@pytest.fixture(scope="module")
def template() -> Template:
    return ordinary_template()


def description_of(template: Template, name: str) -> str:
    """Return the description of the alarm *name*, with `LONG_NAME` for a name in it."""
    description = alarm(template, name)["AlarmDescription"]
    if isinstance(description, str):
        return description
    _, parts = description["Fn::Join"]
    return "".join(part if isinstance(part, str) else LONG_NAME for part in parts)


def test_not_running_alarm_fires_when_no_run_completes(template: Template) -> None:
    """A successful run records 0 errors, so the minimum of a period without one is 1 or missing."""
    not_running = alarm(template, "NotRunning")
    assert (not_running["Namespace"], not_running["MetricName"]) == ("AWS/Lambda", "Errors")
    assert (not_running["Statistic"], not_running["Threshold"]) == ("Minimum", 1)
    assert not_running["Expression"] == "FILL(recorded, 1)"
    assert not_running["TreatMissingData"] == "breaching"


@pytest.mark.parametrize(
    ("schedule", "period", "warm_up"),
    [
        ("rate(5 minutes)", 20, 40),
        ("rate(1 hour)", 75, 150),
        ("cron(0 8-18 * * ? *)", 14 * 60 + 15, 28 * 60 + 30),
        ("cron(0 8 * * ? *)", 24 * 60 + 15, 48 * 60),
    ],
)
def test_not_running_alarm_waits_for_two_missing_runs(
    schedule: str, period: int, warm_up: int
) -> None:
    not_running = alarm(template_scheduled(schedule), "NotRunning")
    assert (not_running["Period"], not_running["EvaluationPeriods"]) == (period * 60, 2)
    assert not_running["WarmUpConfiguration"] == {
        "WarmUpPeriodDurationInMinutes": warm_up,
        "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True,
    }


@pytest.mark.parametrize("minutes", [5, 30, 75, 165, 360, 720, 725, 840, 1439, 1440])
def test_periods_of_every_cadence_are_within_the_limits_of_cloudwatch(minutes: int) -> None:
    """The limits are those of PutMetricAlarm."""
    template = template_with(cadence=timedelta(minutes=minutes))
    for name in ALARMS:
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
def test_unreadable_alarm_covers_a_day_of_periods_with_a_run_each(
    schedule: str, period: int, periods: int
) -> None:
    """The first and the last period may contain one run each."""
    unreadable = alarm(template_scheduled(schedule), "Unreadable")
    assert (unreadable["Period"], unreadable["EvaluationPeriods"]) == (period, periods)
    assert period * (periods - 2) >= 86_400


def test_undelivered_alarm_counts_calendar_days(template: Template) -> None:
    undelivered = alarm(template, "Undelivered")
    assert undelivered["EvaluationWindow"] == {"WallClockWindow": {"Timezone": "UTC"}}
    assert (undelivered["Period"], undelivered["Statistic"]) == (86_400, "Sum")
    assert (undelivered["DatapointsToAlarm"], undelivered["EvaluationPeriods"]) == (3, 7)


@pytest.mark.parametrize("name", ["Undelivered", "NoSubscribers", "Unreadable"])
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
        ("DeadLetters", "AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("Undelivered", "AWS/SNS", "NumberOfNotificationsFailed"),
        ("NoSubscribers", "VdmAlerts", "NoSubscribers"),
        ("Unreadable", "VdmAlerts", "Unreadable"),
    ],
)
def test_alarm_monitors_metric(template: Template, name: str, namespace: str, metric: str) -> None:
    found = alarm(template, name)
    assert (found["Namespace"], found["MetricName"]) == (namespace, metric)
    assert found["TreatMissingData"] == "notBreaching"
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_alarms_notify_topic_about_alarm_and_recovery(template: Template) -> None:
    """Operators clear "DeadLetters". The OK of "Undelivered" may mean that nothing was sent."""
    for found in template.find_resources("AWS::CloudWatch::Alarm").values():
        properties = found["Properties"]
        (topic,) = properties["AlarmActions"]
        assert logical_id(topic).startswith("NoticesTopic")
        is_recovery = properties["AlarmName"] not in {
            "vdm-alerts-dead-letters",
            "vdm-alerts-undelivered",
        }
        assert properties.get("OKActions") == ([topic] if is_recovery else None)


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_description_is_true_in_each_state(template: Template, name: str) -> None:
    """CloudWatch repeats it with OK. So the first sentence defines ALARM; the others are steps."""
    meaning, *steps, runbook = description_of(template, name).split(". ")
    assert meaning.startswith("In ALARM: ")
    assert steps
    assert {step.split()[0] for step in steps} <= {"Check", "Confirm", "Fix", "Read"}
    assert runbook == f'Runbook: docs/runbook.md, section "Alarm {name}"'


def test_alarm_descriptions_link_to_your_runbook() -> None:
    """CloudWatch allows 1,024 characters, also with the longest URL."""
    url = "https://" + "x" * 400
    read_context(CONTEXT | {"runbookUrl": url})
    with pytest.raises(InvalidContextError):
        read_context(CONTEXT | {"runbookUrl": f"{url}x"})
    template = template_with(runbook_url=url)
    for name in ALARMS:
        description = description_of(template, name)
        assert description.endswith(f". Runbook: {url}#alarm-{name.lower()}")
        assert len(description) <= 1_024


def test_alarms_notify_second_topic_when_watchdog_email_is_set() -> None:
    template = template_with(watchdog_emails=("boss@example.com",))
    topics = {
        logical_id(topic)[: -len("12345678")]
        for topic in alarm(template, "NotRunning")["AlarmActions"]
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
    EmbeddedMetrics("vdm-alerts").record(TARGET, a_run_report(series_unknown=1), [])
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    alarms = [alarm(template, "Unreadable"), alarm(template, "NoSubscribers")]
    assert len(alarms) == len(printed) == 2
    for found in alarms:
        ((key, value),) = ((each["Name"], each["Value"]) for each in found["Dimensions"])
        assert [line[key] for line in printed if found["MetricName"] in line] == [value]
