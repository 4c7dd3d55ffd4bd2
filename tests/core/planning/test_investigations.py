"""Tests of which breaches are investigated."""

import pytest
from accounts import FakeAccount
from builders import HOTMAIL

from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope
from vdm_alerts.core.planning.investigations import MAX_INVESTIGATIONS

SENDERS = [Scope(identity=f"{number:03}.example.com") for number in range(MAX_INVESTIGATIONS + 10)]
BOTH_METRICS = {Metric.SEND, Metric.PERMANENT_BOUNCE}


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount().sends(ACCOUNT, 1_000_000, bounced=10_000)


def with_breaches_at_hotmail(account: FakeAccount) -> FakeAccount:
    """Give every sender a rate of 6% to 9%, and all of the bounces at Hotmail."""
    for number, sender in enumerate(SENDERS):
        account.sends(sender, 10_000, bounced=600 + number)
        account.sends(sender.at_provider("Hotmail"), 2_000, bounced=600 + number)
    return account


def test_only_the_worst_breaches_are_investigated(account: FakeAccount) -> None:
    for number, sender in enumerate(SENDERS):
        account.sends(sender, 10_000, bounced=600 + number)
    account.read()
    assert [sender for sender in SENDERS if account.metrics_of(sender.at_provider("Gmail"))] == (
        SENDERS[-MAX_INVESTIGATIONS:]
    )


@pytest.mark.parametrize("is_breached", [True, False])
def test_suspicious_provider_is_checked_for_every_new_breach(
    account: FakeAccount, is_breached: bool
) -> None:
    """Hotmail is breached itself, or it is the only cause of the worst breaches."""
    account.sends(HOTMAIL, 900_000, bounced=90_000 if is_breached else 9_000)
    with_breaches_at_hotmail(account).read()
    assert [account.metrics_of(sender.at_provider("Hotmail")) for sender in SENDERS] == (
        [BOTH_METRICS] * len(SENDERS)
    )
    assert account.metrics_of(SENDERS[0].at_provider("Gmail")) == set()


def test_breach_of_an_open_incident_is_not_checked_again(account: FakeAccount) -> None:
    account.sends(HOTMAIL, 900_000, bounced=90_000)
    account.firing = frozenset(SENDERS)
    with_breaches_at_hotmail(account).read()
    checked = [sender for sender in SENDERS if account.metrics_of(sender.at_provider("Hotmail"))]
    assert checked == SENDERS[-MAX_INVESTIGATIONS:]
