"""The codec of stored records: to values that DynamoDB can hold, and back."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from itertools import islice, starmap
from typing import Any, TypeVar

from cattrs import Converter
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.strategies import configure_tagged_union

from vdm_alerts.adapters.aws.stored_values import (
    day,
    flag,
    fraction,
    text,
    time,
    whole_number,
)
from vdm_alerts.core.alerts.alert import Alert, Firing, LastNotified, Ok, Pending, State
from vdm_alerts.core.alerts.history import STATE_NAMES
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.stored_state import SubscriberCount
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.prior_state import OpenAlert, PriorState
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.evaluation.verdict_record import VerdictRecord
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Inconclusive,
    NoEmail,
    Subject,
)
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Dimension, Scope, Window
from vdm_alerts.core.model.rates import Indicator, Rate, SesRate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.planning.roster import (
    NEVER_DRILLED_DOWN,
    SenderRecord,
    SenderRoster,
    UnfinishedList,
)
from vdm_alerts.core.rules.field_types import INDICATORS
from vdm_alerts.core.rules.rule import Baseline, Rule, Threshold
from vdm_alerts.core.rules.rule_set import RuleText

SCHEMA = 5
"""The schema of the stored records. A record of a later schema is unreadable.

* 2 adds alerts that are pending, recovering or recently resolved.
* 3 adds how and how often an alert was resolved, the reported figures, attempts, and rules.
* 4 adds the indicator of each alert. It later got optional fields, which an older version ignores:
  since when and why a firing alert has its severity, the expected subscribers, whether the history
  of an alert is lost, and the rate of SES in the last notification.
* 5 has an item for each incident, with what the run item had of it, and shortens long sort keys.
  It later got the figures of a week and the evidence of history items, which an older version
  ignores, and the items of requests for a weekly summary, which it does not read.

A record of an earlier schema is readable, because it lacks only fields that have a default.
"""
READABLE = {1, 2, 3, 4, SCHEMA}
"""The schemas that this version reads."""

_ENTRIES = '"entries":['
"""The begin of the senders in the JSON text of a roster. It ends with them."""
SENDERS_PER_PART = 1_000
"""The senders of a roster that are encoded together."""
ROSTER_SCHEMA = 2
"""The schema of the stored roster. A roster of another schema is replaced by a new roster."""

STORED_NAMES: Mapping[type, Mapping[str, str]] = {
    Alert: {
        "rule": "rule",
        "scope": "scope",
        "indicator": "indicator",
        "state": "state",
        "last_notified": "told",
        "incident": "incident",
        "resolved_at": "ends",
        "history_lost": "lost",
    },
    Ok: {
        "since": "since",
        "revised": "revised",
        "closed_because": "unwatched",
        "interrupted_since": "cut",
        "threshold_share": "line",
    },
    Pending: {
        "severity": "severity",
        "since": "since",
        "healthy_since": "well",
        "threshold_share": "line",
    },
    Firing: {
        "severity": "severity",
        "since": "since",
        "recovering_since": "mending",
        "threshold_share": "line",
        "no_email": "silent",
        "severity_since": "severity_since",
        "opened_from": "opened_from",
        "healthy_since": "well",
        "baseline": "baseline",
    },
    Threshold: {"severity": "severity", "share": "share", "baseline": "baseline"},
    Baseline: {"rate": "rate", "window": "window", "factor": "factor"},
    LastNotified: {
        "severity": "severity",
        "since": "since",
        "sequence": "sequence",
        "sent_at": "at",
        "figures": "ground",
        "ses_rate": "ses",
    },
    SesRate: {"value": "value", "at": "at"},
    ReportedFigures: {"rate": "rate", "window": "window", "last_day": "last"},
    Rate: {"events": "events", "volume": "volume"},
    Window: {"days": "days"},
    Scope: {
        "identity": "identity",
        "configuration_set": "configuration_set",
        "tenant": "tenant",
        "isp": "isp",
    },
    Finding: {
        "key": "about",
        "what": "what",
        "remedy": "remedy",
        "details": "details",
        "severity": "severity",
        "blocks_monitoring": "hinders",
        "transient": "passing",
        "subjects": "who",
        "omitted": "more",
        "aws_message": "words",
        "one_shot": "needs_no_end",
        "is_confirmed": "certain",
        "source": "source",
        "effect": "effect",
    },
    SendAttempt: {"sequence": "sequence", "fingerprint": "news"},
    RuleText: {"text": "text", "source": "source"},
    SubscriberCount: {"confirmed": "confirmed", "counted_at": "at"},
    WeekFigures: {
        "since": "since",
        "runs": "runs",
        "queries": "queries",
        "longest_gap": "longest_gap",
        "unreadable_sources": "unreadable_sources",
        "unknown_scopes": "unknown_scopes",
        "other_scopes": "other_scopes",
        "summary_day": "summary_day",
    },
    VerdictRecord: {
        "verdict": "verdict",
        "rule": "rule",
        "rule_fingerprint": "rule_fingerprint",
        "as_of": "as_of",
        "events": "events",
        "volume": "volume",
        "prior": "prior",
        "series_count": "series_count",
        "ses_rates": "ses",
    },
    Healthy: {
        "subject": "subject",
        "threshold": "threshold",
        "window": "window",
        "evidence": "evidence",
        "withdrawn_rate": "withdrawn",
        "ses_rate": "ses",
    },
    Breached: {
        "subject": "subject",
        "threshold": "threshold",
        "evidence": "evidence",
        "severity_limit": "severity_limit",
        "ses_rate": "ses",
    },
    NoEmail: {"subject": "subject", "severity": "severity", "window": "window"},
    Inconclusive: {
        "subject": "subject",
        "threshold": "threshold",
        "window": "window",
        "evidence": "evidence",
        "severity_limit": "severity_limit",
    },
    Subject: {"indicator": "indicator", "scope": "scope"},
    Evidence: {
        "rate": "rate",
        "window": "window",
        "confidence": "confidence",
        "last_day": "last_day",
    },
    Rule: {
        "name": "name",
        "source": "source",
        "indicator": "indicator",
        "windows": "windows",
        "thresholds": "thresholds",
        "confidence": "confidence",
        "min_volume": "min_volume",
        "min_events": "min_events",
        "arrival_curve": "feedback",
        "baseline_factor": "baseline_factor",
        "hold": "hold",
        "clear_after": "clear_after",
        "missing_data": "missing_data",
        "representative_volume": "representative_volume",
    },
    AsOf: {"now": "now", "last_day": "last_day"},
    PriorState: {
        "healthy_since": "healthy_since",
        "open_alert": "open_alert",
        "is_pending": "is_pending",
    },
    OpenAlert: {
        "severity": "severity",
        "since": "since",
        "severity_since": "severity_since",
        "opened_from": "opened_from",
        "is_about_no_email": "no_email",
        "baseline": "baseline",
        "reported": "reported",
    },
    SesRates: {"read_at": "read_at", "history": "history"},
}
"""The stored name of each field of each record.

