"""Tests of the search for the main contributor to a breach."""

import pytest
from accounts import BOUNCE_RULE, COMPLAINT_RULE, SHOP_IDENTITY, FakeAccount
from builders import HOTMAIL, NEWS_IDENTITY, a_rule, a_series

from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, Unknown
from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.planning.contributor import MAX_INVESTIGATIONS, Contributor, Investigation
from vdm_alerts.core.planning.scope_verdict import evaluate_scope
from vdm_alerts.core.rules.rule import Rule


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount().sends(ACCOUNT, 100_000, bounced=1_000)


def contributor_of(
    account: FakeAccount, scope: Scope, rule: Rule = BOUNCE_RULE
) -> Contributor | None:
    """Return the main contributor to the breach in *scope*, after a complete reading."""
    answers = account.read()
    verdict = evaluate_scope(rule, scope, account.plan, answers)
    assert isinstance(verdict, Breached)
    return Investigation(rule, scope, verdict.evidence, account.plan, answers).contributor


def test_contributor_is_the_provider_with_most_events_of_the_breached_sender(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 10_000, bounced=1_000)
    account.sends(NEWS_IDENTITY.at_provider("Hotmail"), 3_000, bounced=720).sends(
        NEWS_IDENTITY.at_provider("Gmail"), 5_000, bounced=280
    )
    assert contributor_of(account, NEWS_IDENTITY) == Contributor(
        NEWS_IDENTITY.at_provider("Hotmail"), 0.72, Evidence(Rate(720, 3_000), Window(3))
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
        NEWS_IDENTITY.at_provider(OTHER_ISPS), 0.9, Evidence(Rate(900, 2_000), Window(3))
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
        NEWS_IDENTITY, 7_500 / 8_000, Evidence(Rate(7_500, 20_000), Window(3))
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


def test_contributor_search_covers_only_the_worst_breaches_up_to_the_limit(
    account: FakeAccount,
) -> None:
    senders = [Scope(identity=f"{number}.example.com") for number in range(MAX_INVESTIGATIONS + 2)]
    for number, sender in enumerate(senders):
        account.sends(sender, 10_000, bounced=600 + number)
    account.read()
    investigated = [sender for sender in senders if account.metrics_of(sender.at_provider("Gmail"))]
    assert investigated == senders[2:]


def test_complaint_contributor_is_found_although_gmail_reports_no_complaints(
    account: FakeAccount,
) -> None:
    account.rules = [COMPLAINT_RULE]
    account.sends(NEWS_IDENTITY, 10_000, complained=100).sends(
        NEWS_IDENTITY.at_provider("Yahoo"), 1_000, complained=100
    )
    contributor = contributor_of(account, NEWS_IDENTITY, COMPLAINT_RULE)
    assert contributor is not None
    assert contributor.scope == NEWS_IDENTITY.at_provider("Yahoo")
    gmail = evaluate_scope(
        COMPLAINT_RULE, NEWS_IDENTITY.at_provider("Gmail"), account.plan, account.read()
    )
    assert isinstance(gmail, Unknown)
    assert gmail.gap is Gap.NO_FEEDBACK_LOOP


def test_contributor_is_not_searched_for_when_low_rates_are_bad(account: FakeAccount) -> None:
    rule = a_rule(
        "delivery", indicator=Indicator.DELIVERY_RATE, warning="95%", critical="90%", min_events=10
    )
    account.rules = [rule]
    account.sends(NEWS_IDENTITY, 10_000)
    account.counts[Metric.DELIVERY, NEWS_IDENTITY] = a_series(5_000)
    account.counts[Metric.DELIVERY, ACCOUNT] = a_series(50_000)
    assert contributor_of(account, NEWS_IDENTITY, rule) is None
    assert contributor_of(account, ACCOUNT, rule) is None
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Hotmail")) == set()
