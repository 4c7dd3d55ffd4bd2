"""The published JSON Schema of the payload, and the check of a payload against it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "docs" / "notification.schema.json").read_text()
)
KINDS: dict[str, dict[str, Any]] = {
    kind: branch for branch in SCHEMA["oneOf"] for kind in branch["properties"]["kind"]["enum"]
}
"""What the schema says in addition about each kind of notification."""


def closed(schema: Any) -> Any:
    """Return *schema* without room for unknown fields in the objects whose fields it lists."""
    match schema:
        case dict():
            copy = {key: closed(value) for key, value in schema.items()}
            lists_fields = schema.get("type") == "object" and "properties" in schema
            return copy | {"additionalProperties": False} if lists_fields else copy
        case list():
            return [closed(item) for item in schema]
        case _:
            return schema


def _validator(branch: dict[str, Any]) -> Draft202012Validator:
    """Return the validator of one kind of notification. It rejects fields that no schema lists."""
    fields = SCHEMA["properties"] | branch["properties"]
    required = [*SCHEMA["required"], *branch["required"]]
    schema = {key: value for key, value in SCHEMA.items() if key != "oneOf"}
    return Draft202012Validator(closed(schema | {"properties": fields, "required": required}))


_VALIDATORS = {kind: _validator(branch) for kind, branch in KINDS.items()}
_PUBLISHED = Draft202012Validator(SCHEMA)


def violations(payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield where *payload* is invalid for its kind, or has a field that is not in the schema."""
    for error in _VALIDATORS[payload["kind"]].iter_errors(payload):
        yield f"{error.json_path} of kind {payload['kind']}: {error.message:.300}"


def is_valid(payload: Mapping[str, Any]) -> bool:
    """Return whether *payload* is valid by the schema as published."""
    return _PUBLISHED.is_valid(payload)
