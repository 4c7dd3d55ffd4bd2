"""The simulator of CloudWatch's alarms does what AWS documents."""

from dataclasses import replace
from typing import Any

import pytest
from alarm_simulator import DELAY, Alarm, CloudWatch, Notification
from templates import alarm, ordinary_template

ALARM = Alarm(name="x", metric="m", statistic="Sum", period=60, periods=3, datapoints=3)


def states(alarm: Alarm, *values: tuple[int, float], until: int = 10_000) -> list[tuple[int, str]]:
    """Return when *alarm* changes its state, for *values* and their minutes."""
    cloudwatch = CloudWatch([alarm])
    for minute, value in values:
        cloudwatch.record(alarm.metric, minute, value)
    published: list[Notification] = []
    cloudwatch.play(until, published.append)
    return [(each.minute, each.state) for each in published]


@pytest.mark.parametrize(
    ("points", "datapoints", "breaching", "not_breaching"),
    [
        ("0-X-X", 3, "OK", "OK"),
        ("0----", 3, "OK", "OK"),
        ("-----", 3, "ALARM", "OK"),
        ("0XX-X", 3, "ALARM", "ALARM"),
        ("----X", 3, "ALARM", "OK"),
        ("X----", 3, "ALARM", "OK"),
        ("0-X-X", 2, "ALARM", "ALARM"),
        ("00X0X", 2, "ALARM", "ALARM"),
        ("0-X--", 2, "ALARM", "OK"),
        ("----0", 2, "ALARM", "OK"),
        ("----X", 2, "ALARM", "OK"),
    ],
)
def test_missing_data_is_treated_as_in_the_tables_of_aws(
    points: str, datapoints: int, breaching: str, not_breaching: str
) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html"""
    values = [{"0": 0.0, "X": 1.0, "-": None}[point] for point in reversed(points)]
    for missing, state in (("breaching", breaching), ("notBreaching", not_breaching)):
        assert replace(ALARM, datapoints=datapoints, missing=missing).state(values) == state


def test_alarm_without_fill_evaluates_older_data() -> None:
    one = replace(ALARM, periods=1, datapoints=1)
    assert one.state([None, None, 1]) == "ALARM"
    assert replace(one, fill=0.0).state([None, None, 1]) == "OK"


@pytest.mark.parametrize(("missing", "state"), [("breaching", "ALARM"), ("notBreaching", "OK")])
def test_fill_supplies_nothing_without_any_data(missing: str, state: str) -> None:
    assert replace(ALARM, fill=0.0, missing=missing).state([None] * 5) == state


def test_sliding_period_begins_with_the_value_and_ends_after_its_length() -> None:
    one = replace(ALARM, periods=1, datapoints=1, fill=0.0)
    assert states(one, (100, 1)) == [(0, "OK"), (100 + DELAY, "ALARM"), (100 + 61, "OK")]


def test_calendar_period_counts_once_it_is_complete() -> None:
    day = replace(ALARM, period=1440, periods=7, datapoints=1, fill=0.0, calendar_days=True)
    assert states(day, (100, 1), until=20_000) == [
        (0, "OK"),
        (1440, "ALARM"),
        (8 * 1440, "OK"),
    ]


def test_alarm_needs_m_of_n_datapoints() -> None:
    two_of_three = replace(ALARM, datapoints=2, fill=0.0)
    assert states(two_of_three, (100, 1)) == [(0, "OK")]
    (_, raised, cleared) = states(two_of_three, (100, 1), (190, 1))
    assert raised == (190 + DELAY, "ALARM")
    assert cleared[1] == "OK"


def test_values_near_each_other_are_two_datapoints_while_a_sliding_period_divides_them() -> None:
    two_of_three = replace(ALARM, datapoints=2, fill=0.0)
    changes = states(two_of_three, (100, 1), (110, 1))
    assert changes[1:3] == [(100 + 61, "ALARM"), (110 + 61, "OK")]
    day = replace(two_of_three, period=1440, calendar_days=True)
    assert states(day, (100, 1), (110, 1)) == [(0, "OK")]


def test_warm_up_delays_the_first_evaluation() -> None:
    heartbeat = replace(ALARM, statistic="Minimum", periods=1, datapoints=1)
    silent = replace(heartbeat, missing="breaching", fill=1.0)
    assert states(silent, (20, 0))[:2] == [(0, "ALARM"), (20 + DELAY, "OK")]
    assert states(replace(silent, warm_up=60), (20, 0))[0] == (60, "OK")


def test_alarm_raises_itself_again_when_its_own_notification_fails() -> None:
    """The alarm on failed deliveries was like this one until decision 31."""
    cloudwatch = CloudWatch([replace(ALARM, periods=1, datapoints=1)])
    published: list[Notification] = []

    def publish(notification: Notification) -> None:
        published.append(notification)
        cloudwatch.record(ALARM.metric, notification.minute + 1, 1)

    cloudwatch.record(ALARM.metric, 100, 1)
    cloudwatch.play(100 + 1440, publish)
    assert len(published) == 16


def test_state_without_an_action_is_not_published() -> None:
    one = replace(ALARM, periods=1, datapoints=1, fill=0.0, actions=frozenset({"ALARM"}))
    assert states(one, (100, 1)) == [(100 + DELAY, "ALARM")]


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("DeadLetters", {"Unit": "Count"}),
        ("DeadLetters", {"ComparisonOperator": "LessThanThreshold"}),
        (
            "NotRunning",
            {"WarmUpConfiguration": {"OnlyStartEvaluatingAfterWarmUpPeriodEnds": False}},
        ),
        ("Undelivered", {"EvaluationWindow": {"WallClockWindow": {"Timezone": "Asia/Tokyo"}}}),
        (
            "Unreadable",
            {"Metrics": [{"Expression": "recorded * 2"}, {"MetricStat": {}, "Id": "x"}]},
        ),
    ],
)
def test_alarm_is_rejected_when_a_property_is_not_simulated(
    name: str, properties: dict[str, Any]
) -> None:
    alarms = ordinary_template().find_resources("AWS::CloudWatch::Alarm")
    (known,) = [
        each["Properties"] for key, each in alarms.items() if key.startswith(f"Watchdog{name}")
    ]
    assert Alarm.from_properties(known).name == known["AlarmName"]
    with pytest.raises(ValueError, match="not simulated"):
        Alarm.from_properties(known | properties)


def test_fill_of_every_alarm_agrees_with_its_treatment_of_missing_data() -> None:
    """Whether FILL supplies values for a metric that has none makes no difference then."""
    for name in ("NotRunning", "Undelivered", "NoSubscribers", "Unreadable"):
        found = alarm(ordinary_template(), name)
        breaches = found["Expression"] == "FILL(recorded, 1)"
        assert found["TreatMissingData"] == ("breaching" if breaches else "notBreaching")
