"""The rate limiter, with a clock that only sleeping moves."""

from dataclasses import dataclass

import pytest

from vdm_alerts.adapters.aws.ses_rate_limiter import CALLS_A_SECOND, SHARE, SLOWEST, Pace

SPACING = 1 / (CALLS_A_SECOND * SHARE)


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
def pace(clock: Clock) -> Pace:
    return Pace(clock=clock.tell, sleep=clock.sleep)


def times(pace: Pace, clock: Clock, calls: int) -> list[float]:
    """Return when each of so many consecutive calls is allowed."""
    gone = []
    for _ in range(calls):
        pace.wait()
        gone.append(clock.now)
    return gone


def test_first_call_does_not_wait(pace: Pace, clock: Clock) -> None:
    assert times(pace, clock, 1) == [1_000.0]


def test_calls_in_any_second_stay_within_the_quota(pace: Pace, clock: Clock) -> None:
    gone = times(pace, clock, 200)
    for start in gone:
        assert sum(start <= each < start + 1 for each in gone) <= CALLS_A_SECOND
    assert gone[-1] - gone[0] == pytest.approx(199 * SPACING), "and no fewer than it can"


def test_calls_stay_evenly_spaced_after_idle_time(pace: Pace, clock: Clock) -> None:
    times(pace, clock, 3)
    clock.now += 60
    first, *rest = times(pace, clock, 3)
    assert [each - first for each in rest] == pytest.approx([SPACING, 2 * SPACING])


def test_throttling_slows_calls_until_ses_accepts_them_again(pace: Pace, clock: Clock) -> None:
    pace.refused()
    pace.refused()
    first, second, *_ = times(pace, clock, 3)
    assert second - first == pytest.approx(4 * SPACING)
    for _ in range(50):
        pace.answered()
    times(pace, clock, 1)
    first, second = times(pace, clock, 2)
    assert second - first == pytest.approx(SPACING)


def test_interval_between_calls_has_a_maximum(pace: Pace, clock: Clock) -> None:
    for _ in range(100):
        pace.refused()
    first, second = times(pace, clock, 2)
    assert second - first == pytest.approx(SLOWEST * SPACING)
