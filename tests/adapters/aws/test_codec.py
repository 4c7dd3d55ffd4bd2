"""The codec of stored records."""

import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from builders import NOW, firing
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.adapters.aws.codec import (
    STORED_NAMES,
    LaterSchemaError,
    UnreadableRecordError,
    decode,
    encode,
)
from vdm_alerts.core.alerts.alert import Alert, Firing, LastNotified, Ok, Pending
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.stored_state import SubscriberCount
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.metrics import Scope, Window
from vdm_alerts.core.model.rates import Indicator, Rate, SesRate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Baseline, Threshold
from vdm_alerts.core.rules.rule_set import RuleText

T = TypeVar("T")

texts = st.text(min_size=1, max_size=20)
timestamps = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds it
severities = st.sampled_from(Severity)
dates = st.dates(date(2000, 1, 1), date(2100, 1, 1))
fractions = st.floats(0, 1)
rates = st.builds(Rate, st.integers(0, 10**9), st.integers(1, 10**9))
FIELDS: dict[type, dict[str, st.SearchStrategy[Any]]] = {}
"""A strategy for each field of each stored record."""


def records_of(record_type: type[T], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Return a strategy for records of *record_type*, and add *fields* to FIELDS."""
    FIELDS[record_type] = fields
    return st.builds(record_type, **fields)


scopes = records_of(
    Scope,
    identity=st.none() | texts,
    configuration_set=st.none() | texts,
    tenant=st.none() | texts,
    isp=st.none() | texts,
)
ok_states = records_of(
    Ok,
    since=st.none() | timestamps,
    revised=st.none() | rates,
    closed_because=st.just("") | texts,
    interrupted_since=st.none() | timestamps,
    threshold_share=st.none() | fractions,
)
pending_states = records_of(
    Pending,
    severity=severities,
    since=timestamps,
    healthy_since=st.none() | timestamps,
    threshold_share=st.none() | fractions,
)
baselines = records_of(
    Baseline,
    rate=rates,
    window=st.builds(Window, st.integers(1, 60)),
    factor=st.floats(0.1, 10),
)
thresholds = records_of(
    Threshold, severity=severities, share=fractions, baseline=st.none() | baselines
)
firing_states = records_of(
    Firing,
    severity=severities,
    since=timestamps,
    recovering_since=st.none() | timestamps,
    threshold_share=st.none() | fractions,
    no_email=st.booleans(),
    severity_since=st.none() | timestamps,
    opened_from=st.none() | dates,
    healthy_since=st.none() | timestamps,
    baseline=st.none() | thresholds,
)
reported_figures = records_of(
    ReportedFigures,
    rate=rates,
    window=st.builds(Window, st.integers(1, 60)),
    last_day=dates,
)
last_notifications = records_of(
    LastNotified,
    severity=severities,
    since=timestamps,
    sequence=st.integers(0, 10**6),
    sent_at=timestamps,
    figures=st.none() | reported_figures,
    ses_rate=st.none() | records_of(SesRate, value=fractions, at=timestamps),
)
resolution_times = st.lists(timestamps, max_size=3).map(tuple)
alerts = records_of(
    Alert,
    rule=texts,
    scope=scopes,
    indicator=st.none() | st.sampled_from(Indicator),
    state=ok_states | pending_states | firing_states,
    last_notified=st.none() | last_notifications,
    incident=st.none() | texts,
    resolved_at=resolution_times,
    history_lost=st.booleans(),
)
findings = records_of(
    Finding,
    key=texts,
    what=texts,
    remedy=texts,
    details=st.just("") | texts,
    severity=severities,
    blocks_monitoring=st.booleans(),
    transient=st.booleans(),
    subjects=st.lists(texts, max_size=3).map(tuple),
    omitted=st.integers(0, 10**6),
    aws_message=st.just("") | texts,
    one_shot=st.booleans(),
    is_confirmed=st.booleans(),
    source=st.none() | st.sampled_from(FindingSource),
    effect=st.just("") | texts,
)
send_attempts = records_of(SendAttempt, sequence=st.integers(1, 10**6), fingerprint=texts)
rule_texts = records_of(RuleText, text=texts, source=texts)
subscriber_counts = records_of(
    SubscriberCount, confirmed=st.integers(0, 10**7), counted_at=timestamps
)


@pytest.mark.parametrize("record_type", FIELDS, ids=lambda record_type: record_type.__name__)
def test_strategy_generates_every_stored_field(record_type: type) -> None:
    assert set(FIELDS[record_type]) == set(STORED_NAMES[record_type])


@given(alerts)
def test_alert_survives_encoding_and_decoding(alert: Alert) -> None:
    assert decode(json.loads(json.dumps(encode(alert))), Alert) == alert


@given(findings)
def test_finding_survives_encoding_and_decoding(finding: Finding) -> None:
    """Every field is compared, because findings that differ in some fields are equal."""
    assert asdict(decode(encode(finding), Finding)) == asdict(finding)


@given(send_attempts)
def test_send_attempt_survives_encoding_and_decoding(attempt: SendAttempt) -> None:
    assert decode(encode(attempt), SendAttempt) == attempt


@given(rule_texts)
def test_stored_rule_text_survives_encoding_and_decoding(rule_text: RuleText) -> None:
    assert decode(encode(rule_text), RuleText) == rule_text


@given(subscriber_counts)
def test_subscriber_count_survives_encoding_and_decoding(count: SubscriberCount) -> None:
    assert decode(encode(count), SubscriberCount) == count


def test_alert_record_has_the_fields_of_schema_5() -> None:
    """Tables hold such records for years, so a change needs a new schema and a migration."""
    alert = firing(notified=Severity.WARNING)
    assert alert.last_notified is not None
    figures = ReportedFigures(Rate(6, 100), Window(3), NOW.date())
    assert encode(
        replace(
            alert, last_notified=replace(alert.last_notified, figures=figures), resolved_at=(NOW,)
        )
    ) == {
        "schema": 5,
        "rule": "bounce-rate",
        "scope": {"identity": "news.example.com"},
        "indicator": "bounce_rate",
        "state": {
            "is": "Firing",
            "severity": "WARNING",
            "since": "2026-03-12T09:00:00+00:00",
            "line": "0.05",
            "opened_from": "2026-03-10",
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
    closed = Ok(NOW, revised=Rate(1, 100), closed_because="the rule is gone")
    assert encode(replace(firing(), state=closed))["state"] == {
        "is": "Ok",
        "since": "2026-03-12T09:00:00+00:00",
        "revised": {"events": 1, "volume": 100},
        "unwatched": "the rule is gone",
    }


def test_record_of_a_later_schema_is_unreadable() -> None:
    with pytest.raises(LaterSchemaError, match="schema 6, but this version reads at most 5"):
        decode({**encode(firing()), "schema": 6}, Alert)


@pytest.mark.parametrize("schema", [1, 2, 3, 4])
def test_record_of_an_earlier_schema_is_readable(schema: int) -> None:
    for alert in (firing(), replace(firing(notified=Severity.WARNING), state=Ok())):
        assert decode({**encode(alert), "schema": schema}, Alert) == alert


@pytest.mark.parametrize(
    "figures",
    [
        {"rate": {"events": 1, "volume": 0}, "window": {"days": 3}, "last": "2026-03-12"},
        {"rate": {"events": 1, "volume": 9}, "window": {"days": 3}, "last": "yesterday"},
        {"rate": {"events": 1, "volume": 9}, "last": "2026-03-12"},
    ],
)
def test_record_with_impossible_reported_figures_is_unreadable(figures: dict[str, Any]) -> None:
    encoded = encode(firing(notified=Severity.WARNING))
    encoded["told"]["ground"] = figures
    with pytest.raises(UnreadableRecordError, match="is not a valid Alert"):
        decode(encoded, Alert)


@pytest.mark.parametrize(
    "damage",
    [
        {"schema": "4"},
        {"schema": None},
        {"rule": 7},
        {"scope": {"identity": 7}},
        {"scope": "news.example.com"},
        {"indicator": "bounces"},
        {"state": {"is": "Firing", "severity": "WARNING", "since": "2026-03-12"}},
        {"state": {"is": "Firing", "severity": "WARNING", "since": "2026-03-12T09:00:00"}},
        {"state": {"is": "Firing", "severity": "WARNING", "since": "0001-01-01T00:00:00+14:00"}},
        {"state": {"is": "Firing", "severity": 1, "since": "2026-03-12T09:00:00+00:00"}},
        {"state": {"is": "Ok", "line": "nan"}},
        {"state": {"is": "Ok", "line": "-0.1"}},
        {"state": {"is": "Ok", "revised": {"events": True, "volume": 9}}},
        {"state": {"is": "Ok", "revised": {"events": Decimal("1.5"), "volume": 9}}},
        {"state": {"is": "Ok", "revised": {"events": -1, "volume": 9}}},
        {"ends": "2026-03-12T09:00:00+00:00"},
        {"lost": "false"},
    ],
)
def test_damaged_record_is_unreadable(damage: dict[str, Any]) -> None:
    with pytest.raises(UnreadableRecordError) as caught:
        decode({**encode(firing()), **damage}, Alert)

    assert not isinstance(caught.value, LaterSchemaError)


@pytest.mark.parametrize("encoded", [None, "x", [], 7])
def test_record_that_is_no_map_is_unreadable(encoded: object) -> None:
    with pytest.raises(UnreadableRecordError, match="not a map"):
        decode(encoded, Alert)
