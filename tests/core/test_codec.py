import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from builders import NOW, firing
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.alerts import Alert, Firing, Ok, Pending, Told
from vdm_alerts.core.codec import UnreadableRecord, decode, encode
from vdm_alerts.core.findings import Finding
from vdm_alerts.core.metrics import Scope
from vdm_alerts.core.rules import Severity

words = st.text(min_size=1, max_size=20)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds it
severities = st.sampled_from(Severity)
scopes = st.builds(Scope, *[st.none() | words] * 3)
states = (
    st.builds(Ok, st.none() | instants)
    | st.builds(Pending, severities, instants, st.none() | instants)
    | st.builds(Firing, severities, instants, st.none() | instants, st.none() | st.floats(0, 1))
)
tolds = st.none() | st.builds(Told, severities, instants, st.integers(1, 10**6), instants)
alerts = st.builds(Alert, words, scopes, states, tolds, st.none() | words)


@given(alerts)
def test_what_is_read_back_is_what_was_written(alert: Alert) -> None:
    assert decode(json.loads(json.dumps(encode(alert))), Alert) == alert


@given(st.builds(Finding, words, words, words, words, severities))
def test_a_finding_is_read_back_as_it_was_written(finding: Finding) -> None:
    assert decode(encode(finding), Finding) == finding


def test_a_record_looks_like_this_for_as_long_as_the_schema_is_two() -> None:
    """A table holds these for years: a change here needs a new schema and a migration."""
    assert encode(firing(told=Severity.WARNING)) == {
        "schema": 2,
        "rule": "bounce-rate",
        "scope": {"identity": "news.example.com"},
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
        },
        "incident": "bounce-rate-20260312T0900Z",
    }
    assert NOW.isoformat() == "2026-03-12T09:00:00+00:00"


def test_a_record_of_another_schema_is_not_guessed_at() -> None:
    with pytest.raises(UnreadableRecord, match="schema 3, this version reads 2"):
        decode({**encode(firing()), "schema": 3}, Alert)


def test_what_was_written_before_there_was_any_waiting_is_read_as_it_was_meant() -> None:
    for alert in (firing(), replace(firing(told=Severity.WARNING), state=Ok())):
        assert decode({**encode(alert), "schema": 1}, Alert) == alert


def test_a_record_that_is_damaged_is_not_guessed_at() -> None:
    with pytest.raises(UnreadableRecord, match="cannot be read as Alert"):
        decode({"schema": 1, "rule": "r"}, Alert)
