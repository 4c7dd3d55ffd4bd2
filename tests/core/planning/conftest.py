"""Fixtures of the tests of query planning."""

import pytest
from accounts import FakeAccount

from vdm_alerts.core.model.metrics import ACCOUNT


@pytest.fixture
def account() -> FakeAccount:
    """An account that sent 10,000 emails, of which 100 bounced, and that has no senders yet."""
    return FakeAccount().sends(ACCOUNT, 10_000, bounced=100)
