"""The codec of evidence: of the records of verdicts in the alert history."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_type_hints

from cattrs.errors import BaseValidationError
from cattrs.strategies import configure_tagged_union

from vdm_alerts.adapters.aws.codec import STORED_NAMES, converter
from vdm_alerts.adapters.aws.stored_values import day, fraction, text, whole_number
from vdm_alerts.core.alerts.history import VERDICT_NAMES
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord
from vdm_alerts.core.evaluation.verdicts import KnownVerdict
from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.rules.rule import (
    Confidence,
    MinimumConfidence,
    MissingData,
    PlainComparison,
    Rule,
)
from vdm_alerts.core.statistics.arrival import ArrivalCurve

MAX_DAYS = 100
"""The most days with counts in stored evidence. VDM keeps 60."""
MAX_WINDOW = 366
"""The longest window in stored evidence, in days. An evaluation cannot look at more by far."""
_PLAIN = "none"
"""The stored confidence of a rule that compares counted rates, as in the rule itself."""


def encode_evidence(record: VerdictRecord) -> dict[str, Any] | None:
    """Return *record* as a dict of strings, integers, lists and dicts; None if it is too long."""
    for series in (record.events, record.volume):
        if series and len(series.days) > MAX_DAYS:
            return None
    encoded: dict[str, Any] = converter.unstructure(record)
    return encoded


def decode_evidence(encoded: object) -> VerdictRecord | NoRecord:
    """Return the record that was encoded as *encoded*, or that it is damaged."""
    try:
        record = converter.structure(encoded, VerdictRecord)
        _require_short_windows(record)
    except (BaseValidationError, ArithmeticError, LookupError, TypeError, ValueError):
        return NoRecord.DAMAGED
    return record


def _require_short_windows(record: VerdictRecord) -> None:
    """Raise ValueError if an evaluation of *record* would take very long."""
    open_alert = record.prior.open_alert
    reported = open_alert.reported if open_alert else None
    windows = [*record.rule.windows, *([reported.window] if reported else [])]
    if not all(1 <= window.days <= MAX_WINDOW for window in windows):
        message = f"a window is not from 1 to {MAX_WINDOW} days"
        raise ValueError(message)


def _series_from(counts: object, _: type) -> Series:
    if not isinstance(counts, dict) or len(counts) > MAX_DAYS:
        message = f"{counts!r:.40} is not a map of daily counts"
        raise TypeError(message)
    daily = {day(text_of_day): whole_number(count) for text_of_day, count in counts.items()}
    if daily and (max(daily) - min(daily)).days > MAX_WINDOW:
        message = "the days with counts are too far apart"
        raise ValueError(message)
    return Series(daily)


def _counts_of(series: Series) -> Mapping[str, int]:
    return {day_of_count.isoformat(): count for day_of_count, count in series.days.items()}


def _rule_from(fields: object, _: type) -> Rule:
    """Return the rule in *fields*, for no scope in particular."""
    if not isinstance(fields, dict):
        message = f"{fields!r:.40} is not a map"
        raise TypeError(message)
    types = get_type_hints(Rule)
    values = {
        name: converter.structure(fields[stored], types[name])
        for name, stored in STORED_NAMES[Rule].items()
        if stored in fields
    }
    return Rule(scopes=frozenset(), **values)


def _confidence_from(value: object, _: type) -> Confidence:
    return PlainComparison() if value == _PLAIN else MinimumConfidence(fraction(value))


def _curve_from(points: object, _: type) -> ArrivalCurve:
    if not isinstance(points, list) or not points:
        message = f"{points!r:.40} is not a list of points"
        raise TypeError(message)
    return ArrivalCurve(tuple((fraction(hours), fraction(share)) for hours, share in points))


converter.register_unstructure_hook(Series, _counts_of)
converter.register_structure_hook(Series, _series_from)
converter.register_structure_hook(Rule, _rule_from)
converter.register_unstructure_hook(PlainComparison, lambda _: _PLAIN)
converter.register_unstructure_hook(
    MinimumConfidence, lambda confidence: repr(confidence.error_probability)
)
converter.register_structure_hook(Confidence, _confidence_from)
converter.register_unstructure_hook(
    ArrivalCurve, lambda curve: [[*map(repr, point)] for point in curve.points]
)
converter.register_structure_hook(ArrivalCurve, _curve_from)
converter.register_unstructure_hook(timedelta, lambda length: int(length.total_seconds()))
converter.register_structure_hook(
    timedelta, lambda value, _: timedelta(seconds=whole_number(value))
)
converter.register_unstructure_hook(MissingData, lambda missing: missing.value)
converter.register_structure_hook(MissingData, lambda value, _: MissingData(text(value)))
configure_tagged_union(
    KnownVerdict, converter, tag_generator=lambda verdict: VERDICT_NAMES[verdict], tag_name="is"
)
