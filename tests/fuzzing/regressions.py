"""Inputs that once failed, as JSON files. The test run repeats each of them."""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from fuzzing.target import Input

FOLDER = Path(__file__).parent / "regressions"
"""A folder for each target that ever failed."""


def store(target: str, input_: Input) -> Path:
    """Write *input_* of the target named *target* to `FOLDER`, and return its path."""
    text = dumped(input_)
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    path = FOLDER / target.replace(" ", "-") / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
    return path


def stored_inputs(target: str) -> Mapping[str, Input]:
    """Return every stored input of the target named *target*, by the name of its file."""
    paths = sorted((FOLDER / target.replace(" ", "-")).glob("*.json"))
    with _deep_values():
        return {path.name: json.loads(path.read_text(), object_hook=_from_object) for path in paths}


def dumped(input_: Input) -> str:
    """Return *input_* as JSON, with objects for the types of DynamoDB that JSON lacks."""
    with _deep_values():
        return json.dumps(input_, default=_to_object)


@contextmanager
def _deep_values() -> Iterator[None]:
    """Let the block read and write lists that are nested deeper than Python usually allows."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20 * limit)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _to_object(value: Any) -> dict[str, Any]:
    match value:
        case Decimal():
            return {"$number": str(value)}
        case bytes():
            return {"$binary": value.decode("latin-1")}
        case set():
            return {"$set": sorted(value, key=str)}
        case _:
            raise TypeError(value)


def _from_object(value: dict[str, Any]) -> Any:
    match value:
        case {"$number": str() as number}:
            return Decimal(number)
        case {"$binary": str() as text}:
            return text.encode("latin-1")
        case {"$set": list() as items}:
            return set(items)
        case _:
            return value
