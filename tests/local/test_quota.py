"""The quota of BatchGetMetricData."""

from vdm_local.quota import Quota


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_quota_admits_sixteen_calls_per_second() -> None:
    clock = Clock()
    quota = Quota(clock)
    assert all(quota.admit(1) for _ in range(16))
    assert quota.admit(1) is False
    assert (quota.calls, quota.queries, quota.throttled) == (17, 16, 1)


def test_quota_admits_160_queries_per_second() -> None:
    quota = Quota(Clock())
    assert quota.admit(150) is True
    assert quota.admit(11) is False
    assert quota.admit(10) is True


def test_quota_window_slides_and_ignores_throttled_calls() -> None:
    clock = Clock()
    quota = Quota(clock)
    for _ in range(16):
        quota.admit(1)
        clock.now += 0.05
    assert quota.admit(1) is False
    clock.now = 101.01  # Only the first call is older than a second.
    assert quota.admit(1) is True
    assert quota.admit(1) is False