A stored name never changes, because existing tables contain it. The Python name may change.
"""
NOT_STORED: Mapping[type, frozenset[str]] = {
    Finding: frozenset({"fix"}),
    Rule: frozenset(
        {"scopes", "include", "exclude", "targets", "top", "overrides", "remind_after"}
    ),
}
"""Fields that are not stored.

The fix of a finding is only rendered, and never compared. A stored rule is about one scope, and is
evaluated again, but sends no reminder.
"""
_DIMENSION_NAMES: Mapping[Dimension, str] = {
    Dimension.IDENTITY: "IDENTITY",
    Dimension.CONFIGURATION_SET: "CONFIGURATION_SET",
    Dimension.TENANT: "TENANT",
    Dimension.ISP: "ISP",
}
"""The name of each dimension in the stored roster."""
_DIMENSIONS: Mapping[str, Dimension] = {
    name: dimension for dimension, name in _DIMENSION_NAMES.items()
}
_SEVERITIES: Mapping[str, Severity] = {str(severity): severity for severity in Severity}

T = TypeVar("T", Alert, Finding, SendAttempt, RuleText, SubscriberCount, WeekFigures)
M = TypeVar("M")


class UnreadableRecordError(VdmAlertsError):
    """A stored record is damaged, or has a schema that this version does not read."""


class LaterSchemaError(UnreadableRecordError):
    """A later version stored the record. This version must not overwrite it."""


def encode(
    record: Alert | Finding | SendAttempt | RuleText | SubscriberCount | WeekFigures,
) -> dict[str, Any]:
    """Return *record* and its schema as a dict of strings, integers, lists and dicts."""
    return {"schema": SCHEMA, **converter.unstructure(record)}


def decode(encoded: object, record_type: type[T]) -> T:
    """Return the record that was encoded as *encoded*.

    Raises LaterSchemaError if *encoded* is of a later schema, and UnreadableRecordError if it is
    damaged: if a value has another type than `encode` stores, or is out of its range.
    """
    if not isinstance(encoded, dict):
        message = f"record: {encoded!r:.40} is not a map"
        raise UnreadableRecordError(message)
    require_readable(encoded.get("schema"))
    fields = {name: value for name, value in encoded.items() if name != "schema"}
    try:
        return converter.structure(fields, record_type)
    except (BaseValidationError, ArithmeticError, KeyError, TypeError, ValueError) as error:
        message = f"record is not a valid {record_type.__name__}: {_reason(error)}"
        raise UnreadableRecordError(message) from error


def require_readable(schema: object) -> None:
    """Raise an error unless this version reads *schema*.

    Raises LaterSchemaError if *schema* is a later one, and UnreadableRecordError if it is none.
    """
    message = f"record has schema {schema!r:.40}, but this version reads at most {SCHEMA}"
    try:
        number = whole_number(schema)
    except (TypeError, ValueError) as error:
        raise UnreadableRecordError(message) from error
    if number > SCHEMA:
        raise LaterSchemaError(message)
    if number not in READABLE:
        raise UnreadableRecordError(message)


def _reason(error: BaseException) -> str:
    """Return the text of the first single error in *error*."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


