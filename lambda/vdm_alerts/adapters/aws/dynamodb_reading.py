"""From the items of a state partition to the state, and to findings about damaged items.

A damaged item stops no run, and is not lost: it stays in the table until its content is saved anew.
An item of a later schema makes the whole state unreadable, so that no run overwrites it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from vdm_alerts.adapters.aws import stored_values
from vdm_alerts.adapters.aws.codec import (
    LaterSchemaError,
    UnreadableRecordError,
    decode,
    encode,
    require_readable,
)
from vdm_alerts.adapters.aws.dynamodb_items import (
    MAX_NAME_SIZE,
    RUN,
    STATE,
    Item,
    has_changed,
    incident_items,
    is_weekly_request,
    key_text,
    partition_key,
    with_checksum,
)
from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.alerts.damage import damaged_alert, damaged_item
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.stored_state import StoredState, SubscriberCount
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Dimension, Scope
from vdm_alerts.core.model.target import Target
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

CHANGED = "its checksum differs"
"""The damage of an item whose values are valid, but not those that were stored."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Contents:
    """The contents of the items of a state partition, except the run item."""

    alerts: dict[AlertKey, Alert] = field(default_factory=dict)
    rules: dict[str, RuleText] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    attempts: dict[str, SendAttempt] = field(default_factory=dict)
    unreadable_incidents: list[str] = field(default_factory=list)
    """The incidents whose last number is unknown."""
    weekly_requests: list[date] = field(default_factory=list)
    damage: list[Finding] = field(default_factory=list)

    def read(self, item: Item) -> None:
        """Add the contents of *item*, or a finding. Raises LaterSchemaError."""
        kind, _, cut_name = item["sk"].partition("#")
        name = _whole_name(item, cut_name)
        match kind:
            case "alert":
                self._read_alert(name, item)
            case "incident":
                self._read_incident(name, item)
            case "rule":
                self._read_rule(name, item)
            case "weekly":
                self._read_weekly_request(name, item)
            case _:
                message = f"the item {item['sk']!r} is of a kind that this version does not know"
                raise LaterSchemaError(message)

    def _read_weekly_request(self, name: str, item: Item) -> None:
        """Add the request for a weekly summary in *item*, of which only the name matters."""
        try:
            day = stored_values.day(name)
        except ValueError:
            effect = "it requests no weekly summary, so it is ignored"
            damage = damaged_item(item["sk"], "it has no day", effect, DELETE_ITEM)
            self.damage.append(damage)
            return
        self.weekly_requests.append(day)
        try:
            require_readable(item.get("schema"))
            _require_unchanged(item)
        except LaterSchemaError:
            raise
        except UnreadableRecordError as error:
            effect = "the weekly summary is sent nevertheless"
            self.damage.append(damaged_item(item["sk"], str(error), effect))

    def _read_alert(self, name: str, item: Item) -> None:
        """Add the alert in *item*. The alert of a damaged item has no history."""
        try:
            alert = decode(item.get("record"), Alert)
        except LaterSchemaError:
            raise
        except UnreadableRecordError as error:
            why = str(error)
        else:
            text = key_text(alert.key)
            if bounded(text, MAX_NAME_SIZE) != bounded(name, MAX_NAME_SIZE):
                why = f"it contains the alert {text}"
            elif has_changed(item):
                why = CHANGED
            else:
                self.alerts[alert.key] = alert
                return
        key = _alert_key(name)
        if key is None:
            effect = "it belongs to no alert, so it is ignored"
            self.damage.append(damaged_item(item["sk"], why, effect, DELETE_ITEM))
        else:
            self.damage.append(damaged_alert(item["sk"], why))
            self.alerts[key] = Alert(*key, history_lost=True)

    def _read_incident(self, name: str, item: Item) -> None:
        """Add the last number and the attempt of the incident in *item*."""
        try:
            require_readable(item.get("schema"))
            _require_unchanged(item)
            if "sequence" in item:
                self.sequences[name] = stored_values.whole_number(item["sequence"])
            if "attempt" in item:
                self.attempts[name] = decode(item["attempt"], SendAttempt)
        except LaterSchemaError:
            raise
        except DAMAGE as error:
            effect = "the numbers of its notifications continue after a gap"
            self.damage.append(damaged_item(item["sk"], str(error), effect))
            self.unreadable_incidents.append(name)

    def _read_rule(self, name: str, item: Item) -> None:
        """Add the last valid version of a rule in *item*."""
        try:
            rule_text = decode(item.get("record"), RuleText)
            _require_unchanged(item)
            self.rules[name] = rule_text
        except LaterSchemaError:
            raise
        except UnreadableRecordError as error:
            effect = "this rule has no last valid version while it is invalid"
            self.damage.append(damaged_item(item["sk"], str(error), effect))


