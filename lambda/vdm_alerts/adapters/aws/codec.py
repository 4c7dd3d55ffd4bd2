"""What is remembered, to plain values and back, for a memory that outlives this code."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from cattrs import Converter
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.strategies import configure_tagged_union

from vdm_alerts.core.alerts.alert import Alert, Firing, LastNotified, Ok, Pending, State
from vdm_alerts.core.alerts.history import STATE_NAMES
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Dimension, Scope, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.planning.roster import SenderRecord, SenderRoster
from vdm_alerts.core.rules.field_types import INDICATORS
from vdm_alerts.core.rules.rule_set import RuleText

SCHEMA = 4
"""The version of the shape below; a newer one is not read as if it were this.

2 has alerts that are pending, mending or not long over. 3 has how and how often they ended, on what
figures they were told, and attempts and rules beside them. 4 has the rate that each is about.
Whatever was written as an earlier one reads as 4: it lacks only what has a default.
"""
READABLE = {1, 2, 3, SCHEMA}

ROSTER_SCHEMA = 2
"""The version of a roster's shape. One of another version is not read, and is made anew."""

STORED_NAMES: Mapping[type, Mapping[str, str]] = {
    Alert: {
        "rule": "rule",
        "scope": "scope",
        "indicator": "indicator",
        "state": "state",
        "last_notified": "told",
        "incident": "incident",
        "resolved_at": "ends",
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
    },
    LastNotified: {
        "severity": "severity",
        "since": "since",
        "sequence": "sequence",
        "sent_at": "at",
        "figures": "ground",
    },
    ReportedFigures: {"rate": "rate", "window": "window", "last": "last"},
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
    },
    SendAttempt: {"sequence": "sequence", "fingerprint": "news"},
    RuleText: {"text": "text", "source": "source"},
}
"""The stored name of each field of each record.

A stored name never changes: tables that exist hold it. The Python name may.
"""
NOT_STORED: Mapping[type, frozenset[str]] = {Finding: frozenset({"fix"})}
"""Fields that are not stored: how to fix a finding is rendered, and never compared."""
_LISTS: Mapping[Dimension, str] = {
    Dimension.IDENTITY: "IDENTITY",
    Dimension.CONFIGURATION_SET: "CONFIGURATION_SET",
    Dimension.TENANT: "TENANT",
    Dimension.ISP: "ISP",
}
_DIMENSIONS: Mapping[str, Dimension] = {name: key for key, name in _LISTS.items()}
_SEVERITIES: Mapping[str, Severity] = {str(each): each for each in Severity}

T = TypeVar("T", Alert, Finding, SendAttempt, RuleText)


class UnreadableRecordError(VdmAlertsError):
    """A remembered record has a shape that this version does not know."""


def encode(record: Alert | Finding | SendAttempt | RuleText) -> dict[str, Any]:
    """Return *record* as a dict of strings, whole numbers and dicts, with the schema's version."""
    return {"schema": SCHEMA, **_converter.unstructure(record)}


def decode(plain: dict[str, Any], type_: type[T]) -> T:
    """Return the record that was encoded as *plain*.

    Raises UnreadableRecord where it was written by a version with another schema.
    """
    require_readable(plain.get("schema"))
    try:
        return _converter.structure({key: plain[key] for key in plain if key != "schema"}, type_)
    except (BaseValidationError, KeyError, TypeError, ValueError) as error:
        message = f"record cannot be read as {type_.__name__}: {error}"
        raise UnreadableRecordError(message) from error


def require_readable(schema: object) -> None:
    """Raise UnreadableRecord where *schema* is none that this version reads."""
    if schema not in READABLE:
        message = f"record has schema {schema!r}, this version reads {SCHEMA}"
        raise UnreadableRecordError(message)


def encode_roster(roster: SenderRoster) -> dict[str, Any]:
    """Return *roster* as a dict of strings, numbers and lists: a row for each who sends."""
    return {
        "schema": ROSTER_SCHEMA,
        "listed": {_LISTS[key]: at.isoformat() for key, at in roster.listed_at.items()},
        "swept": _text(roster.read_at),
        "asked": roster.queries_made,
        "unclaimed": roster.unattributed,
        "today_refused": _text(roster.today_rejected_on),
        "entries": [
            [
                {_LISTS[key]: name for key, name in scope.dimensions.items()},
                _text(entry.read_at),
                _text(entry.tried_at),
                entry.volume,
                {rule: at.isoformat() for rule, at in entry.drilled_down_at.items()},
                _text(entry.rejected_at),
                _text(entry.failing_since),
            ]
            for scope, entry in roster.records.items()
        ],
    }


def decode_roster(plain: dict[str, Any]) -> SenderRoster:
    """Return the roster that was encoded as *plain*. Raises UnreadableRecord."""
    if plain.get("schema") != ROSTER_SCHEMA:
        message = f"roster has schema {plain.get('schema')!r}, this version reads {ROSTER_SCHEMA}"
        raise UnreadableRecordError(message)
    try:
        return SenderRoster(
            records={
                _scope(names): SenderRecord(
                    read_at=_instant(read),
                    tried_at=_instant(tried),
                    volume=int(volume),
                    drilled_down_at={rule: _aware(at) for rule, at in drilled.items()},
                    rejected_at=_instant(refused),
                    failing_since=_instant(failing),
                )
                for names, read, tried, volume, drilled, refused, failing in plain["entries"]
            },
            listed_at={_DIMENSIONS[key]: _aware(at) for key, at in plain["listed"].items()},
            read_at=_instant(plain["swept"]),
            queries_made=int(plain["asked"]),
            unattributed=int(plain["unclaimed"]),
            today_rejected_on=date.fromisoformat(day) if (day := plain["today_refused"]) else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"roster cannot be read: {error!r}"
        raise UnreadableRecordError(message) from error


def _scope(names: Mapping[str, str]) -> Scope:
    named = {_DIMENSIONS[key]: name for key, name in names.items()}
    return Scope(
        named.get(Dimension.IDENTITY),
        named.get(Dimension.CONFIGURATION_SET),
        named.get(Dimension.TENANT),
        named.get(Dimension.ISP),
    )


def _text(at: date | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else _aware(text)


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        message = f"{text} has no offset"
        raise ValueError(message)
    return at


def _overrides(type_: type) -> dict[str, Any]:
    names = STORED_NAMES[type_]
    omitted = {field: override(omit=True) for field in NOT_STORED.get(type_, ())}
    return {**omitted, **{field: override(rename=stored) for field, stored in names.items()}}


_converter = Converter(omit_if_default=True)
_converter.register_unstructure_hook(datetime, datetime.isoformat)
_converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
_converter.register_unstructure_hook(date, date.isoformat)
_converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
# DynamoDB has no floats; their texts are exact.
_converter.register_unstructure_hook(float, repr)
_converter.register_unstructure_hook(Severity, str)
_converter.register_structure_hook(Severity, lambda name, _: _SEVERITIES[name])
_converter.register_unstructure_hook(Indicator, lambda indicator: indicator.key)
_converter.register_structure_hook(Indicator, lambda key, _: INDICATORS[key])
_converter.register_unstructure_hook_factory(
    STORED_NAMES.__contains__,
    lambda type_, converter: make_dict_unstructure_fn(
        type_, converter, _cattrs_omit_if_default=True, **_overrides(type_)
    ),
)
_converter.register_structure_hook_factory(
    STORED_NAMES.__contains__,
    lambda type_, converter: make_dict_structure_fn(type_, converter, **_overrides(type_)),
)
configure_tagged_union(
    State, _converter, tag_generator=lambda state: STATE_NAMES[state], tag_name="is"
)
