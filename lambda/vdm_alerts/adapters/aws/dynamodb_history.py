"""The latest items of a history partition as state transitions."""

from collections.abc import Sequence

from vdm_alerts.adapters.aws import stored_values
from vdm_alerts.adapters.aws.dynamodb_items import (
    EVIDENCE,
    NO_EVIDENCE,
    NO_RECORD_NAMES,
    Item,
)
from vdm_alerts.adapters.aws.evidence_codec import decode_evidence
from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.alerts.history import RecentTransitions, Transition
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.rules.field_types import INDICATORS

MAX_TRANSITIONS = 2_000
"""The most transitions that are read, the latest ones. Without evidence, they take about 8 MB."""
WITHOUT_EVIDENCE = ("sk", "rule", "indicator", "scope", "at", "before", "after", "why")
"""The attributes of a history item, apart from the evidence."""


def recent_transitions(items: Sequence[Item]) -> RecentTransitions:
    """Return the transitions in *items*, of which the latest is the first.

    At most `MAX_TRANSITIONS` are returned. A damaged item is left out. In both cases, the result is
    not complete.
    """
    transitions: list[Transition] = []
    damaged = 0
    for item in items[:MAX_TRANSITIONS]:
        try:
            transitions.append(_transition(item))
        except (AttributeError, LookupError, TypeError, ValueError):
            damaged += 1
    is_complete = not damaged and len(items) <= MAX_TRANSITIONS
    return RecentTransitions(tuple(reversed(transitions)), is_complete)


def _transition(item: Item) -> Transition:
    """Return the transition in *item*. Raises an error if it is damaged."""
    indicator = item.get("indicator")  # An earlier version stored none.
    names = {Dimension(key): stored_values.text(name) for key, name in item["scope"].items()}
    return Transition(
        AlertKey(
            stored_values.text(item["rule"]),
            Scope(*(names.get(dimension) for dimension in Dimension)),
            INDICATORS[indicator] if indicator else None,
        ),
        stored_values.time(item["at"]),
        stored_values.text(item["before"]),
        stored_values.text(item["after"]),
        stored_values.text(item["why"]),
        _record(item),
    )


def _record(item: Item) -> VerdictRecord | NoRecord:
    """Return the record of the verdict in *item*, or why there is none."""
    if EVIDENCE in item:
        return decode_evidence(item[EVIDENCE])
    if NO_EVIDENCE not in item:
        return NoRecord.NOT_STORED
    names = (record for record, name in NO_RECORD_NAMES.items() if name == item[NO_EVIDENCE])
    return next(names, NoRecord.DAMAGED)