def state_from_items(items: Sequence[Item]) -> StoredState:
    """Return the state in *items* of a state partition; an empty state if there are no items.

    Damaged items are findings in the `damage` of the state. Raises LaterSchemaError if a later
    version stored an item.
    """
    contents = _Contents()
    run: Item | None = None
    for item in items:
        if item["sk"] == RUN:
            run = item
        else:
            contents.read(item)
    # A weekly summary can be requested before the first run.
    has_history = not all(map(is_weekly_request, items))
    if run is None and has_history:
        contents.damage.append(damaged_item(RUN, "it is missing", _RUN_EFFECT))
    if run is None:
        return StoredState(
            contents.alerts,
            sequences=contents.sequences,
            attempts=contents.attempts,
            rules=contents.rules,
            summary_sent=has_history,
            weekly_requests=frozenset(contents.weekly_requests),
            damage=tuple(contents.damage),
        )
    return _state_from_run_item(run, contents)


def unreadable_history(table: str, target: Target, error: LaterSchemaError) -> Finding:
    """Return the finding that *table* has an item of *target* that a later version stored."""
    return Finding(
        key="memory",
        what=f"The stored alert history is unreadable: {error!r}"[:500],
        effect="every run reports the current state again",
        remedy="Deploy the version of VDM Alerts that stored it. To start without history, delete "
        f'the items of partition "{partition_key(STATE, target)}" from DynamoDB table {table}',
    )


def items_of_incidents(run: Item) -> Sequence[Item]:
    """Return an item for each incident in the *run* item, where an earlier schema stored them."""
    old = _RunItem(run, has_changed(run))
    numbers = old.read_map("numbers", stored_values.whole_number)
    attempts = old.read_map("attempts", lambda record: decode(record, SendAttempt))
    state = StoredState(sequences=numbers, attempts=attempts)
    return [*incident_items(run["pk"], state).values()]


def repaired_version(run: Item) -> int | None:
    """Return the version that replaces the damaged version of the *run* item; None if it is valid.

    A missing version is valid: no save has counted it.
    """
    if "version" not in run:
        return None
    try:
        return None if stored_values.whole_number(run["version"]) else REPAIRED_VERSION
    except (TypeError, ValueError):
        return REPAIRED_VERSION


def repaired_run_item(run: Item, state: StoredState) -> Item | None:
    """Return *run* with a version that a save can require; None if its version is valid.

    *state* was read from it. Its finding about the damage is stored immediately, because a run that
    dies before its first save would lose it.
    """
    version = repaired_version(run)
    if version is None:
        return None
    damage = [finding for finding in state.damage if finding.key == damaged_item(RUN, "", "").key]
    item = {**run, "version": version, "damage": [encode(finding) for finding in damage]}
    # Otherwise, a field that has changed would count as valid at the next run.
    return item if has_changed(run) else with_checksum(item)


def _require_unchanged(item: Item) -> None:
    """Raise UnreadableRecordError if *item* is not as it was stored."""
    if has_changed(item):
        raise UnreadableRecordError(CHANGED)


