"""How fast SES is asked: as fast as its quotas allow, and all callers together."""

import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

CALLS_A_SECOND = 16
"""Calls of BatchGetMetricData that an account may make in a Region, at ten queries each.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricData.html
"""
SHARE = 0.97
"""How much of that is taken unless said otherwise: others in the account are in the same quota."""
LISTS_A_SECOND = 1
"""Calls of nearly every other action.

Source: https://docs.aws.amazon.com/ses/latest/dg/quotas.html ("all actions ... are throttled at
one request per second").
"""
SLOWEST = 32
"""How many times the spacing grows at the most."""

_TOO_MANY = 429


class Pace:
    """Spaces calls evenly, whichever thread makes them, and slows all of them when SES refuses.

    Evenly, because SES counts by the second: a burst would leave the rest of one unused.
    """

    def __init__(
        self,
        rate: float = CALLS_A_SECOND * SHARE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Let *rate* calls a second go out; tell the time by *clock*, and pass it by *sleep*."""
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._next = clock()
        self._slowness = 1.0

    def wait(self) -> None:
        """Return when the next call may go out."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._slowness / self._rate
        self._sleep(turn - now)

    def refused(self) -> None:
        """Learn that SES has refused a call as one too many."""
        with self._lock:
            self._slowness = min(self._slowness * 2, SLOWEST)

    def answered(self) -> None:
        """Learn that SES has taken a call."""
        with self._lock:
            self._slowness = max(self._slowness * 0.9, 1)

    def govern(self, client: "SESV2Client", operation: str) -> None:
        """Have every request of *client* for *operation* wait its turn, the repeated ones too.

        boto3 repeats what was refused or failed; this only sets the time of it.
        """
        client.meta.events.register(f"before-send.sesv2.{operation}", lambda **_: self.wait())
        client.meta.events.register(f"needs-retry.sesv2.{operation}", self._learn)

    def _learn(self, response: Any = None, **_: object) -> None:  # noqa: ANN401 - botocore's own
        if response is None:  # The network failed, which says nothing of quotas.
            return
        if response[0].status_code == _TOO_MANY:
            self.refused()
        else:
            self.answered()
