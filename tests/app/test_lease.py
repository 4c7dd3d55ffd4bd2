"""One run at a time, and never back in time."""

import pytest
from builders import HOUR, LEASE, NEWS_IDENTITY, NOW, TARGET
from fakes import World

from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.model.errors import ClockWentBackError, LeaseHeldError
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS


def test_run_fails_without_reading_when_another_run_holds_the_lease(world: World) -> None:
    with world.store.lease(TARGET, LEASE.until, LEASE.taken), pytest.raises(LeaseHeldError):
        world.run()

    assert world.series.asked == []


def test_run_takes_a_lease_that_expired(world: World) -> None:
    with world.store.lease(TARGET, NOW - HOUR, NOW - 2 * HOUR):
        assert world.run().series_evaluated == 2 + len(KNOWN_ISPS) + 1


def test_failed_run_releases_the_lease(world: World) -> None:
    world.set_bounces(NEWS_IDENTITY, 600)
    world.fail("publish", UnavailableError("sns:Publish", "no answer"))

    with pytest.raises(NotificationsUnsentError):
        world.run()

    assert not world.is_leased()


def test_run_fails_when_asked_for_an_earlier_time_than_the_last_run(world: World) -> None:
    world.run(hours=1)

    with pytest.raises(ClockWentBackError, match=r"2026-03-12T09:00:00.*2026-03-12T10:00:00"):
        world.run()


def test_run_can_be_repeated_for_the_same_time(world: World) -> None:
    first = world.run()
    second = world.run()

    assert second.series_evaluated == first.series_evaluated == 2 + len(KNOWN_ISPS) + 1
