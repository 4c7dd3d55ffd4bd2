"""The rate limiter, with a clock that only sleeping moves."""

from dataclasses import dataclass

import pytest

from vdm_alerts.adapters.aws.ses_rate_limiter import (
    CALLS_A_SECOND,
    MAX_SLOWDOWN,
    QUOTA_SHARE,
    RateLimiter,
)

SPACING = 1 / (CALLS_A_SECOND * QUOTA_SHARE)


@dataclass
class Clock:
    now: float = 1_000.0

    def tell(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> RateLimiter:
    return RateLimiter(clock=clock.tell, sleep=clock.sleep)


def times(pace: RateLimiter, clock: Clock, calls: int) -> list[float]:
    """Return when each of so many consecutive calls is allowed."""
    gone = []
    for _ in range(calls):
        pace.wait()
        gone.append(clock.now)
    return gone


def test_first_call_does_not_wait(pace: RateLimiter, clock: Clock) -> None:
    assert times(pace, clock, 1) == [1_000.0]


def test_calls_in_any_second_stay_within_the_quota(pace: RateLimiter, clock: Clock) -> None:
    gone = times(pace, clock, 200)
    for start in gone:
        assert sum(start <= each < start + 1 for each in gone) <= CALLS_A_SECOND
    assert gone[-1] - gone[0] == pytest.approx(199 * SPACING), "and no fewer than it can"


def test_calls_stay_evenly_spaced_after_idle_time(pace: RateLimiter, clock: Clock) -> None:
    times(pace, clock, 3)
    clock.now += 60
    first, *rest = times(pace, clock, 3)
    assert [each - first for each in rest] == pytest.approx([SPACING, 2 * SPACING])


def test_throttling_slows_calls_until_ses_accepts_them_again(
    pace: RateLimiter, clock: Clock
) -> None:
    pace.throttled()
    pace.throttled()
    first, second, *_ = times(pace, clock, 3)
    assert second - first == pytest.approx(4 * SPACING)
    for _ in range(50):
        pace.accepted()
    times(pace, clock, 1)
    first, second = times(pace, clock, 2)
    assert second - first == pytest.approx(SPACING)


def test_interval_between_calls_has_a_maximum(pace: RateLimiter, clock: Clock) -> None:
    for _ in range(100):
        pace.throttled()
    first, second = times(pace, clock, 2)
    assert second - first == pytest.approx(MAX_SLOWDOWN * SPACING)
