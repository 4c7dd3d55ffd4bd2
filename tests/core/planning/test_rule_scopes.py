"""Tests of the rules that apply to each scope."""

from accounts import (
    SHOP_IDENTITY,
    FakeAccount,
    a_rule_for,
)
from builders import NEWS_IDENTITY, a_rule, a_sender_record

from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.patterns import ScopePatterns


def test_address_is_within_its_domain_whatever_the_letter_case(account: FakeAccount) -> None:
    address = Scope(identity="anna@SHOP.example.com")
    account.roster = SenderRoster({SHOP_IDENTITY: a_sender_record(5), address: a_sender_record(5)})
    assert account.plan.rule_scopes.is_within_a_domain(address)
    assert not account.plan.rule_scopes.is_within_a_domain(SHOP_IDENTITY)


def test_rule_applies_to_a_sender_below_the_top_only_with_an_open_alert(
    account: FakeAccount,
) -> None:
    rule = a_rule_for("identity", top=1)
    account.rules = [rule]
    account.roster = SenderRoster(
        {NEWS_IDENTITY: a_sender_record(5), SHOP_IDENTITY: a_sender_record(9)}
    )
    assert account.plan.rule_scopes.rules_applying_to(NEWS_IDENTITY) == []
    account.firing = frozenset({NEWS_IDENTITY})
    assert account.plan.rule_scopes.rules_applying_to(NEWS_IDENTITY) == [rule]


def test_top_ranks_only_the_scopes_that_the_rule_includes(account: FakeAccount) -> None:
    include = ScopePatterns({Dimension.IDENTITY: ("*.example.com",)})
    rule = a_rule_for("identity", include=include, top=1)
    account.rules = [rule, a_rule("all")]
    larger = Scope(identity="a.example.org")
    account.roster = SenderRoster({NEWS_IDENTITY: a_sender_record(5), larger: a_sender_record(99)})
    assert rule in account.plan.rule_scopes.rules_applying_to(NEWS_IDENTITY)
