"""VDM that stands still or was off: late data is reported, and never read as zero email."""

from datetime import timedelta

import pytest
from builders import NEWS_IDENTITY, TODAY, a_rule, a_series
from fakes import World

from vdm_alerts.core.alerts.alert import AlertKey, Firing
from vdm_alerts.core.model.account import AccountStatus
from vdm_alerts.core.model.metrics import ACCOUNT, Metric
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule import MissingData

DAY_IN_HOURS = 24
NEWS_KEY = AlertKey("bounce-rate", NEWS_IDENTITY, Indicator.BOUNCE_RATE)


@pytest.fixture
def firing_world(world: World) -> World:
    """A world in which alerts of the account and of its identity are open."""
    world.set_rules(a_rule(windows=(1,)))
    for scope in (ACCOUNT, NEWS_IDENTITY):
        world.set_bounces(scope, 900)
    world.run()
    assert NEWS_KEY in world.state.alerts
    world.notifier.sent.clear()
    return world


def is_firing(world: World) -> bool:
    alert = world.state.alerts.get(NEWS_KEY)
    return alert is not None and isinstance(alert.state, Firing)


def set_sent(world: World, emails: int | None) -> None:
    world.account.current_status = AccountStatus(vdm_enabled=True, sent_last_day=emails)


def test_data_that_stands_still_is_reported_once_and_resolves_nothing(firing_world: World) -> None:
    set_sent(firing_world, 9_000)
    for hours in range(2 * DAY_IN_HOURS, 12 * DAY_IN_HOURS, 6):
        firing_world.run(hours)
    (subject,) = (subject for subject in firing_world.subjects if " still " not in subject)
    assert subject.startswith("[WARNING] VDM has counted no email since 2026-03-12")


def test_rule_that_expects_email_does_not_fire_while_vdm_stands_still(world: World) -> None:
    world.set_rules(a_rule(windows=(1,), missing_data=MissingData.BREACHING))
    world.run()
    set_sent(world, 9_000)
    assert world.run(hours=4 * DAY_IN_HOURS).alerts_warning == 0
    set_sent(world, 0)
    assert world.run(hours=5 * DAY_IN_HOURS).alerts_warning > 0


@pytest.mark.parametrize("was_off", [True, False])
def test_day_on_which_vdm_was_off_is_no_day_without_email(
    firing_world: World, *, was_off: bool
) -> None:
    """The identity sends nothing from the second day on. VDM may be off on the fourth day."""
    world = firing_world
    world.account.current_status = AccountStatus(vdm_enabled=not was_off)
    world.run(3 * DAY_IN_HOURS)
    world.account.current_status = AccountStatus(vdm_enabled=True)
    counts = a_series(10_000, *[5_000] * 12, ending=TODAY + timedelta(days=12))
    world.series.answers[Query(Metric.SEND, ACCOUNT)] = counts
    world.run(9 * DAY_IN_HOURS)
    assert is_firing(world) is was_off
    world.run(12 * DAY_IN_HOURS)
    assert not is_firing(world)