def _member(members: Mapping[str, M]) -> Callable[[object, type], M]:
    """Return a structure hook for the values of *members*, by their stored names."""
    return lambda name, _: members[text(name)]


def _from_map(structure: Callable[..., M]) -> Callable[..., M]:
    """Return *structure*, which reads a map, as a hook that reads nothing else."""

    def structure_map(fields: object, record_type: type) -> M:
        if not isinstance(fields, dict):
            message = f"{fields!r:.40} is not a map"
            raise TypeError(message)
        return structure(fields, record_type)

    return structure_map


def _listed(items: object, tuple_type: Any) -> tuple[Any, ...]:  # noqa: ANN401 - see cattrs
    """Return the tuple that was stored as the list *items*; a string is no list."""
    if not isinstance(items, list):
        message = f"{items!r:.40} is not a list"
        raise TypeError(message)
    item_type = tuple_type.__args__[0]
    return tuple(converter.structure(item, item_type) for item in items)


def roster_json(roster: SenderRoster) -> Iterator[str]:
    """Yield the parts of *roster* as JSON text, as `encode_roster` has it.

    The whole text of very many senders would take much memory.
    """
    head = json.dumps(encode_roster(replace(roster, records={})), separators=(",", ":"))
    yield head.removesuffix("]}")
    entries = starmap(_encoded_sender, roster.records.items())
    separator = ""
    while part := list(islice(entries, SENDERS_PER_PART)):
        yield separator + json.dumps(part, separators=(",", ":"))[1:-1]
        separator = ","
    yield "]}"


def roster_from_json(document: str) -> SenderRoster:
    """Return the roster whose parts `roster_json` has yielded.

    Raises UnreadableRecordError if *document* is damaged or of another schema. Each sender is
    decoded alone, to save memory.
    """
    records: dict[Scope, SenderRecord] = {}
    with _damage_of_roster():
        head, entries, _ = document.partition(_ENTRIES)
        if not entries:
            return decode_roster(json.loads(document))
        roster = decode_roster(json.loads(f"{head}{entries}]}}"))
        decode, position = json.JSONDecoder().raw_decode, len(head) + len(entries)
        while not document.startswith("]}", position):
            entry, position = decode(document, position + (document[position] == ","))
            scope, record = _decoded_sender(entry)
            records[scope] = record
    return replace(roster, records=records)


def encode_roster(roster: SenderRoster) -> dict[str, Any]:
    """Return *roster* as a JSON document, in which each sender record is a list."""
    return {
        "schema": ROSTER_SCHEMA,
        "listed": {
            _DIMENSION_NAMES[dimension]: listed_at.isoformat()
            for dimension, listed_at in roster.listed_at.items()
        },
        "swept": _text(roster.read_at),
        "asked": roster.queries_made,
        "unclaimed": roster.unattributed,
        "today_refused": _text(roster.today_rejected_on),
        "list": _encoded_list(roster.unfinished_list),
        "notable": [_encoded_scope(scope) for scope in roster.notable],
        "entries": [_encoded_sender(scope, record) for scope, record in roster.records.items()],
    }


def _encoded_sender(scope: Scope, record: SenderRecord) -> list[Any]:
    return [
        _encoded_scope(scope),
        _text(record.read_at),
        _text(record.tried_at),
        record.volume,
        {rule: time.isoformat() for rule, time in record.drilled_down_at.items()},
        _text(record.rejected_at),
        _text(record.failing_since),
    ]


def _encoded_list(part: UnfinishedList | None) -> dict[str, Any] | None:
    return {"page": part.next_page, "tenants": part.tenants} if part else None


def _decoded_list(encoded: dict[str, Any] | None) -> UnfinishedList | None:
    if encoded is None:
        return None
    return UnfinishedList(text(encoded["page"]), tuple(map(text, encoded["tenants"])))


def _encoded_scope(scope: Scope) -> dict[str, str]:
    return {_DIMENSION_NAMES[dimension]: value for dimension, value in scope.dimensions.items()}


