"""The rate limiter, with a clock that advances only when it sleeps."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from vdm_alerts.adapters.aws.ses_rate_limiter import (
    CALLS_PER_SECOND,
    MAX_SLOWDOWN,
    QUOTA_SHARE,
    RateLimiter,
)

SPACING = 1 / (CALLS_PER_SECOND * QUOTA_SHARE)


@dataclass
class Clock:
    """A clock that advances only when it sleeps."""

    now: float = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> RateLimiter:
    return RateLimiter(clock)


def call_times(limiter: RateLimiter, clock: Clock, calls: int) -> list[float]:
    """Return the time at which each of so many consecutive calls is allowed."""
    allowed = []
    for _ in range(calls):
        limiter.wait()
        allowed.append(clock.now)
    return allowed


def test_first_call_does_not_wait(limiter: RateLimiter, clock: Clock) -> None:
    assert call_times(limiter, clock, 1) == [1_000.0]


def test_calls_in_any_second_stay_within_the_quota(limiter: RateLimiter, clock: Clock) -> None:
    allowed = call_times(limiter, clock, 200)
    for start in allowed:
        assert sum(start <= time < start + 1 for time in allowed) <= CALLS_PER_SECOND
    assert allowed[-1] - allowed[0] == pytest.approx(199 * SPACING), "and the quota is used"


def test_calls_stay_evenly_spaced_after_idle_time(limiter: RateLimiter, clock: Clock) -> None:
    call_times(limiter, clock, 3)
    clock.now += 60
    first, *rest = call_times(limiter, clock, 3)
    assert [time - first for time in rest] == pytest.approx([SPACING, 2 * SPACING])


def test_throttling_slows_calls_until_ses_accepts_them_again(
    limiter: RateLimiter, clock: Clock
) -> None:
    limiter.throttled()
    limiter.throttled()
    first, second, *_ = call_times(limiter, clock, 3)
    assert second - first == pytest.approx(4 * SPACING)
    for _ in range(50):
        limiter.accepted()
    call_times(limiter, clock, 1)
    first, second = call_times(limiter, clock, 2)
    assert second - first == pytest.approx(SPACING)


def test_interval_between_calls_has_a_maximum(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(100):
        limiter.throttled()
    first, second = call_times(limiter, clock, 2)
    assert second - first == pytest.approx(MAX_SLOWDOWN * SPACING)


@pytest.mark.parametrize(
    ("status", "code", "slowdown"),
    [
        (429, "TooManyRequestsException", 2),
        (400, "ThrottlingException", 2),
        (400, "BadRequestException", 1),
        (500, "InternalFailure", 1),
    ],
)
def test_throttling_is_recognized_by_its_code(
    limiter: RateLimiter, clock: Clock, status: int, code: str, slowdown: int
) -> None:
    response = SimpleNamespace(status_code=status), {"Error": {"Code": code}}
    limiter._on_response(response)
    assert limiter.throttled_calls == (slowdown > 1)
    first, second, *_ = call_times(limiter, clock, 3)
    assert second - first == pytest.approx(slowdown * SPACING)
