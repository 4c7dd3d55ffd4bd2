"""Tests of the search for senders of the same email."""

import pytest
from accounts import BOUNCE_RULE, FakeAccount, a_rule_for
from builders import HOTMAIL, NEWS_IDENTITY

from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.investigations import known_breaches
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.planning.shared_email import MAX_CANDIDATES, shared_email_search

NEWS_SET = Scope(configuration_set="news")
NEWS_TENANT = Scope(tenant="news")
SENDERS = (NEWS_IDENTITY, NEWS_SET, NEWS_TENANT)
RULE = a_rule_for("account", "identity", "configuration_set", "tenant", "isp")


@pytest.fixture
def account() -> FakeAccount:
    account = FakeAccount(rules=[RULE]).sends(ACCOUNT, 1_000_000, bounced=10_000)
    for sender in SENDERS:
        account.sends(sender, 10_000, bounced=1_000)
    return account


def with_common(account: FakeAccount, one: Scope, other: Scope, bounced: int) -> None:
    """Set the bounces of the email that two senders have in common."""
    account.sends(one.together_with(other), 10_000, bounced=bounced)
    records = {
        scope: record for scope, record in account.roster.records.items() if len(scope.kind) == 1
    }
    account.roster = type(account.roster)(records)


def pairs_of(account: FakeAccount) -> list[set[Scope]]:
    answers, plan = account.read(), account.plan
    breaches = known_breaches(RULE, plan, answers, Verdicts(plan, answers))
    search = shared_email_search(breaches)
    return [set(pair) for pair in search.pairs] if search else []


def pair_queries(account: FakeAccount) -> list[Query]:
    return [
        query for query in account.queried if len(query.scope.kind) == 2 and not query.scope.isp
    ]


def test_senders_with_most_bounces_in_common_send_the_same_email(account: FakeAccount) -> None:
    with_common(account, NEWS_IDENTITY, NEWS_SET, 1_000)
    with_common(account, NEWS_IDENTITY, NEWS_TENANT, 500)
    assert pairs_of(account) == [{NEWS_IDENTITY, NEWS_SET}, {NEWS_IDENTITY, NEWS_TENANT}]


def test_senders_with_fewer_bounces_in_common_send_different_email(account: FakeAccount) -> None:
    with_common(account, NEWS_IDENTITY, NEWS_SET, 499)
    assert pairs_of(account) == []
    assert len(pair_queries(account)) == 3


def test_unreadable_count_is_no_proof(account: FakeAccount) -> None:
    scope = NEWS_IDENTITY.together_with(NEWS_SET)
    account.counts[Metric.PERMANENT_BOUNCE, scope] = Gap.UNAVAILABLE
    assert pairs_of(account) == []


def test_senders_whose_bounces_differ_too_much_are_not_compared() -> None:
    account = FakeAccount(rules=[RULE]).sends(ACCOUNT, 1_000_000, bounced=10_000)
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000).sends(NEWS_SET, 30_000, bounced=2_001)
    account.read()
    assert pair_queries(account) == []


def test_likeliest_candidates_are_compared_first_and_only_a_few() -> None:
    """Of many customers with equal counts, the one with the most similar name is the likeliest."""
    account = FakeAccount(rules=[RULE]).sends(ACCOUNT, 1_000_000, bounced=10_000)
    names = [f"customer-{number}" for number in range(9)]
    for name in names:
        account.sends(Scope(identity=f"{name}.example.com"), 10_000, bounced=1_000)
    account.sends(Scope(tenant="customer-7"), 10_000, bounced=1_000)
    account.read()
    first, *others = pair_queries(account)
    assert first.scope == Scope(identity="customer-7.example.com", tenant="customer-7")
    assert len(others) == MAX_CANDIDATES - 1


def test_senders_in_open_incidents_are_not_compared(account: FakeAccount) -> None:
    account.firing = frozenset(SENDERS)
    account.read()
    assert pair_queries(account) == []


def test_senders_with_a_breached_provider_as_cause_are_not_compared(account: FakeAccount) -> None:
    account.sends(HOTMAIL, 100_000, bounced=10_000)
    for sender in SENDERS:
        account.sends(sender.at_provider("Hotmail"), 5_000, bounced=1_000)
    account.read()
    assert pair_queries(account) == []


def test_search_is_none_without_a_new_breach() -> None:
    account = FakeAccount(rules=[BOUNCE_RULE]).sends(ACCOUNT, 100_000, bounced=10)
    plan, answers = account.plan, account.read()
    assert (
        shared_email_search(known_breaches(BOUNCE_RULE, plan, answers, Verdicts(plan, answers)))
        is None
    )