def decode_roster(encoded: Any) -> SenderRoster:  # noqa: ANN401 - any JSON document
    """Return the roster that was encoded as *encoded*.

    Raises UnreadableRecordError if *encoded* is damaged or of another schema.
    """
    schema = encoded.get("schema") if isinstance(encoded, dict) else None
    if schema != ROSTER_SCHEMA:
        message = f"roster has schema {schema!r}, but this version reads {ROSTER_SCHEMA}"
        raise UnreadableRecordError(message)
    with _damage_of_roster():
        rejected_on = encoded["today_refused"]
        return SenderRoster(
            records=dict(_decoded_sender(entry) for entry in encoded["entries"]),
            listed_at={
                _DIMENSIONS[name]: time(listed_at) for name, listed_at in encoded["listed"].items()
            },
            read_at=_optional_time(encoded["swept"]),
            queries_made=whole_number(encoded["asked"]),
            unattributed=whole_number(encoded["unclaimed"]),
            today_rejected_on=None if rejected_on is None else day(rejected_on),
            unfinished_list=_decoded_list(encoded.get("list")),
            notable=tuple(map(_scope, encoded.get("notable", ()))),
        )


@contextmanager
def _damage_of_roster() -> Iterator[None]:
    """Raise UnreadableRecordError in place of an error of the block."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"roster is damaged: {error!r}"
        raise UnreadableRecordError(message) from error


def _decoded_sender(entry: list[Any]) -> tuple[Scope, SenderRecord]:
    dimensions, read_at, tried_at, volume, drilled_down_at, rejected_at, failing_since = entry
    record = SenderRecord(
        read_at=_shared_time(read_at),
        tried_at=_shared_time(tried_at),
        volume=whole_number(volume),
        drilled_down_at={text(rule): time(read) for rule, read in drilled_down_at.items()}
        or NEVER_DRILLED_DOWN,
        rejected_at=_shared_time(rejected_at),
        failing_since=_shared_time(failing_since),
    )
    return _scope(dimensions), record


@lru_cache(maxsize=1_000)
def _shared_time(value: str | None) -> datetime | None:
    """Return *value* as `_optional_time` does. Very many senders share few times."""
    return _optional_time(value)


def _scope(dimensions: Mapping[str, str]) -> Scope:
    values = {_DIMENSIONS[name]: text(value) for name, value in dimensions.items()}
    return Scope(
        values.get(Dimension.IDENTITY),
        values.get(Dimension.CONFIGURATION_SET),
        values.get(Dimension.TENANT),
        values.get(Dimension.ISP),
    )


def _text(moment: date | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _optional_time(value: object) -> datetime | None:
    return None if value is None else time(value)


def _overrides(record_type: type) -> dict[str, Any]:
    """Return how cattrs names, or omits, each field of *record_type*."""
    names = STORED_NAMES[record_type]
    omitted = {field: override(omit=True) for field in NOT_STORED.get(record_type, ())}
    return {**omitted, **{field: override(rename=stored) for field, stored in names.items()}}


converter = Converter(omit_if_default=True)
"""Converts stored records. `evidence_codec` adds the types of evidence."""
converter.register_structure_hook(str, lambda value, _: text(value))
converter.register_structure_hook(bool, lambda value, _: flag(value))
converter.register_structure_hook(int, lambda value, _: whole_number(value))
converter.register_structure_hook_func(
    lambda kind: getattr(kind, "__origin__", None) is tuple, _listed
)
converter.register_unstructure_hook(datetime, datetime.isoformat)
converter.register_structure_hook(datetime, lambda value, _: time(value))
converter.register_unstructure_hook(date, date.isoformat)
converter.register_structure_hook(date, lambda value, _: day(value))
# boto3 rejects floats. The repr of a float is exact.
converter.register_unstructure_hook(float, repr)
converter.register_structure_hook(float, lambda value, _: fraction(value))
converter.register_unstructure_hook(Severity, str)
converter.register_structure_hook(Severity, _member(_SEVERITIES))
converter.register_unstructure_hook(Indicator, lambda indicator: indicator.key)
converter.register_structure_hook(Indicator, _member(INDICATORS))
converter.register_unstructure_hook_factory(
    STORED_NAMES.__contains__,
    lambda record_type, self: make_dict_unstructure_fn(
        record_type, self, _cattrs_omit_if_default=True, **_overrides(record_type)
    ),
)
converter.register_structure_hook_factory(
    STORED_NAMES.__contains__,
    lambda record_type, self: _from_map(
        make_dict_structure_fn(record_type, self, **_overrides(record_type))
    ),
)
configure_tagged_union(
    State, converter, tag_generator=lambda state: STATE_NAMES[state], tag_name="is"
)
