"""Tests of the codec of evidence."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from builders import (
    NEWS_BOUNCE_RATE,
    NOW,
    TODAY,
    a_confidence_rule,
    a_rule,
    a_series,
    an_open_alert,
    breached,
    evidence,
    healthy,
    inconclusive,
)

from vdm_alerts.adapters.aws.dynamodb_items import MAX_EVIDENCE_SIZE, item_size
from vdm_alerts.adapters.aws.evidence_codec import MAX_DAYS, decode_evidence, encode_evidence
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.prior_state import PriorState
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord
from vdm_alerts.core.evaluation.verdicts import NoEmail
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.rates import Rate, SesRate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Baseline, MissingData, Threshold

HOUR = timedelta(hours=1)
BASELINE = Threshold(Severity.WARNING, 0.03, Baseline(Rate(3, 1_000), Window(28), 3.0))
OPEN_ALERT = an_open_alert(
    NOW,
    Severity.CRITICAL,
    is_about_no_email=True,
    baseline=BASELINE,
    reported=ReportedFigures(Rate(6, 100), Window(3), TODAY),
)
SES_RATES = SesRates(NOW, tuple(SesRate(0.1 / 3, NOW - age * HOUR) for age in range(39)))


def a_record(**options: Any) -> VerdictRecord:
    counts = a_series(*range(1_000_000, 1_000_060))
    record = VerdictRecord(
        breached(), a_confidence_rule(), "0ddb83413057ef16", AsOf(NOW, TODAY), counts, counts
    )
    # A stored rule is about one scope: it has no kinds of scopes.
    record = replace(record, **options)
    return replace(record, rule=replace(record.rule, scopes=frozenset()))


def stored(value: Any) -> Any:
    """Return *value* as DynamoDB returns it."""
    match value:
        case dict():
            return {name: stored(part) for name, part in value.items()}
        case list():
            return [stored(part) for part in value]
        case bool() | str() | None:
            return value
        case int():
            return Decimal(value)
        case _:
            raise TypeError(value)


RECORDS = {
    "breached": a_record(),
    "breached by a rate of SES": a_record(
        verdict=replace(breached(), evidence=None, ses_rate=SES_RATES.history[0]),
        events=None,
        volume=None,
        ses_rates=SES_RATES,
    ),
    "healthy": a_record(verdict=replace(healthy(), withdrawn_rate=Rate(6, 100))),
    "no email": a_record(
        verdict=NoEmail(NEWS_BOUNCE_RATE, Severity.WARNING, Window(3)),
        rule=a_rule(missing_data=MissingData.BREACHING, hold=HOUR, clear_after=2 * HOUR),
    ),
    "inconclusive": a_record(verdict=inconclusive(), prior=PriorState(NOW, is_pending=True)),
    "open alert": a_record(
        verdict=replace(
            breached(),
            threshold=BASELINE,
            severity_limit=Severity.WARNING,
            evidence=replace(evidence("6%"), confidence=0.99, last_day=TODAY),
        ),
        rule=a_confidence_rule(baseline_factor=3.0, representative_volume=5_000),
        prior=OPEN_ALERT,
        series_count=1_234,
    ),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())
def test_evidence_is_decoded_as_it_was_encoded(record: VerdictRecord) -> None:
    encoded = encode_evidence(record)
    assert encoded is not None
    assert decode_evidence(stored(encoded)) == record


def test_longest_usual_evidence_is_stored() -> None:
    encoded = encode_evidence(a_record(prior=OPEN_ALERT, ses_rates=SES_RATES))
    assert item_size(encoded) < MAX_EVIDENCE_SIZE / 2


def test_counts_of_more_days_than_vdm_has_are_too_long() -> None:
    assert encode_evidence(a_record(volume=a_series(*[1] * (MAX_DAYS + 1)))) is None


def with_value(path: str, value: object) -> Any:
    """Return encoded evidence with *value* at *path*."""
    encoded: Any = stored(encode_evidence(RECORDS["open alert"]))
    place, (*parents, name) = encoded, path.split(".")
    for parent in parents:
        place = place[parent]
    place[name] = value
    return encoded


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("verdict", "Breached"),
        ("verdict.is", "Unknown"),
        ("rule", None),
        ("rule.windows", [{"days": Decimal(10**9)}]),
        ("rule.windows", [{"days": Decimal(0)}]),
        ("rule.feedback", []),
        ("rule.feedback", [["1", "2", "3"]]),
        ("rule.confidence", "x"),
        ("rule.hold", "x"),
        ("rule.missing_data", "x"),
        ("events", [Decimal(1)]),
        ("events", {"2026-03-12": Decimal(-1)}),
        ("events", {"2026-03-12": Decimal(1), "2001-03-12": Decimal(1)}),
        ("events", {f"day {number}": Decimal(1) for number in range(MAX_DAYS + 1)}),
        ("as_of.now", "2026-03-12"),
        ("prior.open_alert.reported.window", {"days": Decimal(10**9)}),
        ("series_count", True),
    ],
)
def test_damaged_evidence_is_recognized(path: str, value: object) -> None:
    assert decode_evidence(with_value(path, value)) is NoRecord.DAMAGED


def test_evidence_without_a_threshold_is_damaged() -> None:
    encoded = with_value("series_count", Decimal(1))
    del encoded["verdict"]["threshold"]
    assert decode_evidence(encoded) is NoRecord.DAMAGED
