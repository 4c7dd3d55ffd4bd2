"""The local SES counts as SES does: by a window of a second that slides."""

from vdm_local.quota import Quota


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_sixteen_calls_in_a_second_are_taken_and_the_next_is_refused() -> None:
    clock = Clock()
    quota = Quota(clock)
    assert all(quota.admits(1) for _ in range(16))
    assert not quota.admits(1)
    assert (quota.calls, quota.queries, quota.refused) == (17, 16, 1)


def test_a_hundred_and_sixty_queries_in_a_second_are_taken_however_few_calls_they_are() -> None:
    quota = Quota(Clock())
    assert quota.admits(150)
    assert not quota.admits(11)
    assert quota.admits(10)


def test_the_window_slides_and_what_was_refused_is_not_in_it() -> None:
    clock = Clock()
    quota = Quota(clock)
    for _ in range(16):
        quota.admits(1)
        clock.now += 0.05
    assert not quota.admits(1)
    clock.now = 101.01  # The first of them is a second old now, and no other.
    assert quota.admits(1)
    assert not quota.admits(1)
