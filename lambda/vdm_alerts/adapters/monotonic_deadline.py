"""A deadline on the clock of the process."""

import time
from datetime import timedelta


class MonotonicDeadline:
    """A deadline on the monotonic clock, which adjustments of the system time do not move."""

    def __init__(self, duration: timedelta) -> None:
        """Set the deadline to *duration* from now."""
        self._end = time.monotonic() + duration.total_seconds()

    def remaining(self) -> timedelta:
        """Return the time until the deadline; zero or negative after it."""
        return timedelta(seconds=self._end - time.monotonic())
