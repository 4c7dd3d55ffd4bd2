"""Tests of the queries about the account and each scope."""

from accounts import (
    READ_METRICS,
    SHOP_IDENTITY,
    FakeAccount,
    a_rule_for,
)
from builders import NEWS_IDENTITY, a_sender_record, a_series

from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS, OTHER_ISPS, UNKNOWN_ISP
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.next_batches import next_batches
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.query_batches import QueryBatch
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.rules.patterns import ScopePatterns


def test_account_is_read_for_every_metric_and_providers_without_email_for_one(
    account: FakeAccount,
) -> None:
    account.sends(ACCOUNT, 0)
    account.read()
    assert account.metrics_of(ACCOUNT) == set(READ_METRICS)
    for isp in KNOWN_ISPS:
        assert account.metrics_of(ACCOUNT.at_provider(isp)) == {Metric.SEND}


def test_events_of_every_provider_are_read_when_emails_have_none_of_their_names(
    account: FakeAccount,
) -> None:
    account.sends(ACCOUNT, 10_000, 100, 10).sends(Scope(isp="Gmail"), 4_000)
    account.read()
    # The others have no emails, and Gmail has no feedback loop, but "other providers" are the
    # account without each of them.
    for isp in KNOWN_ISPS:
        assert account.metrics_of(ACCOUNT.at_provider(isp)) == set(READ_METRICS)
    # "Other providers" have no name to query.
    assert account.metrics_of(ACCOUNT.at_provider(OTHER_ISPS)) == set()


def test_catch_all_saves_the_queries_of_other_providers(account: FakeAccount) -> None:
    """Reading every metric of ten names took 44 queries with the account's own."""
    account.sends(ACCOUNT, 10_000, 100, 10).sends(Scope(isp="Gmail"), 6_000)
    account.sends(Scope(isp="Hotmail"), 1_000).sends(Scope(isp=UNKNOWN_ISP), 3_000)
    account.read()
    account_metrics, bounces, complaints = 4, 3, 2
    assert len(account.queried) == account_metrics + len(KNOWN_ISPS) + bounces + complaints
    assert account.metrics_of(Scope(isp=UNKNOWN_ISP)) == {
        Metric.SEND,
        Metric.PERMANENT_BOUNCE,
        Metric.COMPLAINT,
    }


def test_events_of_providers_are_read_only_when_the_account_has_enough_of_them(
    account: FakeAccount,
) -> None:
    hotmail = Scope(isp="Hotmail")
    account.sends(ACCOUNT, 10_000, bounced=19, complained=5).sends(hotmail, 10_000)
    account.read()
    assert account.metrics_of(hotmail) == {Metric.SEND, Metric.COMPLAINT}
    account.counts[Metric.PERMANENT_BOUNCE, ACCOUNT] = Gap.UNAVAILABLE
    account.read()
    assert Metric.PERMANENT_BOUNCE in account.metrics_of(hotmail), "unknown is not zero"


def test_sender_volume_is_read_first_and_events_only_when_they_can_matter(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 5_000, bounced=50).sends(SHOP_IDENTITY, 199)
    account.read()
    first = next(query for query in account.queried if query.scope == NEWS_IDENTITY)
    assert first == Query(Metric.SEND, NEWS_IDENTITY)
    assert account.metrics_of(SHOP_IDENTITY) == {Metric.SEND}, (
        "less than the min_volume of any rule"
    )
    assert account.metrics_of(NEWS_IDENTITY) == {
        Metric.SEND,
        Metric.PERMANENT_BOUNCE,
        Metric.COMPLAINT,
    }


def test_complaint_deliveries_are_read_only_when_complaints_can_break_a_rule(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 5_000, complained=4).sends(SHOP_IDENTITY, 5_000, complained=5)
    account.read()
    assert Metric.DELIVERY_COMPLAINT not in account.metrics_of(NEWS_IDENTITY)
    assert Metric.DELIVERY_COMPLAINT in account.metrics_of(SHOP_IDENTITY)


def test_events_are_read_when_emails_were_sent_on_the_day_before_the_window(
    account: FakeAccount,
) -> None:
    account.sends(NEWS_IDENTITY, 0)
    account.counts[Metric.SEND, NEWS_IDENTITY] = a_series(500, 0, 0, 0)
    account.read()
    assert Metric.PERMANENT_BOUNCE in account.metrics_of(NEWS_IDENTITY)


def test_sender_with_an_open_alert_is_read_for_every_metric(account: FakeAccount) -> None:
    deleted = Scope(identity="deleted.example.com")
    account.firing = frozenset({deleted, NEWS_IDENTITY.at_provider("Hotmail"), NEWS_IDENTITY})
    account.sends(NEWS_IDENTITY, 1)
    account.read()
    assert account.metrics_of(deleted) == account.metrics_of(NEWS_IDENTITY) == set(READ_METRICS)


