"""What a subscribed queue received, compared with what it receives without a fault."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from simulation.delivered import incidents_in, number_of
from simulation.repeats import content_of

Document: TypeAlias = Mapping[str, Any]
Key: TypeAlias = tuple[str, str, str]
"""The rule, the reason and the severity of a notification. The story has each only once."""

ENDS = {"RESOLVED", "CLOSED", "REVISED"}
"""Reasons of notifications that end an alert."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was received, by what a guarantee says of it."""

    expected: int
    received: int
    repeated: int
    """Repeats that a receiver can drop: they have the ID, number and content of the first."""
    updated: int
    """Notifications about alerts that fire later than the others of their incident."""
    reminders: int
    """Reminders that were due because the fault made the rates of open alerts unreadable."""
    without_history: int
    """Notifications that say that the history is unavailable."""
    lost: Sequence[Key]
    """What was not received by the first run after the fault, or not at all if due later."""
    wrongly_resolved: Sequence[Key]
    unexpected: Sequence[str]
    """Notifications that no guarantee allows: unmarked repeats, too many repeats, false alerts."""

    @property
    def keeps_guarantees(self) -> bool:
        """Whether nothing was lost, wrongly resolved or unexpected."""
        return not (self.lost or self.wrongly_resolved or self.unexpected)


def compare(
    expected: Iterable[Document],
    expected_later: Iterable[Document],
    received: Iterable[Document],
    received_later: Iterable[Document],
    repeats: int,
) -> Comparison:
    """Return the comparison of what was received with what was expected.

    What is *expected* must have been *received*: in the run with the fault, or in the first one
    after it. Each incident may have so many *repeats*.
    """
    due, later = _incidents(expected), _incidents(expected_later)
    in_time = _incidents(received)
    incidents = [*in_time, *_incidents(received_later)]
    earliest = {_key(incident): at for at, incident in (*due, *later)}
    in_time_keys = {_key(incident) for _, incident in in_time}
    keys = {_key(incident) for _, incident in incidents}
    lost = [_key(incident) for _, incident in due if _key(incident) not in in_time_keys]
    lost += [_key(incident) for _, incident in later if _key(incident) not in keys]
    wrongly_resolved = [
        _key(incident)
        for at, incident in incidents
        if incident["reason"] in ENDS and at < earliest.get(_key(incident), "9999")
    ]
    with_history = [incident for _, incident in incidents if incident["history_available"]]
    repeated, updated, unexpected = _check_repeats(with_history, repeats)
    not_due = [each for each in with_history if _key(each) not in earliest]
    reminders = [each for each in not_due if _reminds_of_unreadable_rates(each)]
    unexpected += [f"{_key(each)}: not due" for each in not_due if each not in reminders]
    return Comparison(
        expected=len(earliest),
        received=len(incidents),
        repeated=repeated,
        updated=updated,
        reminders=len(reminders),
        without_history=len(incidents) - len(with_history),
        lost=lost,
        wrongly_resolved=wrongly_resolved,
        unexpected=unexpected,
    )


def _reminds_of_unreadable_rates(incident: Document) -> bool:
    """Return whether *incident* is a reminder of alerts that stay open because no rate is known."""
    if incident["reason"] != "REPEAT":
        return False
    return all(affected["rate"] is None for affected in incident["affected"])


def _check_repeats(incidents: Iterable[Document], allowed: int) -> tuple[int, int, list[str]]:
    """Return how many of *incidents* are repeats, and updates, and what is not allowed.

    An update has the next number, and an alert that the notifications before it did not have.
    """
    latest: dict[Key, Document] = {}
    repeats: Counter[Key] = Counter()
    updated, unexpected = 0, []
    for incident in incidents:
        key = _key(incident)
        if key not in latest:
            latest[key] = incident
            continue
        before = latest[key]
        is_next = number_of(incident) == (before["id"], before["sequence"] + 1)
        if is_next and {*content_of(incident)} - {*content_of(before)}:
            latest[key] = incident
            updated += 1
            continue
        repeats[key] += 1
        if number_of(before) != number_of(incident) or content_of(before) != content_of(incident):
            unexpected.append(f"{key}: a repeat has another ID, number or content")
        elif repeats[key] > allowed:
            unexpected.append(f"{key}: {repeats[key]} repeats")
    return repeats.total(), updated, unexpected


def _incidents(documents: Iterable[Document]) -> list[tuple[str, Document]]:
    """Return each incident in *documents*, after the time of its notification."""
    return [(each["at"], incident) for each in documents for incident in incidents_in(each)]


def _key(incident: Document) -> Key:
    return incident["rule"], incident["reason"], incident["severity"]
