"""Parts of a delivered message's JSON payload, for the oracle."""

import re
from collections.abc import Mapping
from typing import Any

from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.notifications.service_notification import OMITTED

_OMITTED_NUMBER = re.compile(r"and ([\d,]+) more")


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


def lists_all_alerts(document: Mapping[str, Any]) -> bool:
    """Say whether the message with *document* lists all its incidents and scopes."""
    return lists_all_incidents(document) and all(map(lists_all_scopes, incidents_in(document)))


def lists_all_incidents(document: Mapping[str, Any]) -> bool:
    """Say whether the message with *document* lists all its incidents."""
    return bool(document.get("incidents_total", 0) == len(document.get("incidents", ())))


def counted_problems(document: Mapping[str, Any]) -> int:
    """Return how many open problems the service message with *document* counts, but not lists."""
    listed = [finding for finding in document["findings"] if finding["key"] != OMITTED]
    return int(document["findings_total"]) - len(listed)


def cut_problems(document: Mapping[str, Any]) -> int:
    """Return how many of `counted_problems` the notification has, but not its payload.

    The others are those that the finding `OMITTED` counts. All may be cut if that one is.
    """
    omitted = [each["headline"] for each in document["findings"] if each["key"] == OMITTED]
    numbers = [int(_OMITTED_NUMBER.findall(headline)[-1].replace(",", "")) for headline in omitted]
    return counted_problems(document) - sum(numbers)


def lists_all_fixed(document: Mapping[str, Any]) -> bool:
    """Say whether the service message with *document* lists all problems that are fixed."""
    return bool(document["fixed_total"] == len(document["fixed"]))


def lists_all_scopes(incident: Mapping[str, Any]) -> bool:
    """Say whether *incident* lists all its scopes."""
    return bool(incident["affected_total"] == len(incident["affected"]))


def number_of(incident: Mapping[str, Any]) -> tuple[str, int]:
    """Return the id and the sequence number of a notification about *incident*."""
    return incident["id"], incident["sequence"]


def scope_of(affected: Mapping[str, Any]) -> Scope:
    """Return the scope of an entry in the list of affected scopes."""
    return Scope(**{key.name.lower(): affected["scope"].get(key.value) for key in Dimension})
