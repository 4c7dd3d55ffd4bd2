"""Tests of the search for the main contributor to a breach."""

import pytest
from accounts import BOUNCE_RULE, SHOP_IDENTITY, FakeAccount
from builders import HOTMAIL, NEWS_IDENTITY

from vdm_alerts.core.evaluation.verdicts import Breached, Evidence
from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Window
from vdm_alerts.core.model.rates import Gap, Rate
from vdm_alerts.core.planning.contributor import Contributor, Investigation
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.rules.rule import Rule


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount().sends(ACCOUNT, 100_000, bounced=1_000)


def contributor_of(
    account: FakeAccount, scope: Scope, rule: Rule = BOUNCE_RULE
) -> Contributor | None:
    """Return the main contributor to the breach in *scope*, after a complete reading."""
    answers = account.read()
    verdict = Verdicts(account.plan, answers).verdict(rule, scope)
    assert isinstance(verdict, Breached)
    assert verdict.evidence
    return Investigation(rule, scope, verdict.evidence, account.plan, answers).contributor


def test_contributor_is_the_provider_with_most_events_of_the_breached_sender(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000)
    account.sends(NEWS_IDENTITY.at_provider("Hotmail"), 3_000, bounced=720).sends(
        NEWS_IDENTITY.at_provider("Gmail"), 5_000, bounced=280
    )
    assert contributor_of(account, NEWS_IDENTITY) == Contributor(
        NEWS_IDENTITY.at_provider("Hotmail"),
        0.72,
        Evidence(Rate(720, 3_000), Window(3)),
        is_only_cause=True,
    )


def test_healthy_sender_causes_no_provider_queries(account: FakeAccount) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=100)
    account.read()
    assert [query for query in account.queried if query.scope.is_sender_at_provider] == []


def test_contributor_search_stops_when_no_other_provider_can_exceed_the_leader(
    account: FakeAccount,
) -> None:
    """Three providers are queried together: Yahoo has most bounces, then Gmail and Hotmail."""
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000).sends(
        NEWS_IDENTITY.at_provider("Yahoo"), 3_000, bounced=720
    )
    account.sends(ACCOUNT.at_provider("Yahoo"), 30_000, bounced=900)
    account.read()
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Yahoo")) == {
        Metric.PERMANENT_BOUNCE,
        Metric.SEND,
    }
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Gmail")) == {Metric.PERMANENT_BOUNCE}
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Comcast")) == set()


def test_contributor_search_stops_when_the_remaining_events_are_less_than_half(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000)
    for isp in ("Gmail", "Hotmail", "ExchangeOnline"):
        account.sends(NEWS_IDENTITY.at_provider(isp), 2_000, bounced=200)
    assert contributor_of(account, NEWS_IDENTITY) is None
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Yahoo")) == set()


def test_contributor_is_none_when_every_share_is_below_half(account: FakeAccount) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000)
    for isp in ("Hotmail", "Yahoo", "Gmail"):
        account.sends(NEWS_IDENTITY.at_provider(isp), 3_000, bounced=330)
    assert contributor_of(account, NEWS_IDENTITY) is None


def test_contributor_is_none_when_the_largest_part_has_a_lower_rate_than_the_whole(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=600)
    account.sends(NEWS_IDENTITY.at_provider("Gmail"), 9_000, bounced=500).sends(
        NEWS_IDENTITY.at_provider("Yahoo"), 1_000, bounced=100
    )
    assert contributor_of(account, NEWS_IDENTITY) is None


def test_contributor_is_the_provider_with_all_events_whatever_its_rate(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=600).sends(
        NEWS_IDENTITY.at_provider("Hotmail"), 10_000, bounced=600
    )
    contributor = contributor_of(account, NEWS_IDENTITY)
    assert contributor is not None
    assert (contributor.scope, contributor.share) == (NEWS_IDENTITY.at_provider("Hotmail"), 1)


def test_contributor_is_none_when_its_volume_or_events_are_unavailable(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000).sends(
        NEWS_IDENTITY.at_provider("Hotmail"), 3_000, bounced=720
    )
    account.counts[Metric.SEND, NEWS_IDENTITY.at_provider("Hotmail")] = Gap.UNAVAILABLE
    assert contributor_of(account, NEWS_IDENTITY) is None
    account.counts[Metric.PERMANENT_BOUNCE, NEWS_IDENTITY.at_provider("Hotmail")] = Gap.UNAVAILABLE
    assert contributor_of(account, NEWS_IDENTITY) is None


def test_contributor_can_be_the_remainder_outside_the_known_providers(account: FakeAccount) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000).sends(
        NEWS_IDENTITY.at_provider("Gmail"), 8_000, bounced=100
    )
    assert contributor_of(account, NEWS_IDENTITY) == Contributor(
        NEWS_IDENTITY.at_provider(OTHER_ISPS),
        0.9,
        Evidence(Rate(900, 2_000), Window(3)),
        is_only_cause=True,
    )


def test_contributor_of_an_account_breach_is_a_sender_at_a_provider(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 100_000, bounced=8_000)
    account.sends(NEWS_IDENTITY, 20_000, bounced=7_000).sends(SHOP_IDENTITY, 80_000, bounced=1_000)
    account.sends(NEWS_IDENTITY.at_provider("Hotmail"), 10_000, bounced=6_500)
    contributor = contributor_of(account, ACCOUNT)
    assert contributor is not None
    assert contributor.scope == NEWS_IDENTITY.at_provider("Hotmail")


