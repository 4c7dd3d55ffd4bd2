import json
from dataclasses import replace

import pytest
from builders import HOTMAIL, NEWS, ORIGIN, a_rule

from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.naming import masked
from vdm_alerts.core.observations.run_report import Reading, Summary

SUMMARY = Summary(
    queries=60,
    days_behind=0,
    series_judged=33,
    series_unknown=0,
    alerts_warning=1,
    alerts_critical=0,
    notices_told=1,
    notices_owed=0,
    findings=0,
    unread=0,
    subscribers=2,
)
RULE = a_rule()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_run_in_which_nothing_is_wrong_costs_no_metric_but_its_rates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("here").record(ORIGIN, SUMMARY, [Reading(RULE, ACCOUNT, 0.01)])
    (line,) = lines(capsys)
    assert line["BounceRate"] == [1.0]


@pytest.mark.parametrize(
    ("summary", "metric", "value"),
    [
        (replace(SUMMARY, series_unknown=2), "Unread", 2.0),
        (replace(SUMMARY, unread=1), "Unread", 1.0),
        (replace(SUMMARY, subscribers=0), "NobodySubscribed", 1.0),
    ],
)
def test_what_an_alarm_watches_is_recorded_while_it_is_so(
    capsys: pytest.CaptureFixture[str], summary: Summary, metric: str, value: float
) -> None:
    EmbeddedMetrics("here").record(ORIGIN, summary, [])
    (line,) = lines(capsys)
    assert (line["service"], line[metric]) == ("here", [value])
    assert _dimensions(line) == {"service"}


def test_that_nobody_could_be_counted_is_not_that_nobody_is_subscribed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("here").record(ORIGIN, replace(SUMMARY, subscribers=None), [])
    assert lines(capsys) == []


def test_rates_of_one_name_stay_apart_by_their_scope(capsys: pytest.CaptureFixture[str]) -> None:
    readings = [
        Reading(RULE, ACCOUNT, 0.01),
        Reading(RULE, NEWS, 0.06),
        Reading(RULE, HOTMAIL, 0.08),
    ]
    EmbeddedMetrics("here").record(ORIGIN, SUMMARY, readings)
    account, news, hotmail = lines(capsys)
    assert account["BounceRate"] == [1.0]
    assert news["BounceRate"] == [6.0]
    assert (news["identity"], hotmail["isp"]) == ("news.example.com", "Hotmail")
    assert _dimensions(account) == {"service", "rule"}
    assert _dimensions(news) == {"service", "rule", "identity"}


def test_a_rate_stands_beside_the_thresholds_it_was_judged_by(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("here").record(ORIGIN, SUMMARY, [Reading(RULE, NEWS, 0.06)])
    (line,) = lines(capsys)
    assert (line["rate"], line["warning"], line["critical"]) == (6.0, 5.0, 10.0)
    assert (line["indicator"], line["scope"]) == ("bounce_rate", "news.example.com")


def _dimensions(line: dict[str, object]) -> set[str]:
    (directive,) = line["_aws"]["CloudWatchMetrics"]  # type: ignore[index]
    return set(directive["Dimensions"][0])


def test_an_address_is_no_dimension_unless_one_wants_it_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reading = Reading(RULE, Scope(identity="anna@example.com"), 0.06)
    EmbeddedMetrics("here").record(ORIGIN, SUMMARY, [reading])
    assert "anna" not in (said := capsys.readouterr().out)
    assert json.loads(said)["identity"] == json.loads(said)["scope"] == masked("anna@example.com")
    EmbeddedMetrics("here", mask=False).record(ORIGIN, SUMMARY, [reading])
    assert json.loads(capsys.readouterr().out)["identity"] == "anna@example.com"
