"""The time by which a run must stop reading."""

from datetime import timedelta
from typing import Protocol


class Deadline(Protocol):
    """A time by which reading must stop. The caller chooses the clock."""

    def remaining(self) -> timedelta:
        """Return the remaining time: zero or negative after the deadline."""


class NoDeadline:
    """A deadline that never passes."""

    def remaining(self) -> timedelta:
        """Return the longest possible duration."""
        return timedelta.max


def elapsed(deadline: Deadline, remaining_before: timedelta) -> timedelta | None:
    """Return the time since *deadline* had *remaining_before*; None if it never passes."""
    if remaining_before == timedelta.max:
        return None
    return remaining_before - deadline.remaining()
