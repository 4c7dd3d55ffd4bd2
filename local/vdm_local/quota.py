"""What SES allows of BatchGetMetricData in a second, counted as a window that slides."""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

CALLS_A_SECOND = 16
QUERIES_A_SECOND = 160
"""Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricData.html"""


class Quota:
    """Counts what was asked and what was refused of it; what is refused uses nothing up."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Tell the time, in seconds, by *clock*."""
        self.calls = self.queries = self.refused = 0
        self._clock = clock
        self._lock = Lock()
        self._recent: deque[tuple[float, int]] = deque()

    def admits(self, queries: int) -> bool:
        """Say whether a call of so many *queries* is one that SES would still take."""
        with self._lock:
            now = self._clock()
            while self._recent and self._recent[0][0] <= now - 1:
                self._recent.popleft()
            self.calls += 1
            asked = sum(each for _, each in self._recent)
            if len(self._recent) >= CALLS_A_SECOND or asked + queries > QUERIES_A_SECOND:
                self.refused += 1
                return False
            self.queries += queries
            self._recent.append((now, queries))
            return True
