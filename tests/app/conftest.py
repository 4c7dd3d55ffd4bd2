"""What the tests of a run begin with."""

import pytest
from builders import NEWS, a_rule
from fakes import World, sends

from vdm_alerts.core.model.metrics import ACCOUNT


@pytest.fixture
def world() -> World:
    """A rule about bounces, and an account with one identity that is in good order."""
    world = World().knows(a_rule())
    world.account.senders = [NEWS]
    sends(world, ACCOUNT, bounces=100)
    sends(world, NEWS, bounces=100)
    return world
