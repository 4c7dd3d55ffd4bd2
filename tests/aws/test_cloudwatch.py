import json

import pytest
from builders import HOTMAIL, NEWS

from vdm_alerts.aws.cloudwatch import EmbeddedMetrics
from vdm_alerts.core.metrics import ACCOUNT
from vdm_alerts.ports import Reading, Summary

SUMMARY = Summary(
    series_judged=33,
    series_unknown=2,
    alerts_warning=1,
    alerts_critical=0,
    notices_told=1,
    notices_owed=0,
    findings=0,
    subscribers=None,
)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_run_is_counted_and_what_is_unknown_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmbeddedMetrics("Here").record(SUMMARY, [])
    (line,) = lines(capsys)
    assert line["RunsCompleted"] == [1.0]
    assert line["SeriesUnknown"] == [2.0]
    assert "Subscribers" not in line


def test_rates_of_one_name_stay_apart_by_their_scope(capsys: pytest.CaptureFixture[str]) -> None:
    readings = [
        Reading("bounce-rate", "bounce_rate", ACCOUNT, 0.01),
        Reading("bounce-rate", "bounce_rate", NEWS, 0.06),
        Reading("bounce-rate", "bounce_rate", HOTMAIL, 0.08),
    ]
    EmbeddedMetrics("Here").record(SUMMARY, readings)
    _, account, news, hotmail = lines(capsys)
    assert account["BounceRate"] == [1.0]
    assert news["BounceRate"] == [6.0]
    assert (news["identity"], hotmail["isp"]) == ("news.example.com", "Hotmail")
    assert _dimensions(account) == {"service", "rule"}
    assert _dimensions(news) == {"service", "rule", "identity"}


def test_a_warm_function_does_not_carry_one_run_into_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorder = EmbeddedMetrics("Here")
    recorder.record(SUMMARY, [])
    recorder.record(SUMMARY, [])
    first, second = lines(capsys)
    assert first["SeriesJudged"] == second["SeriesJudged"] == [33.0]


def _dimensions(line: dict[str, object]) -> set[str]:
    (directive,) = line["_aws"]["CloudWatchMetrics"]  # type: ignore[index]
    return set(directive["Dimensions"][0])
