"""Parts of a delivered message's JSON payload, for the oracle."""

from collections.abc import Mapping
from typing import Any

from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.notifications.service_notification import OMITTED


def incidents_in(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return every incident in the message with *document*."""
    if "affected" in document:
        return [document]
    return list(document.get("incidents", ()))


def has_history(part: Mapping[str, Any]) -> bool:
    """Say whether a message or an incident in it had the alert history, apart from damaged items.

    Later messages follow it up then. A message without the history has an id of its own.
    """
    return "-unremembered-" not in part["id"]


def is_whole(document: Mapping[str, Any]) -> bool:
    """Say whether the message with *document* lists all its incidents, scopes and problems."""
    lists_all_incidents = document.get("incidents_total", 0) == len(document.get("incidents", ()))
    return (
        lists_all_incidents
        and all(map(lists_all_scopes, incidents_in(document)))
        and not any(finding["key"] == OMITTED for finding in document.get("findings", ()))
    )


def lists_all_scopes(incident: Mapping[str, Any]) -> bool:
    """Say whether *incident* lists all its scopes."""
    return bool(incident["affected_total"] == len(incident["affected"]))


def number_of(incident: Mapping[str, Any]) -> tuple[str, int]:
    """Return the id and the sequence number of a notification about *incident*."""
    return incident["id"], incident["sequence"]


def scope_of(affected: Mapping[str, Any]) -> Scope:
    """Return the scope of an entry in the list of affected scopes."""
    return Scope(**{key.name.lower(): affected["scope"].get(key.value) for key in Dimension})
