"""What an invocation does while another run acts."""

from collections.abc import Callable

import pytest
from builders import LEASE, TARGET
from fakes import World

from vdm_alerts.app.run_unless_busy import run_unless_busy
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.observations.run_report import RunReport


def invoke(
    world: World, run: Callable[[], RunReport] | None = None, *, has_news: bool = False
) -> RunReport | None:
    return run_unless_busy(run or world.run, world.ports.store, TARGET, has_news=has_news)


def runs_of(world: World) -> int:
    return len(world.recorder.reports)


def test_invocation_runs_once_when_no_other_run_acts(world: World) -> None:
    assert invoke(world) is not None
    assert runs_of(world) == 1


def test_events_during_a_run_cause_one_more_run(world: World) -> None:
    def run_with_events() -> RunReport:
        if not runs_of(world):
            with world.store.lease(TARGET, LEASE.until, LEASE.taken):
                for _ in range(100):
                    assert invoke(world, has_news=True) is None
        return world.run()

    assert invoke(world, run_with_events) is not None
    assert runs_of(world) == 2


def test_schedule_during_a_run_causes_no_other_run(world: World) -> None:
    with world.store.lease(TARGET, LEASE.until, LEASE.taken):
        assert invoke(world) is None
    assert invoke(world) is not None
    assert runs_of(world) == 1


def test_event_runs_itself_when_the_other_run_ends_before_it_sees_the_request(world: World) -> None:
    lease = world.store.lease(TARGET, LEASE.until, LEASE.taken)
    lease.__enter__()
    calls = 0

    def run() -> RunReport:
        nonlocal calls
        calls += 1
        if calls == 2:  # The request was made, and then the other run ends.
            lease.__exit__(None, None, None)
        return world.run()

    assert invoke(world, run, has_news=True) is not None
    assert not world.store.take_request(TARGET)


def test_run_succeeds_when_requests_are_unreadable(world: World) -> None:
    world.fail("take request", UnavailableError("dynamodb:DeleteItem", "busy"))
    assert invoke(world) is not None


def test_error_of_the_run_is_raised(world: World) -> None:
    def fail() -> RunReport:
        raise VdmAlertsError

    with pytest.raises(VdmAlertsError):
        invoke(world, fail)
