"""Fixtures for the tests of runs."""

import pytest
from builders import NEWS_IDENTITY, a_rule
from fakes import World

from vdm_alerts.core.model.metrics import ACCOUNT


@pytest.fixture
def world() -> World:
    """A world with one rule about bounces, and one identity whose bounce rate is 1%."""
    world = World().set_rules(a_rule())
    world.account.senders = [NEWS_IDENTITY]
    world.set_bounces(ACCOUNT, 100)
    world.set_bounces(NEWS_IDENTITY, 100)
    return world