def test_parts_with_an_open_alert_are_read_with_all_they_are_computed_from(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity_at_isp")]
    account.firing = frozenset(
        {NEWS_IDENTITY.at_provider("Hotmail"), NEWS_IDENTITY.at_provider(OTHER_ISPS)}
    )
    account.read()
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Hotmail")) == {
        Metric.SEND,
        Metric.PERMANENT_BOUNCE,
    }
    # "Other providers" are computed from the counts of every named one.
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Yahoo")) == {
        Metric.SEND,
        Metric.PERMANENT_BOUNCE,
    }


def test_query_batch_reserves_budget_for_its_follow_up_queries(account: FakeAccount) -> None:
    account.sends(NEWS_IDENTITY, 5_000)
    last = next_batches(account.plan, {}, Verdicts(account.plan, {}))[-1]
    assert last == QueryBatch((Query(Metric.SEND, NEWS_IDENTITY),), reserve=3)
    account.rules = [a_rule_for("identity_at_isp")]
    # One query for the bounces, and two at each provider and at the other providers.
    providers = len(KNOWN_ISPS) + 1
    assert next_batches(account.plan, {}, Verdicts(account.plan, {}))[-1].reserve == 1 + (
        2 * providers
    )


def test_deferred_senders_are_read_when_enough_email_is_unattributed(account: FakeAccount) -> None:
    account.sends(SHOP_IDENTITY, 9_900).sends(NEWS_IDENTITY, 100)
    account.roster = SenderRoster(
        {NEWS_IDENTITY: a_sender_record(), SHOP_IDENTITY: a_sender_record(5)}
    )
    account.read()
    assert account.metrics_of(NEWS_IDENTITY) == set(), "100 emails can breach no rule"
    account.sends(ACCOUNT, 10_400).sends(NEWS_IDENTITY, 500)
    account.roster = SenderRoster(
        {NEWS_IDENTITY: a_sender_record(), SHOP_IDENTITY: a_sender_record(5)}
    )
    account.read()
    assert account.metrics_of(NEWS_IDENTITY) >= {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_deferred_sender_is_read_only_when_unattributed_email_has_grown(
    account: FakeAccount,
) -> None:
    account.sends(ACCOUNT, 10_000).sends(SHOP_IDENTITY, 7_000)
    account.roster = SenderRoster(
        {NEWS_IDENTITY: a_sender_record(), SHOP_IDENTITY: a_sender_record(5)}, unattributed=2_900
    )
    account.read()
    assert account.metrics_of(NEWS_IDENTITY) == set()
    account.roster = SenderRoster(
        {NEWS_IDENTITY: a_sender_record(), SHOP_IDENTITY: a_sender_record(5)}, unattributed=2_800
    )
    account.read()
    assert account.metrics_of(NEWS_IDENTITY) == {Metric.SEND}, "200 more: the min_volume of a rule"


def test_deferred_sender_is_read_when_an_excluded_identity_has_most_emails(
    account: FakeAccount,
) -> None:
    account.rules = [
        a_rule_for("identity", exclude=ScopePatterns({Dimension.IDENTITY: ("*.test",)}))
    ]
    account.sends(ACCOUNT, 10_000).sends(SHOP_IDENTITY, 1_000).sends(NEWS_IDENTITY, 500)
    excluded = Scope(identity="a.test")
    account.sends(excluded, 8_500)
    account.roster = SenderRoster(
        {
            NEWS_IDENTITY: a_sender_record(),
            SHOP_IDENTITY: a_sender_record(5),
            excluded: a_sender_record(5),
        }
    )
    account.read()
    assert account.metrics_of(NEWS_IDENTITY) >= {Metric.SEND}


def test_deferred_senders_are_not_read_when_another_identity_is_unreadable(
    account: FakeAccount,
) -> None:
    account.sends(SHOP_IDENTITY, 1).sends(NEWS_IDENTITY, 1)
    account.counts[Metric.SEND, SHOP_IDENTITY] = Gap.UNAVAILABLE
    account.roster = SenderRoster(
        {NEWS_IDENTITY: a_sender_record(), SHOP_IDENTITY: a_sender_record(5)}
    )
    account.read()
    assert account.metrics_of(NEWS_IDENTITY) == set()


def test_unattributed_email_does_not_count_an_address_besides_its_domain(
    account: FakeAccount,
) -> None:
    address = Scope(identity="anna@shop.example.com")
    account.sends(SHOP_IDENTITY, 9_700).sends(address, 9_700).sends(NEWS_IDENTITY, 300)
    account.roster = SenderRoster(
        {
            SHOP_IDENTITY: a_sender_record(5),
            address: a_sender_record(5),
            NEWS_IDENTITY: a_sender_record(),
        },
        account.roster.listed_at,
    )
    account.read()
    # 10,000 - 9,700 = 300 emails are unattributed. With the address, the sum would exceed 10,000.
    assert account.metrics_of(NEWS_IDENTITY) >= {Metric.SEND}