def test_contributor_of_a_provider_breach_is_a_sender_at_that_provider(
    account: FakeAccount,
) -> None:
    account.sends(HOTMAIL, 10_000, bounced=1_000).sends(NEWS_IDENTITY, 90_000, bounced=900)
    account.sends(NEWS_IDENTITY.at_provider("Hotmail"), 2_000, bounced=900)
    contributor = contributor_of(account, HOTMAIL)
    assert contributor is not None
    assert (contributor.scope, contributor.share) == (NEWS_IDENTITY.at_provider("Hotmail"), 0.9)
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Yahoo")) == set()


def test_contributor_is_the_address_when_its_domain_has_the_same_events(
    account: FakeAccount,
) -> None:
    address = Scope(identity="anna@news.example.com")
    account.sends(HOTMAIL, 10_000, bounced=1_000)
    for scope in (NEWS_IDENTITY, address):
        account.sends(scope, 9_000, bounced=900).sends(
            scope.at_provider("Hotmail"), 2_000, bounced=900
        )
    contributor = contributor_of(account, HOTMAIL)
    assert contributor is not None
    assert contributor.scope == address.at_provider("Hotmail")


def test_contributor_search_queries_only_senders_with_half_of_the_events(
    account: FakeAccount,
) -> None:
    account.sends(ACCOUNT, 100_000, bounced=8_000)
    account.sends(NEWS_IDENTITY, 90_000, bounced=3_999).sends(SHOP_IDENTITY, 90_000, bounced=4_000)
    account.read()
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Gmail")) == set()
    assert account.metrics_of(SHOP_IDENTITY.at_provider("Gmail")) >= {Metric.PERMANENT_BOUNCE}


def test_contributor_is_the_sender_alone_when_no_provider_has_half_of_the_events(
    account: FakeAccount,
) -> None:
    account.sends(ACCOUNT, 100_000, bounced=8_000).sends(NEWS_IDENTITY, 20_000, bounced=7_500)
    for isp in ("Gmail", "Hotmail", "Yahoo"):
        account.sends(NEWS_IDENTITY.at_provider(isp), 6_000, bounced=2_500)
    assert contributor_of(account, ACCOUNT) == Contributor(
        NEWS_IDENTITY, 7_500 / 8_000, Evidence(Rate(7_500, 20_000), Window(3)), is_only_cause=True
    )


def test_contributor_share_is_capped_at_one_when_its_events_exceed_the_whole(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000).sends(
        NEWS_IDENTITY.at_provider("Yahoo"), 3_000, bounced=1_034
    )
    contributor = contributor_of(account, NEWS_IDENTITY)
    assert contributor is not None
    assert contributor.share == 1


def test_contributor_of_a_domain_breach_is_its_address(account: FakeAccount) -> None:
    address = Scope(identity="anna@news.example.com")
    account.sends(NEWS_IDENTITY, 9_000, bounced=904).sends(address, 4_000, bounced=900)
    account.sends(address.at_provider("Yahoo"), 4_000, bounced=900)
    assert contributor_of(account, NEWS_IDENTITY) == Contributor(
        address, 900 / 904, Evidence(Rate(900, 4_000), Window(3)), is_only_cause=True
    )
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Yahoo")) == set()


def test_address_with_few_events_is_no_contributor_to_its_domain(account: FakeAccount) -> None:
    address = Scope(identity="anna@news.example.com")
    account.sends(NEWS_IDENTITY, 9_000, bounced=900).sends(address, 4_000, bounced=400)
    account.sends(NEWS_IDENTITY.at_provider("Yahoo"), 4_000, bounced=880)
    contributor = contributor_of(account, NEWS_IDENTITY)
    assert contributor is not None
    assert contributor.scope == NEWS_IDENTITY.at_provider("Yahoo")


def test_address_of_most_events_is_named_in_place_of_its_domain(account: FakeAccount) -> None:
    address = Scope(identity="anna@news.example.com")
    account.sends(ACCOUNT, 100_000, bounced=8_000)
    for scope, bounced in ((NEWS_IDENTITY, 7_000), (address, 6_500)):
        account.sends(scope, 20_000, bounced=bounced)
        account.sends(scope.at_provider("Yahoo"), 20_000, bounced=bounced)
    contributor = contributor_of(account, ACCOUNT)
    assert contributor is not None
    assert contributor.scope == address.at_provider("Yahoo")


def test_contributor_of_an_account_breach_can_be_a_provider(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 100_000, bounced=8_000).sends(HOTMAIL, 20_000, bounced=7_000)
    contributor = contributor_of(account, ACCOUNT)
    assert contributor is not None
    assert (contributor.scope, contributor.share) == (HOTMAIL, 7_000 / 8_000)


@pytest.mark.parametrize(
    ("sent", "bounced", "is_only_cause"),
    [
        (3_000, 720, True),  # The rest: 280 of 7,000.
        (3_000, 600, False),  # The rest: 400 of 7,000 is above 5%.
        (9_500, 990, False),  # The rest: 10 of 500 is too small to tell.
    ],
)
def test_contributor_is_the_only_cause_if_the_rest_of_the_sender_is_in_range(
    account: FakeAccount, sent: int, bounced: int, is_only_cause: bool
) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000)
    account.sends(NEWS_IDENTITY.at_provider("Yahoo"), sent, bounced=bounced)
    contributor = contributor_of(account, NEWS_IDENTITY)
    assert contributor is not None
    assert contributor.is_only_cause is is_only_cause
