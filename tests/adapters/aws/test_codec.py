import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import NOW, firing
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.adapters.aws.codec import UnreadableRecordError, decode, encode
from vdm_alerts.core.alerts.alert import Alert, Firing, LastNotified, Ok, Pending
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Scope, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule_set import RuleText

words = st.text(min_size=1, max_size=20)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds it
severities = st.sampled_from(Severity)
indicators = st.none() | st.sampled_from(Indicator)
scopes = st.builds(Scope, *[st.none() | words] * 3)
rates = st.builds(Rate, st.integers(0, 10**9), st.integers(1, 10**9))
states = (
    st.builds(Ok, st.none() | instants, st.none() | rates, st.just("") | words)
    | st.builds(Pending, severities, instants, st.none() | instants)
    | st.builds(Firing, severities, instants, st.none() | instants, st.none() | st.floats(0, 1))
)
grounds = st.builds(ReportedFigures, rates, st.builds(Window, st.integers(1, 60)), st.dates())
tolds = st.builds(
    LastNotified, severities, instants, st.integers(1, 10**6), instants, st.none() | grounds
)
ends = st.lists(instants, max_size=3).map(tuple)
alerts = st.builds(
    Alert, words, scopes, indicators, states, st.none() | tolds, st.none() | words, ends
)


@given(alerts)
def test_alert_survives_encoding_and_decoding(alert: Alert) -> None:
    assert decode(json.loads(json.dumps(encode(alert))), Alert) == alert


@given(st.builds(Finding, words, words, words, words, severities))
def test_finding_survives_encoding_and_decoding(finding: Finding) -> None:
    assert decode(encode(finding), Finding) == finding


@given(st.builds(SendAttempt, st.integers(1, 10**6), words))
def test_send_attempt_survives_encoding_and_decoding(attempt: SendAttempt) -> None:
    assert decode(encode(attempt), SendAttempt) == attempt


@given(st.builds(RuleText, words, words))
def test_stored_rule_text_survives_encoding_and_decoding(written: RuleText) -> None:
    assert decode(encode(written), RuleText) == written


def test_alert_record_has_the_fields_of_schema_4() -> None:
    """A table holds these for years: a change here needs a new schema and a migration."""
    alert = firing(told=Severity.WARNING)
    assert alert.last_notified
    ground = ReportedFigures(Rate(6, 100), Window(3), NOW.date())
    assert encode(
        replace(
            alert, last_notified=replace(alert.last_notified, figures=ground), resolved_at=(NOW,)
        )
    ) == {
        "schema": 4,
        "rule": "bounce-rate",
        "scope": {"identity": "news.example.com"},
        "indicator": "bounce_rate",
        "state": {
            "is": "Firing",
            "severity": "WARNING",
            "since": "2026-03-12T09:00:00+00:00",
            "line": "0.05",
        },
        "told": {
            "severity": "WARNING",
            "since": "2026-03-12T09:00:00+00:00",
            "sequence": 1,
            "at": "2026-03-12T09:00:00+00:00",
            "ground": {
                "rate": {"events": 6, "volume": 100},
                "window": {"days": 3},
                "last": "2026-03-12",
            },
        },
        "incident": "bounce-rate-20260312T0900Z",
        "ends": ["2026-03-12T09:00:00+00:00"],
    }
    assert NOW.isoformat() == "2026-03-12T09:00:00+00:00"
    ended = Ok(NOW, revised=Rate(1, 100), closed_because="the rule is gone")
    assert encode(replace(firing(), state=ended))["state"] == {
        "is": "Ok",
        "since": "2026-03-12T09:00:00+00:00",
        "revised": {"events": 1, "volume": 100},
        "unwatched": "the rule is gone",
    }


def test_record_of_a_later_schema_is_unreadable() -> None:
    with pytest.raises(UnreadableRecordError, match="schema 5, this version reads 4"):
        decode({**encode(firing()), "schema": 5}, Alert)


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_record_of_an_earlier_schema_is_readable(schema: int) -> None:
    for alert in (firing(), replace(firing(told=Severity.WARNING), state=Ok())):
        assert decode({**encode(alert), "schema": schema}, Alert) == alert


@pytest.mark.parametrize(
    "ground",
    [
        {"rate": {"events": 1, "volume": 0}, "window": {"days": 3}, "last": "2026-03-12"},
        {"rate": {"events": 1, "volume": 9}, "window": {"days": 3}, "last": "yesterday"},
        {"rate": {"events": 1, "volume": 9}, "last": "2026-03-12"},
    ],
)
def test_record_with_impossible_reported_figures_is_unreadable(ground: dict[str, Any]) -> None:
    plain = encode(firing(told=Severity.WARNING))
    plain["told"]["ground"] = ground
    with pytest.raises(UnreadableRecordError, match="cannot be read as Alert"):
        decode(plain, Alert)


def test_damaged_record_is_unreadable() -> None:
    with pytest.raises(UnreadableRecordError, match="cannot be read as Alert"):
        decode({"schema": 1, "rule": "r"}, Alert)
