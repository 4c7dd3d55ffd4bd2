"""The quota of BatchGetMetricData, in a sliding window of one second."""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

CALLS_PER_SECOND = 16
QUERIES_PER_SECOND = 160
"""The limits of SES for an account in a Region.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricData.html
"""


class Quota:
    """A rate limiter that counts calls, admitted queries and throttled calls.

    A throttled call does not use up the quota.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the time in seconds from *clock*."""
        self.calls = self.queries = self.throttled = 0
        self._clock = clock
        self._lock = Lock()
        self._admitted: deque[tuple[float, int]] = deque()

    def admit(self, queries: int) -> bool:
        """Count a call with *queries* queries; return whether it is admitted."""
        with self._lock:
            now = self._clock()
            while self._admitted and self._admitted[0][0] <= now - 1:
                self._admitted.popleft()
            self.calls += 1
            used = sum(count for _, count in self._admitted)
            if len(self._admitted) >= CALLS_PER_SECOND or used + queries > QUERIES_PER_SECOND:
                self.throttled += 1
                return False
            self.queries += queries
            self._admitted.append((now, queries))
            return True
