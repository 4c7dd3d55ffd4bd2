"""Parts of a delivered message's JSON payload, for the oracle."""

from collections.abc import Mapping
from typing import Any

from vdm_alerts.core.model.metrics import Dimension, Scope


def incidents_in(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return every incident in the message with *document*."""
    if "affected" in document:
        return [document]
    return list(document.get("incidents", ()))


def number_of(incident: Mapping[str, Any]) -> tuple[str, int]:
    """Return the id and the sequence number of a notification about *incident*."""
    return incident["id"], incident["sequence"]


def scope_of(affected: Mapping[str, Any]) -> Scope:
    """Return the scope of an entry in the list of affected scopes."""
    return Scope(**{key.name.lower(): affected["scope"].get(key.value) for key in Dimension})
