"""Until when a run may read."""

from datetime import timedelta
from typing import Protocol


class Deadline(Protocol):
    """When reading has to stop, by a clock that the caller chooses."""

    def left(self) -> timedelta:
        """Return how much time is left; zero or less once the deadline has passed."""


class NoDeadline:
    """A deadline that never comes."""

    def left(self) -> timedelta:
        """Return the longest time there is."""
        return timedelta.max
