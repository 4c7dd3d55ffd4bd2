"""What a delivered message says, read as a machine would read it."""

from collections.abc import Mapping
from typing import Any

from vdm_alerts.core.model.metrics import Dimension, Scope


def incidents_in(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return every incident that the message with *document* tells of."""
    if "affected" in document:
        return [document]
    return list(document.get("incidents", ()))


def number_of(incident: Mapping[str, Any]) -> tuple[str, int]:
    """Return the id and the number of a message about *incident*."""
    return incident["id"], incident["sequence"]


def scope_of(one: Mapping[str, Any]) -> Scope:
    """Return the scope of an entry in the list of who is affected."""
    return Scope(**{key.name.lower(): one["scope"].get(key.value) for key in Dimension})
