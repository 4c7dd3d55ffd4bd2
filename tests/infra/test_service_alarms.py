"""Named facts about what tells when VDM Alerts is itself unwell."""

import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from aws_cdk.assertions import Template
from builders import ORIGIN
from templates import CONTEXT, alarm, logical, ordinary, stack

from infra.settings import BadContext, read_context
from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.core.observations.run_report import Summary


@pytest.fixture(scope="module")
def template() -> Template:
    return ordinary()


def test_silence_is_an_alarm_because_missing_data_breach_it(template: Template) -> None:
    """Lambda counts 0 errors for a run that ends well, so the least of a period is 1 or missing."""
    silence = alarm(template, "Silence")
    assert (silence["Namespace"], silence["MetricName"]) == ("AWS/Lambda", "Errors")
    assert (silence["Statistic"], silence["Threshold"]) == ("Minimum", 1)
    assert silence["Expression"] == "FILL(recorded, 1)"
    assert silence["TreatMissingData"] == "breaching"
    assert (silence["Period"], silence["EvaluationPeriods"]) == (3600, 2)


@pytest.mark.parametrize(
    ("schedule", "period", "periods"),
    [
        ("rate(5 minutes)", 10_800, 8),
        ("rate(1 hour)", 10_800, 8),
        ("rate(6 hours)", 43_200, 2),
        ("rate(1 day)", 86_400, 2),
    ],
)
def test_what_stays_unread_is_told_after_a_day_in_which_every_spell_had_a_run(
    schedule: str, period: int, periods: int
) -> None:
    chosen = read_context(CONTEXT | {"schedule": schedule})
    unknown = alarm(stack(schedule=schedule, cadence=chosen.cadence), "Unread")
    assert (unknown["Period"], unknown["EvaluationPeriods"]) == (period, periods)
    assert f"for {period * periods // 3600} hours" in str(unknown["AlarmDescription"])


@pytest.mark.parametrize("name", ["Nobody", "Unread"])
def test_what_is_recorded_only_while_it_is_wrong_is_right_where_there_is_none(
    template: Template, name: str
) -> None:
    """An alarm without a value for a gap looks back beyond it, to the last thing that was wrong."""
    assert alarm(template, name)["Expression"] == "FILL(recorded, 0)"


@pytest.mark.parametrize(
    ("schedule", "period"), [("rate(5 minutes)", 300), ("cron(0 8 * * ? *)", 86_400)]
)
def test_how_long_a_silence_may_be_follows_from_the_schedule(schedule: str, period: int) -> None:
    chosen = read_context(CONTEXT | {"schedule": schedule})
    assert alarm(stack(cadence=chosen.cadence), "Silence")["Period"] == period


def test_a_schedule_that_is_too_seldom_to_watch_is_refused() -> None:
    with pytest.raises(BadContext, match="too seldom; look once a day at the least"):
        read_context(CONTEXT | {"schedule": "rate(2 days)"})
    assert read_context(CONTEXT | {"schedule": "rate(24 hours)"}).cadence == timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "namespace", "metric"),
    [
        ("Errors", "AWS/Lambda", "Errors"),
        ("Dropped", "AWS/Lambda", "AsyncEventsDropped"),
        ("Late", "AWS/Lambda", "AsyncEventAge"),
        ("Lost", "AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("Undelivered", "AWS/SNS", "NumberOfNotificationsFailed"),
        ("Nobody", "VdmAlerts", "NobodySubscribed"),
        ("Unread", "VdmAlerts", "Unread"),
    ],
)
def test_there_is_an_alarm_on(template: Template, name: str, namespace: str, metric: str) -> None:
    found = alarm(template, name)
    assert (found["Namespace"], found["MetricName"]) == (namespace, metric)
    assert found["TreatMissingData"] == "notBreaching"
    assert found["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_every_alarm_and_its_end_are_told_to_the_topic(template: Template) -> None:
    for found in template.find_resources("AWS::CloudWatch::Alarm").values():
        for kind in ("AlarmActions", "OKActions"):
            (topic,) = found["Properties"][kind]
            assert logical(topic).startswith("NoticesTopic")
        assert found["Properties"]["AlarmDescription"]


def test_the_watchdog_has_a_topic_of_its_own_where_it_has_addresses_of_its_own() -> None:
    template = stack(watchdog_emails=("boss@example.com",))
    topics = {
        logical(topic)[: -len("12345678")] for topic in alarm(template, "Silence")["AlarmActions"]
    }
    assert topics == {"NoticesTopic", "WatchdogNoticesTopic"}
    endpoints = [
        each["Properties"]["Endpoint"]
        for each in template.find_resources("AWS::SNS::Subscription").values()
    ]
    assert "boss@example.com" in endpoints


def test_the_alarms_of_this_account_may_publish_and_nobody_else_is_named(
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


def test_an_alarm_watches_a_metric_that_the_function_does_record(
    capsys: pytest.CaptureFixture[str], template: Template
) -> None:
    nothing = Summary(*[0] * len(fields(Summary)))
    EmbeddedMetrics("vdm-alerts").record(ORIGIN, replace(nothing, series_unknown=1), [])
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    own = [alarm(template, "Unread"), alarm(template, "Nobody")]
    assert len(own) == len(printed) == 2
    for found in own:
        ((key, value),) = ((each["Name"], each["Value"]) for each in found["Dimensions"])
        assert [line[key] for line in printed if found["MetricName"] in line] == [value]
