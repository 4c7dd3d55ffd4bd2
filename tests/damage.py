"""Damage of stored items: values that no item has, at any place of an item."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, TypeAlias

from vdm_alerts.adapters.aws.dynamodb_items import Item

Path: TypeAlias = tuple[Any, ...]
"""The names that lead to a value in an item."""

FAR_FUTURE = "2031-03-12T09:00:00+00:00"
"""A time that no run has had yet."""
_NO_TIMES = ("2026-03-12", "2026-03-12T09:00:00", "x" * 50, 7)
_UNUSABLE: Mapping[type, Sequence[object]] = {
    bool: (7, "x", []),
    int: ("7", -1, True, []),
    str: (7, [], {}),
    dict: ([], "x", 7),
    list: ({}, "x", 7),
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT")


def places(value: object, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value in *value*."""
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else ()
    for name, part in parts:
        yield from places(part, (*path, name))


def value_at(item: Item, path: Path) -> Any:
    """Return the value at *path* of *item*."""
    value: Any = item
    for name in path:
        value = value[name]
    return value


def with_damage(item: Item, path: Path, value: object) -> Item:
    """Return *item* with *value* at *path*."""
    damaged = deepcopy(item)
    value_at(damaged, path[:-1])[path[-1]] = value
    return damaged


def unusable_values(value: object) -> Sequence[object]:
    """Return values that cannot be stored in place of *value*: of another type, or out of range.

    There is none for None, in place of which many values can be stored.
    """
    is_time = isinstance(value, str) and TIME.match(value)
    return _NO_TIMES if is_time else _UNUSABLE.get(type(value), ())
