"""Tests of the scopes that one reading selects."""

from datetime import timedelta

import pytest
from accounts import (
    SHOP_IDENTITY,
    FakeAccount,
    a_rule_for,
)
from builders import HOUR, NEWS_IDENTITY, NOW, a_rule, a_sender_record

from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Window
from vdm_alerts.core.planning.roster import SenderRecord, SenderRoster
from vdm_alerts.core.rules.patterns import ScopePatterns


def test_sender_without_emails_is_read_once_a_day(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 0)
    account.roster = SenderRoster(
        {NEWS_IDENTITY: a_sender_record(), SHOP_IDENTITY: a_sender_record(5)}
    )
    account.now = NOW + HOUR
    account.read()
    assert account.metrics_of(NEWS_IDENTITY) == set()
    assert account.metrics_of(SHOP_IDENTITY) == {Metric.SEND}
    account.now = NOW + timedelta(days=1)
    account.read()
    assert account.metrics_of(NEWS_IDENTITY) == {Metric.SEND}


def test_deferral_ends_after_four_hours_when_a_rule_has_a_one_day_window(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity", windows=(Window(1),))]
    account.roster = SenderRoster({NEWS_IDENTITY: a_sender_record()})
    account.now = NOW + 3 * HOUR
    assert NEWS_IDENTITY in account.plan.selection.deferred
    account.now = NOW + 4 * HOUR
    assert NEWS_IDENTITY in account.plan.selection.due


def test_deferred_sender_is_due_when_a_daily_run_starts_a_few_minutes_early(
    account: FakeAccount,
) -> None:
    account.roster = SenderRoster({NEWS_IDENTITY: a_sender_record()})
    account.now = NOW + timedelta(days=1) - timedelta(minutes=5)
    assert NEWS_IDENTITY in account.plan.selection.due


def test_rejected_provider_is_neither_read_nor_subtracted_from_the_account(
    account: FakeAccount,
) -> None:
    include = ScopePatterns({Dimension.ISP: ("*", "Nobody")})
    account.rules = [a_rule_for("isp", include=include)]
    account.roster = SenderRoster({ACCOUNT.at_provider("Nobody"): a_sender_record(rejected=True)})
    account.read()
    assert account.metrics_of(ACCOUNT.at_provider("Nobody")) == set()
    assert "Nobody" not in account.plan.isps


def test_sender_with_a_rejected_name_is_not_read_even_with_an_open_alert(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 5_000)
    account.roster = SenderRoster({NEWS_IDENTITY: a_sender_record(rejected=True)})
    account.firing = frozenset({NEWS_IDENTITY})
    account.read()
    assert account.metrics_of(NEWS_IDENTITY) == set()


def test_only_scopes_and_metrics_of_some_rule_are_read(account: FakeAccount) -> None:
    account.rules = [a_rule()]
    account.sends(NEWS_IDENTITY, 5_000).sends(Scope(tenant="t"), 5_000)
    account.read()
    assert account.metrics_of(Scope(tenant="t")) == set()
    assert account.metrics_of(NEWS_IDENTITY) == {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_excluded_identity_is_read_for_its_volume_only(account: FakeAccount) -> None:
    account.rules = [
        a_rule_for("identity", exclude=ScopePatterns({Dimension.IDENTITY: ("*.TEST.example.com",)}))
    ]
    excluded = Scope(identity="a.test.example.com")
    account.sends(NEWS_IDENTITY, 5_000).sends(excluded, 5_000)
    account.read()
    assert account.metrics_of(excluded) == {Metric.SEND}
    assert Metric.PERMANENT_BOUNCE in account.metrics_of(NEWS_IDENTITY)


def test_include_patterns_limit_the_scopes_and_add_an_unknown_provider(
    account: FakeAccount,
) -> None:
    include = ScopePatterns({Dimension.IDENTITY: ("news.*",), Dimension.ISP: ("Yahoo", "Orange")})
    account.rules = [a_rule_for("identity", "isp", include=include)]
    account.sends(NEWS_IDENTITY, 5_000).sends(SHOP_IDENTITY, 5_000)
    account.sends(ACCOUNT.at_provider("Orange"), 5_000)
    account.read()
    assert account.metrics_of(SHOP_IDENTITY) == {Metric.SEND}
    assert account.metrics_of(ACCOUNT.at_provider("Orange")) == {
        Metric.SEND,
        Metric.PERMANENT_BOUNCE,
    }
    assert account.metrics_of(ACCOUNT.at_provider("Hotmail")) == set()


@pytest.fixture
def top_senders(account: FakeAccount) -> list[Scope]:
    """Five senders, the smallest first, and a rule for the two largest of them."""
    account.rules = [a_rule_for("identity", top=2)]
    volumes = {Scope(identity=f"{number}.example.com"): 1_000 * number for number in range(1, 6)}
    for sender, volume in volumes.items():
        account.sends(sender, volume)
    # An address does not take the place of a domain in the top.
    address = Scope(identity="anna@5.example.com")
    records = {sender: a_sender_record(volume) for sender, volume in volumes.items()}
    account.roster = SenderRoster(records | {address: a_sender_record(4_900)})
    return list(volumes)


def test_only_the_top_senders_are_read(account: FakeAccount, top_senders: list[Scope]) -> None:
    account.read()
    metrics = [account.metrics_of(sender) for sender in top_senders]
    assert metrics == [set(), set(), set(), *[{Metric.SEND, Metric.PERMANENT_BOUNCE}] * 2]


def test_sender_below_the_top_is_counted_daily(
    account: FakeAccount, top_senders: list[Scope]
) -> None:
    account.now += timedelta(days=1)
    account.read()
    assert account.metrics_of(top_senders[0]) == {Metric.SEND}


def test_due_senders_are_ordered_by_longest_wait_and_then_by_volume(account: FakeAccount) -> None:
    waiting = Scope(identity="waiting.example.com")
    new = Scope(identity="new.example.com")
    account.roster = SenderRoster(
        {
            NEWS_IDENTITY: a_sender_record(10),
            SHOP_IDENTITY: a_sender_record(99),
            waiting: a_sender_record(1, NOW - HOUR),
            new: SenderRecord(),
        }
    )
    due_senders = [scope for scope in account.plan.selection.due if scope.identity]
    assert due_senders == [new, waiting, SHOP_IDENTITY, NEWS_IDENTITY]
