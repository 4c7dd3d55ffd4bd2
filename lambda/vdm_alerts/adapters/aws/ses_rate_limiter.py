"""A rate limiter that keeps requests to SES within its quotas."""

from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from vdm_alerts.adapters.aws.errors import is_throttling

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

CALLS_PER_SECOND = 16
"""BatchGetMetricData calls per second that SES allows for an account in a Region.

A call holds at most 10 queries.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_BatchGetMetricData.html
"""
QUOTA_SHARE = 0.97
"""Default fraction of the quota to use. Other clients in the account share the quota."""
LISTS_PER_SECOND = 1
"""Calls per second that SES allows for nearly every other action.

Source: https://docs.aws.amazon.com/ses/latest/dg/quotas.html ("all actions ... are throttled at
one request per second").
"""
MAX_SLOWDOWN = 32
"""Maximum factor by which throttling increases the interval between calls."""


class Clock(Protocol):
    """A monotonic clock, and a way to wait by it. The module `time` is one."""

    def monotonic(self) -> float:
        """Return the time in seconds since any fixed point."""

    def sleep(self, seconds: float, /) -> None:
        """Return *seconds* later."""


class RateLimiter:
    """A rate limiter that spaces calls evenly, across all threads.

    When SES throttles a call, all later calls slow down. The spacing is even because SES counts
    calls per second: after a burst, the rest of that second would be unused.
    """

    def __init__(self, clock: Clock, rate: float = CALLS_PER_SECOND * QUOTA_SHARE) -> None:
        """Allow *rate* calls per second of *clock*."""
        self._rate = rate
        self._clock = clock
        self._lock = Lock()
        self._next_turn = clock.monotonic()
        self._slowdown = 1.0
        self.throttled_calls = 0
        """The calls that SES has throttled so far."""

    def wait(self) -> None:
        """Wait until the next call is allowed."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next_turn)
            self._next_turn = turn + self._slowdown / self._rate
        self._clock.sleep(turn - now)

    def throttled(self) -> None:
        """Slow down, because SES throttled a call, and count the call."""
        with self._lock:
            self.throttled_calls += 1
            self._slowdown = min(self._slowdown * 2, MAX_SLOWDOWN)

    def accepted(self) -> None:
        """Speed up again, because SES accepted a call."""
        with self._lock:
            self._slowdown = max(self._slowdown * 0.9, 1)

    def attach(self, client: "SESV2Client", operation: str) -> None:
        """Limit the rate of every request of *client* for *operation*, including retries.

        boto3 decides which requests to retry. The rate limiter only delays a request.
        """
        client.meta.events.register(f"before-send.sesv2.{operation}", lambda **_: self.wait())
        client.meta.events.register(f"needs-retry.sesv2.{operation}", self._on_response)

    def _on_response(self, response: Any = None, **_: object) -> None:  # noqa: ANN401 - botocore does not export its type
        if response is None:  # The connection failed, which says nothing about the quota.
            return
        http_response, parsed = response
        code = parsed.get("Error", {}).get("Code", "")
        if http_response.status_code == HTTPStatus.TOO_MANY_REQUESTS or is_throttling(code):
            self.throttled()
        else:
            self.accepted()