def _whole_name(item: Item, cut_name: str) -> str:
    """Return the name of *item*, which its sort key may contain as *cut_name* only."""
    name = item.get("name")
    if isinstance(name, str) and bounded(name, MAX_NAME_SIZE) == cut_name:
        return name
    return cut_name


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


_RUN_EFFECT = "what is missing starts again, so you might be notified of a known problem again"


@dataclass(frozen=True, slots=True)
class _RunItem:
    """The fields of a run item, and which of them are damaged."""

    item: Item
    is_changed: bool
    """Whether its checksum differs."""
    damaged: dict[str, str] = field(default_factory=dict)
    """What is wrong with each damaged field, by its name."""

    def read(self, name: str, decode_value: Callable[[Any], T], otherwise: T) -> T:
        """Return the field *name*; *otherwise* if it is missing, null or damaged."""
        if self.is_changed and name not in _USED_WHEN_CHANGED:
            return otherwise
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


_USED_WHEN_CHANGED = {"schema", "version", "last_run", "days_without_vdm"}
"""The fields that are read although the checksum differs. Any other may be the damaged one."""
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


def _state_from_run_item(item: Item, contents: _Contents) -> StoredState:
    """Return the state in the run *item*, with the *contents* of the other items.

    A damaged field has the value that loses no notification and resolves no alert.
    """
    run = _RunItem(item, has_changed(item))
    # The run item has a schema since schema 3. Earlier items lack only what schema 3 added.
    run.read("schema", require_readable, None)
    repaired = repaired_version(item)
    version = repaired or run.read("version", stored_values.whole_number, 0)
    if repaired:
        run.damaged["version"] = f"it is {item['version']!r:.40}"
    last_run = run.read("last_run", stored_values.time, None)
    days = run.read_all("days_without_vdm", stored_values.day)
    if run.is_changed:
        run.damaged["checksum"] = CHANGED
    if last_run and ("days_without_vdm" in run.damaged or run.is_changed):
        # Without these days, missing emails would count as none.
        days += [last_run.date() - timedelta(days=age) for age in range(LONGEST_WINDOW.days)]
    state = StoredState(
        alerts=contents.alerts,
        # An earlier version stored findings of any size.
        findings=tuple(run.read_all("findings", lambda record: decode(record, Finding).bounded())),
        # Each notification has a save of its own, so none has a number above the version.
        service_sequence=run.read("trouble_sequence", stored_values.whole_number, version),
        days_without_vdm=frozenset(days),
        last_run=None if run.is_changed else last_run,
        sequences={
            **contents.sequences,
            **run.read_map("numbers", stored_values.whole_number),
            **dict.fromkeys(contents.unreadable_incidents, version),
        },
        attempts=contents.attempts
        | run.read_map("attempts", lambda record: decode(record, SendAttempt)),
        rules=contents.rules,
        transient_since=run.read_map("passing", stored_values.time),
        # Earlier versions sent no first summary. Their users know what is monitored.
        summary_sent=run.read("introduced", stored_values.flag, otherwise=True),
        subscribers=run.read("subscribers", stored_values.whole_number, None),
        expected_subscribers=run.read(
            "expected_subscribers", lambda record: decode(record, SubscriberCount), None
        ),
        sent_last_day=run.read("sent_last_day", stored_values.whole_number, None),
        weekly_requests=frozenset(contents.weekly_requests),
        week=run.read("week", lambda record: decode(record, WeekFigures), WeekFigures()),
        version=version,
    )
    unnotified = run.read_all("damage", lambda record: decode(record, Finding))
    if run.damaged:
        why = "; ".join(f"{name}: {what}" for name, what in sorted(run.damaged.items()))
        contents.damage.append(damaged_item(RUN, why, _RUN_EFFECT))
    return replace(state, damage=tuple(dict.fromkeys([*unnotified, *contents.damage])))
