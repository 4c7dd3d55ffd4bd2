"""Damage of what the table holds, as an operator, another program or another version causes it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from builders import TARGET
from damage import FAR_FUTURE, TIME, Path, places, unusable_values, value_at, with_damage

from simulation.world import LaterItem, World
from vdm_alerts.adapters.aws.codec import SCHEMA
from vdm_alerts.adapters.aws.dynamodb_items import (
    RUN,
    STATE,
    WEEKLY,
    Item,
    is_weekly_request,
    partition_key,
)
from vdm_alerts.core.model.metrics import Dimension, Scope

T = TypeVar("T")

PARTITION = partition_key(STATE, TARGET)
ITEMS = ("alert", "incident", "rule", WEEKLY, RUN)
"""The kinds of items in the state partition."""
FOREIGN = "foreign alert"
"""An item of an alert that contains another alert."""
LEASE, ROSTER = "lease", "roster"
KINDS = (*ITEMS, FOREIGN, LEASE, ROSTER)
"""What can be damaged."""
UNTOUCHED = {"pk", "sk", "name"}
"""The attributes that name an item. With others, it is another item."""
NO_FINDING = {"passing", "counted_at"}
"""The times in the run item that may be in the future without being reported."""


@dataclass(frozen=True)
class Damage:
    """Damage of an item of a *kind*; the fractions say which one, where, and to which value."""

    kind: str
    item: float = 0
    place: float = 0
    value: float = 0


@dataclass(frozen=True)
class DamagedItem:
    """What was damaged."""

    kind: str
    name: str
    """The name of the item: its sort key, unless it is the lease or the roster."""
    attribute: str = ""
    """The damaged attribute."""
    rule: str = ""
    """The rule of an alert or of a rule item."""
    scope: Scope | None = None
    """The scope of an alert."""


def inflict(world: World, damage: Damage) -> DamagedItem | None:
    """Damage an intact item in *world*, and return what it was; None if there is no such item."""
    if damage.kind == LEASE:
        _damage_lease(world, damage)
        return DamagedItem(LEASE, LEASE)
    if damage.kind == ROSTER:
        # The adapter of DynamoDB finds a damaged roster by its checksum, and reads it as none.
        world.rosters.rosters.clear()
        return DamagedItem(ROSTER, ROSTER)
    kind = "alert" if damage.kind == FOREIGN else damage.kind
    items = [
        item
        for item in _items(world)
        if item["sk"].partition("#")[0] == kind
        if item is not world.damaged_items.get(item["sk"])
    ]
    if not items:
        return None
    item = _pick(items, damage.item)
    others = [other for other in items if other is not item]
    ways = _foreign(others) if damage.kind == FOREIGN else _ways(item)
    path = _pick(sorted(ways, key=str), damage.place)
    damaged = with_damage(item, path, _pick(ways[path], damage.value))
    world.table.items[PARTITION, item["sk"]] = world.damaged_items[item["sk"]] = damaged
    return _damaged_item(kind, item, str(path[0]))


def add_later_item(world: World, *, is_known_kind: bool) -> None:
    """Put an item of a later version into the state partition, in place of an alert if possible."""
    key, item = (PARTITION, "feature#new"), None
    alerts = [each for each in _items(world) if each["sk"].startswith("alert#")]
    later: Item = {"pk": PARTITION, "sk": key[1]}
    if is_known_kind and alerts:
        item = alerts[0]
        key = (PARTITION, item["sk"])
        later = {**item, "record": {"schema": SCHEMA + 1, "new": "form"}}
    world.table.items[key] = later
    world.later_item = LaterItem(key, item, _items(world))


def remove_later_item(world: World) -> None:
    """Have the later version put back what this version reads."""
    if world.later_item is None:
        return
    if world.later_item.original is None:
        del world.table.items[world.later_item.key]
    else:
        world.table.items[world.later_item.key] = world.later_item.original
    world.later_item = None


def was_later_item_kept(world: World) -> bool:
    """Say whether the partition is as it was when the item of a later version came into it.

    A weekly summary may be requested meanwhile.
    """
    if world.later_item is None:
        return True
    before, after = (
        [item for item in items if not is_weekly_request(item)]
        for items in (world.later_item.partition, _items(world))
    )
    return before == after


def _damage_lease(world: World, damage: Damage) -> None:
    """Leave a lease that nobody holds: one that never ends, or one of a usual duration."""
    duration = timedelta(days=9_999) if damage.value < 0.5 else timedelta(minutes=10)
    world.table.leases[TARGET] = (object(), world.now + duration)


def _items(world: World) -> Sequence[Item]:
    return sorted(world.table.partition(PARTITION), key=lambda item: str(item["sk"]))


def _pick(choices: Sequence[T], share: float) -> T:
    return choices[int(share * len(choices))]


def _foreign(others: Sequence[Item]) -> Mapping[Path, Sequence[object]]:
    """Return the records in place of that of an alert; *others* are the other alerts."""
    records = [other["record"] for other in others]
    return {("record",): records} if records else {("record", "rule"): ["another"]}


def _ways(item: Item) -> Mapping[Path, Sequence[object]]:
    """Return the values that are damage at each place of *item*."""
    paths = [path for path in places(item) if path[0] not in UNTOUCHED]
    ways = {path: [*unusable_values(value_at(item, path))] for path in paths}
    for path, values in ways.items():
        if _is_time(value_at(item, path)) and not NO_FINDING & {*path}:
            values.append(FAR_FUTURE)
    return {path: values for path, values in ways.items() if values}


def _is_time(value: object) -> bool:
    return isinstance(value, str) and TIME.match(value) is not None


def _damaged_item(kind: str, item: Item, attribute: str) -> DamagedItem:
    name = item.get("name") or item["sk"].partition("#")[2]
    if kind == "alert":
        rule, dimensions, *_ = json.loads(name)
        scope = Scope(*(dimensions.get(dimension.value) for dimension in Dimension))
        return DamagedItem(kind, item["sk"], attribute, rule, scope)
    return DamagedItem(kind, item["sk"], attribute, name if kind == "rule" else "")
