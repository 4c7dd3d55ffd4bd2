"""From the items of a state partition to the state, and to findings about damaged items.

A damaged item stops no run, and is not lost: it stays in the table until its content is saved anew.
An item of a later schema makes the whole state unreadable, so that no run overwrites it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from vdm_alerts.adapters.aws import codec
from vdm_alerts.adapters.aws.codec import LaterSchemaError, UnreadableRecordError, decode
from vdm_alerts.adapters.aws.dynamodb_items import Item, key_text
from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.alerts.damage import damaged_alert, damaged_item
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.stored_state import StoredState, SubscriberCount
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Scope
from vdm_alerts.core.rules.field_types import INDICATORS
from vdm_alerts.core.rules.rule_set import RuleText

REPAIRED_VERSION = 1_000_000
"""The version of a run item whose version is damaged.

It is higher than 50 years of hourly runs count. So no run that is still active has this version,
and no notification has a higher number.
"""
DAMAGE = (UnreadableRecordError, AttributeError, LookupError, TypeError, ValueError)
"""The errors of reading a damaged value."""
DELETE_ITEM = "Delete this item of the partition state#ACCOUNT#REGION from the DynamoDB table"
"""The remedy of an item that no save replaces."""

T = TypeVar("T")


def state_from_items(items: Sequence[Item]) -> StoredState:
    """Return the state in *items* of a state partition; an empty state if there are no items.

    Damaged items are findings in the `damage` of the state. Raises LaterSchemaError if a later
    version stored an item.
    """
    alerts: dict[AlertKey, Alert] = {}
    rules: dict[str, RuleText] = {}
    damage: list[Finding] = []
    run: Item | None = None
    for item in items:
        sort_key = item["sk"]
        kind, _, name = sort_key.partition("#")
        match kind:
            case "run":
                run = item
            case "alert":
                alert = _alert(name, item, damage)
                if alert:
                    alerts[alert.key] = alert
            case "rule":
                try:
                    rules[name] = decode(item.get("record"), RuleText)
                except LaterSchemaError:
                    raise
                except UnreadableRecordError as error:
                    effect = "While this rule is invalid, it has no last valid version"
                    damage.append(damaged_item(sort_key, str(error), effect))
            case _:
                message = f"there is an item {sort_key!r}, which this version does not know"
                raise LaterSchemaError(message)
    if run is None:
        if items:
            damage.append(damaged_item("run", "it is missing", _RUN_EFFECT))
        return StoredState(alerts, rules=rules, summary_sent=bool(items), damage=tuple(damage))
    return _state_from_run_item(run, alerts, rules, damage)


def repaired_version(run: Item) -> int | None:
    """Return the version that replaces the damaged version of the *run* item; None if it is valid.

    A missing version is valid: no save has counted it.
    """
    if "version" not in run:
        return None
    try:
        return None if codec.whole_number(run["version"]) else REPAIRED_VERSION
    except (TypeError, ValueError):
        return REPAIRED_VERSION


def _alert(name: str, item: Item, damage: list[Finding]) -> Alert | None:
    """Return the alert in *item*, which is called *name*.

    The alert of a damaged item has no history. Return None if its name is damaged too. In both
    cases, a finding is added to *damage*.
    """
    key = _alert_key(name)
    try:
        alert = decode(item.get("record"), Alert)
        if key_text(alert.key) == name:
            return alert
        why = f"it contains the alert {key_text(alert.key)}"
    except LaterSchemaError:
        raise
    except UnreadableRecordError as error:
        why = str(error)
    if key is None:
        effect = "It belongs to no alert, so it is ignored"
        damage.append(damaged_item(item["sk"], why, effect, DELETE_ITEM))
        return None
    damage.append(damaged_alert(item["sk"], why))
    return Alert(*key, history_lost=True)


def _alert_key(name: str) -> AlertKey | None:
    """Return the key whose text is *name*, or None."""
    try:
        rule, dimensions, *indicators = json.loads(name)
        names = {Dimension(dimension): value for dimension, value in dimensions.items()}
        scope = Scope(*(names.get(dimension) for dimension in Dimension))
        key = AlertKey(rule, scope, INDICATORS[indicators[0]] if indicators else None)
        return key if key_text(key) == name else None
    except DAMAGE:
        return None


_RUN_EFFECT = "What is missing starts anew; a known problem may be notified again"


@dataclass(frozen=True, slots=True)
class _RunItem:
    """The fields of a run item, and which of them are damaged."""

    item: Item
    damaged: dict[str, str] = field(default_factory=dict)
    """What is wrong with each damaged field, by its name."""

    def read(self, name: str, decode_value: Callable[[Any], T], otherwise: T) -> T:
        """Return the field *name*; *otherwise* if it is missing, null or damaged."""
        value = self.item.get(name)
        if value is None:
            if name in _REQUIRED and name not in self.item:
                self.damaged[name] = "it is missing"
            return otherwise
        try:
            return decode_value(value)
        except LaterSchemaError:
            raise
        except DAMAGE as error:
            self.damaged[name] = str(error) or type(error).__name__
            return otherwise

    def read_all(self, name: str, decode_value: Callable[[Any], T]) -> list[T]:
        """Return the items of the list *name* that are not damaged."""
        items: list[Any] = self.read(name, _items, [])
        values = [self._read_part(name, item, decode_value) for item in items]
        return [value for value in values if value is not None]

    def read_map(self, name: str, decode_value: Callable[[Any], T]) -> dict[str, T]:
        """Return the entries of the map *name* that are not damaged."""
        entries: dict[str, Any] = self.read(name, _entries, {})
        values = {key: self._read_part(name, item, decode_value) for key, item in entries.items()}
        return {key: value for key, value in values.items() if value is not None}

    def _read_part(self, name: str, part: object, decode_value: Callable[[Any], T]) -> T | None:
        try:
            return decode_value(part)
        except LaterSchemaError:
            raise
        except DAMAGE as error:
            self.damaged[name] = str(error) or type(error).__name__
            return None


_REQUIRED = {"findings", "trouble_sequence", "last_run"}
"""The fields that every version stores."""


def _items(value: object) -> list[Any]:
    if not isinstance(value, list):
        message = f"{value!r:.40} is not a list"
        raise TypeError(message)
    return value


def _entries(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = f"{value!r:.40} is not a map"
        raise TypeError(message)
    return value


def _state_from_run_item(
    item: Item,
    alerts: Mapping[AlertKey, Alert],
    rules: Mapping[str, RuleText],
    damage: Sequence[Finding],
) -> StoredState:
    """Return the state in the run *item*, with the content of the other items.

    A damaged field has the value that loses no notification and resolves no alert.
    """
    run = _RunItem(item)
    # The run item has a schema since schema 3. Earlier items lack only what schema 3 added.
    run.read("schema", codec.require_readable, None)
    version = repaired_version(item) or run.read("version", codec.whole_number, 0)
    if repaired_version(item):
        run.damaged["version"] = f"it is {item['version']!r:.40}"
    last_run = run.read("last_run", codec.time, None)
    days = run.read_all("days_without_vdm", codec.day)
    if "days_without_vdm" in run.damaged and last_run:
        # Without these days, missing emails would count as none.
        days = [last_run.date() - timedelta(days=age) for age in range(LONGEST_WINDOW.days)]
    state = StoredState(
        alerts=alerts,
        findings=tuple(run.read_all("findings", lambda record: decode(record, Finding))),
        # Each notification has a save of its own, so none has a number above the version.
        service_sequence=run.read("trouble_sequence", codec.whole_number, version),
        days_without_vdm=frozenset(days),
        last_run=last_run,
        sequences=run.read_map("numbers", codec.whole_number),
        attempts=run.read_map("attempts", lambda record: decode(record, SendAttempt)),
        rules=rules,
        transient_since=run.read_map("passing", codec.time),
        # Earlier versions sent no first summary. Their users know what is monitored.
        summary_sent=run.read("introduced", codec.flag, otherwise=True),
        subscribers=run.read("subscribers", codec.whole_number, None),
        expected_subscribers=run.read(
            "expected_subscribers", lambda record: decode(record, SubscriberCount), None
        ),
        version=version,
    )
    if run.damaged:
        why = "; ".join(f"{name}: {what}" for name, what in sorted(run.damaged.items()))
        damage = [*damage, damaged_item("run", why, _RUN_EFFECT)]
    return replace(state, damage=tuple(damage))
