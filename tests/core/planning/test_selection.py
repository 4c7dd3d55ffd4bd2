"""What is asked for, of an account that a test makes up."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from accounts import (
    BOUNCES,
    COMPLAINTS,
    METRICS,
    SHOP,
    SURE,
    SURE_OF_COMPLAINTS,
    FakeAccount,
    a_rule_for,
)
from builders import HOUR, NEWS, NOW, a_rule, a_series, an_entry
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS, OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.next_batches import next_batches, within_budget
from vdm_alerts.core.planning.queries import ACCOUNT_SENT, Query, data_as_of, find_answer
from vdm_alerts.core.planning.query_batches import QueryBatch
from vdm_alerts.core.planning.roster import SenderRecord, SenderRoster
from vdm_alerts.core.planning.verdicts import EarlyVerdicts, evaluate_scope
from vdm_alerts.core.rules.patterns import ScopePatterns
from vdm_alerts.core.rules.rule import Rule


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount().sends(ACCOUNT, 10_000, bounced=100)


def test_account_and_known_providers_are_read_for_every_metric(account: FakeAccount) -> None:
    account.read()
    assert account.metrics_of(ACCOUNT) == set(METRICS)
    for isp in KNOWN_ISPS:
        assert account.metrics_of(ACCOUNT.at(isp)) == set(METRICS), "gmail's too, for what is left"
    assert account.metrics_of(ACCOUNT.at(OTHER_ISPS)) == set(), "which has no name to ask by"


def test_other_providers_count_is_the_account_minus_the_known_providers(
    account: FakeAccount,
) -> None:
    account.sends(ACCOUNT.at("Hotmail"), 4_000, bounced=30).sends(ACCOUNT.at("Gmail"), 5_000)
    found = account.read()
    other = Query(Metric.SEND, ACCOUNT.at(OTHER_ISPS))
    assert find_answer(other, account.plan.isps, found) == a_series(1_000)
    account.counts[Metric.SEND, ACCOUNT.at("Yahoo")] = Gap.UNAVAILABLE
    assert find_answer(other, account.plan.isps, account.read()) is Gap.UNAVAILABLE
    assert find_answer(other, account.plan.isps, {}) is None


def test_series_difference_is_zero_on_days_when_the_parts_exceed_the_whole() -> None:
    """The whole and its parts are read one after the other, while today's counts grow."""
    assert a_series(5, 10).minus([a_series(2, 4), a_series(9)]) == a_series(3, 0)


def test_sender_volume_is_read_first_and_events_only_when_they_can_matter(
    account: FakeAccount,
) -> None:
    account.sends(NEWS, 5_000, bounced=50).sends(SHOP, 199)
    (first, *_) = (query for query in account.queried or account.read() if query.scope == NEWS)
    assert first == Query(Metric.SEND, NEWS)
    assert account.metrics_of(SHOP) == {Metric.SEND}, "fewer than any rule's min_volume"
    assert account.metrics_of(NEWS) == {Metric.SEND, Metric.PERMANENT_BOUNCE, Metric.COMPLAINT}


def test_complaint_deliveries_are_read_only_when_complaints_can_break_a_rule(
    account: FakeAccount,
) -> None:
    account.sends(NEWS, 5_000, complained=4).sends(SHOP, 5_000, complained=5)
    account.read()
    assert Metric.DELIVERY_COMPLAINT not in account.metrics_of(NEWS)
    assert Metric.DELIVERY_COMPLAINT in account.metrics_of(SHOP)


def test_events_are_read_when_emails_were_sent_on_the_day_before_the_window(
    account: FakeAccount,
) -> None:
    account.sends(NEWS, 0)
    account.counts[Metric.SEND, NEWS] = a_series(500, 0, 0, 0)
    account.read()
    assert Metric.PERMANENT_BOUNCE in account.metrics_of(NEWS)


def test_sender_with_an_open_alert_is_read_for_every_metric(account: FakeAccount) -> None:
    gone, pair = Scope(identity="gone.example.com"), NEWS.at("Hotmail")
    account.firing = frozenset({gone, pair, NEWS})
    account.sends(NEWS, 1)
    account.read()
    assert account.metrics_of(gone) == account.metrics_of(NEWS) == set(METRICS)


def test_parts_with_an_open_alert_are_read_with_all_they_are_computed_from(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity_at_isp")]
    account.firing = frozenset({NEWS.at("Hotmail"), NEWS.at(OTHER_ISPS)})
    account.read()
    assert account.metrics_of(NEWS.at("Hotmail")) == {Metric.SEND, Metric.PERMANENT_BOUNCE}
    assert account.metrics_of(NEWS.at("Yahoo")) == {Metric.SEND, Metric.PERMANENT_BOUNCE}, (
        "an ingredient"
    )


def test_sender_without_emails_is_read_once_a_day(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 0)
    account.roster = SenderRoster({NEWS: an_entry(), SHOP: an_entry(5)})
    account.now = NOW + HOUR
    account.read()
    assert account.metrics_of(NEWS) == set()
    assert account.metrics_of(SHOP) == {Metric.SEND}
    account.now = NOW + timedelta(days=1)
    account.read()
    assert account.metrics_of(NEWS) == {Metric.SEND}


def test_deferred_sender_is_read_when_an_excluded_identity_has_most_emails(
    account: FakeAccount,
) -> None:
    account.rules = [
        a_rule_for("identity", exclude=ScopePatterns({Dimension.IDENTITY: ("*.test",)}))
    ]
    account.sends(ACCOUNT, 10_000).sends(SHOP, 1_000).sends(NEWS, 500)
    account.sends(test := Scope(identity="a.test"), 8_500)
    account.roster = SenderRoster({NEWS: an_entry(), SHOP: an_entry(5), test: an_entry(5)})
    account.read()
    assert account.metrics_of(NEWS) >= {Metric.SEND}


def test_deferred_sender_is_read_only_when_unattributed_email_has_grown(
    account: FakeAccount,
) -> None:
    account.sends(ACCOUNT, 10_000).sends(SHOP, 7_000)
    account.roster = SenderRoster({NEWS: an_entry(), SHOP: an_entry(5)}, unattributed=2_900)
    account.read()
    assert account.metrics_of(NEWS) == set()
    account.roster = SenderRoster({NEWS: an_entry(), SHOP: an_entry(5)}, unattributed=2_800)
    account.read()
    assert account.metrics_of(NEWS) == {Metric.SEND}, "200 more, which is enough for a rule"


def test_deferral_ends_after_four_hours_when_a_rule_has_a_one_day_window(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity", windows=(Window(1),))]
    account.roster = SenderRoster({NEWS: an_entry()})
    account.now = NOW + 3 * HOUR
    assert NEWS in account.plan.selection.deferred
    account.now = NOW + 4 * HOUR
    assert NEWS in account.plan.selection.due


def test_deferred_sender_is_due_when_a_daily_run_starts_a_few_minutes_early(
    account: FakeAccount,
) -> None:
    account.roster = SenderRoster({NEWS: an_entry()})
    account.now = NOW + timedelta(days=1) - timedelta(minutes=5)
    assert NEWS in account.plan.selection.due


def test_address_is_within_its_domain_whatever_the_letter_case(account: FakeAccount) -> None:
    address = Scope(identity="anna@SHOP.example.com")
    account.roster = SenderRoster({SHOP: an_entry(5), address: an_entry(5)})
    assert account.plan.rule_scopes.is_within_a_domain(address)
    assert not account.plan.rule_scopes.is_within_a_domain(SHOP)


def test_rejected_provider_is_neither_read_nor_subtracted_from_the_account(
    account: FakeAccount,
) -> None:
    named = ScopePatterns({Dimension.ISP: ("*", "Nobody")})
    account.rules = [a_rule_for("isp", include=named)]
    account.roster = SenderRoster({ACCOUNT.at("Nobody"): an_entry(refused=True)})
    account.read()
    assert account.metrics_of(ACCOUNT.at("Nobody")) == set()
    assert "Nobody" not in account.plan.isps


def test_deferred_senders_are_read_when_enough_email_is_unattributed(account: FakeAccount) -> None:
    account.sends(SHOP, 9_900).sends(NEWS, 100)
    account.roster = SenderRoster({NEWS: an_entry(), SHOP: an_entry(5)})
    account.read()
    assert account.metrics_of(NEWS) == set(), "a hundred mails matter to no rule"
    account.sends(ACCOUNT, 10_400).sends(NEWS, 500)
    account.roster = SenderRoster({NEWS: an_entry(), SHOP: an_entry(5)})
    account.read()
    assert account.metrics_of(NEWS) >= {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_unattributed_email_does_not_count_an_address_besides_its_domain(
    account: FakeAccount,
) -> None:
    address = Scope(identity="anna@shop.example.com")
    account.sends(SHOP, 9_700).sends(address, 9_700).sends(NEWS, 300)
    account.roster = SenderRoster(
        {SHOP: an_entry(5), address: an_entry(5), NEWS: an_entry()}, account.roster.listed_at
    )
    account.read()
    assert account.metrics_of(NEWS) >= {Metric.SEND}, (
        "300 mails are nobody's, and not 9,400 too many"
    )


def test_deferred_senders_are_not_read_when_another_identity_is_unreadable(
    account: FakeAccount,
) -> None:
    account.sends(SHOP, 1).sends(NEWS, 1)
    account.counts[Metric.SEND, SHOP] = Gap.UNAVAILABLE
    account.roster = SenderRoster({NEWS: an_entry(), SHOP: an_entry(5)})
    account.read()
    assert account.metrics_of(NEWS) == set()


def test_sender_with_a_rejected_name_is_not_read_even_with_an_open_alert(
    account: FakeAccount,
) -> None:
    account.sends(NEWS, 5_000)
    account.roster = SenderRoster({NEWS: an_entry(refused=True)})
    account.firing = frozenset({NEWS})
    account.read()
    assert account.metrics_of(NEWS) == set()


def test_only_scopes_and_metrics_of_some_rule_are_read(account: FakeAccount) -> None:
    account.rules = [a_rule()]
    account.sends(NEWS, 5_000).sends(Scope(tenant="t"), 5_000)
    account.read()
    assert account.metrics_of(Scope(tenant="t")) == set()
    assert account.metrics_of(NEWS) == {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_excluded_identity_is_read_for_its_volume_only(account: FakeAccount) -> None:
    account.rules = [
        a_rule_for("identity", exclude=ScopePatterns({Dimension.IDENTITY: ("*.TEST.example.com",)}))
    ]
    test = Scope(identity="a.test.example.com")
    account.sends(NEWS, 5_000).sends(test, 5_000)
    account.read()
    assert account.metrics_of(test) == {Metric.SEND}
    assert Metric.PERMANENT_BOUNCE in account.metrics_of(NEWS)


def test_include_patterns_limit_the_scopes_and_add_an_unknown_provider(
    account: FakeAccount,
) -> None:
    named = ScopePatterns({Dimension.IDENTITY: ("news.*",), Dimension.ISP: ("Yahoo", "Orange")})
    account.rules = [a_rule_for("identity", "isp", include=named)]
    account.sends(NEWS, 5_000).sends(SHOP, 5_000)
    account.read()
    assert account.metrics_of(SHOP) == {Metric.SEND}
    assert account.metrics_of(ACCOUNT.at("Orange")) == {Metric.SEND, Metric.PERMANENT_BOUNCE}
    assert account.metrics_of(ACCOUNT.at("Hotmail")) == set()


def test_only_the_top_senders_are_monitored_and_the_others_are_counted_daily(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity", top=2)]
    senders = [Scope(identity=f"{each}.example.com") for each in range(5)]
    for each, sender in enumerate(senders):
        account.sends(sender, 1_000 * (each + 1))
    address = Scope(identity="anna@4.example.com")
    account.roster = SenderRoster(
        {sender: an_entry(1_000 * (each + 1)) for each, sender in enumerate(senders)}
        | {address: an_entry(4_900)}
    )
    account.read()
    asked = [account.metrics_of(sender) for sender in senders]
    assert asked == [set(), set(), set(), *[{Metric.SEND, Metric.PERMANENT_BOUNCE}] * 2]
    assert not account.plan.rule_scopes.applies(account.rules[0], senders[0])
    account.firing = frozenset({senders[0]})
    assert account.plan.rule_scopes.applies(account.rules[0], senders[0])
    account.firing = frozenset()
    account.now += timedelta(days=1)
    account.read()
    assert account.metrics_of(senders[0]) == {Metric.SEND}


def test_windows_and_rules_share_one_query_per_metric_and_scope(account: FakeAccount) -> None:
    account.rules = [a_rule(windows=(1, 3)), a_rule("long", windows=(30,))]
    account.read()
    assert len(account.queried) == len(set(account.queried))


def test_top_ranks_only_the_scopes_that_the_rule_includes(account: FakeAccount) -> None:
    mine = ScopePatterns({Dimension.IDENTITY: ("*.example.com",)})
    account.rules = [a_rule_for("identity", include=mine, top=1), a_rule("all")]
    larger = Scope(identity="a.example.org")
    account.roster = SenderRoster({NEWS: an_entry(5), larger: an_entry(99)})
    assert account.plan.rule_scopes.applies(account.rules[0], NEWS)


def test_due_senders_are_ordered_by_longest_wait_and_then_by_volume(account: FakeAccount) -> None:
    waiting = Scope(identity="waiting.example.com")
    new = Scope(identity="new.example.com")
    account.roster = SenderRoster(
        {
            NEWS: an_entry(10),
            SHOP: an_entry(99),
            waiting: an_entry(1, NOW - HOUR),
            new: SenderRecord(),
        }
    )
    assert [one for one in account.plan.selection.due if one.identity] == [new, waiting, SHOP, NEWS]


def test_query_batch_reserves_budget_for_its_follow_up_queries(account: FakeAccount) -> None:
    account.sends(NEWS, 5_000)
    last = next_batches(account.plan, {}, EarlyVerdicts(account.plan))[-1]
    assert last == QueryBatch((Query(Metric.SEND, NEWS),), reserve=3)
    account.rules = [a_rule_for("identity_at_isp")]
    assert next_batches(account.plan, {}, EarlyVerdicts(account.plan))[-1].reserve == 1 + 2 * 11, (
        "every provider, and all others"
    )


def test_sender_already_begun_is_read_to_the_end_before_the_next_one(account: FakeAccount) -> None:
    """Only so is somebody read to the end when queries are few."""
    account.rules = [a_rule_for("identity", "identity_at_isp")]
    account.sends(NEWS, 5_000, bounced=400).sends(SHOP, 5_000)
    found: dict[Query, Series | Gap] = {ACCOUNT_SENT: a_series(10_000)}
    found |= {Query(metric, NEWS): account.answer(metric, NEWS) for metric in METRICS[:2]}
    asked = [
        query.scope
        for step in next_batches(account.plan, found, EarlyVerdicts(account.plan))
        for query in step.queries
    ]
    assert asked.index(NEWS.at("Gmail")) < asked.index(SHOP)


def test_query_batches_are_taken_in_order_within_the_budget() -> None:
    one, two, three = (Query(metric, NEWS) for metric in METRICS[:3])
    steps = [QueryBatch((one,), 3), QueryBatch((two,), 9), QueryBatch((one, three), 1)]
    assert within_budget(steps, None, None) == [one, two, three]
    assert within_budget(steps, 20, 20) == [one, two, three]
    assert within_budget(steps, 6, 20) == [one], (
        "the second has to wait, and who comes after it too"
    )
    assert within_budget(steps, 6, 8) == [one, three], "the second can never be afforded"
    assert within_budget(steps, 3, 20) == []


FIGURES = st.tuples(st.integers(0, 20_000), st.integers(0, 2_000), st.integers(0, 100))
"""Sent, bounced, complained about; the last two no more than the first."""


@given(
    st.sampled_from([[BOUNCES, COMPLAINTS], [SURE, SURE_OF_COMPLAINTS]]),
    st.dictionaries(
        st.builds(Scope, identity=st.sampled_from(["a.example.com", "b.example.com", "x@b.org"])),
        FIGURES,
    ),
    st.dictionaries(st.sampled_from(KNOWN_ISPS), FIGURES),
    FIGURES,
)
def test_selective_reading_finds_the_same_breaches_as_reading_everything(
    rules: list[Rule],
    senders: Mapping[Scope, tuple[int, int, int]],
    isps: Mapping[str, tuple[int, int, int]],
    whole: tuple[int, int, int],
) -> None:
    """Asking for everything of everybody finds the same breaches, and no other."""
    account = FakeAccount(rules)
    figures = {ACCOUNT: whole, **senders, **{ACCOUNT.at(isp): of for isp, of in isps.items()}}
    for scope, (sent, bounced, complained) in figures.items():
        account.sends(scope, sent, min(sent, bounced), min(sent, complained))
    found = account.read()
    for scope in figures:
        for rule in account.rules:
            if rule.covers(scope) and not rule.indicator.permanent_gap(scope):
                events, volume = rule.indicator.events, rule.indicator.volume
                counts = account.answer(events, scope), account.answer(volume, scope)
                all_known = evaluate_series(rule, scope, counts, data_as_of(NOW, NOW.date(), found))
                seen = evaluate_scope(rule, scope, account.plan, found)
                assert isinstance(all_known, Breached) == isinstance(seen, Breached)
                if isinstance(seen, Breached):
                    assert seen == all_known


def test_series_count_of_a_rule_includes_only_scopes_that_can_have_emails(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity"), a_rule_for("identity_at_isp", name="pairs")]
    account.sends(NEWS, 1_000).sends(SHOP, 0)
    identities, pairs = account.rules
    assert account.plan.series_counts[identities.name] == 2, "nobody has been read"
    account.roster = SenderRoster({NEWS: an_entry(1_000), SHOP: an_entry(0)})
    assert account.plan.series_counts[identities.name] == 1
    assert account.plan.series_counts[pairs.name] == len(KNOWN_ISPS) + 1
    only = replace(pairs, name="only", include=ScopePatterns({Dimension.ISP: ("Hotmail",)}))
    account.rules = [only]
    assert account.plan.series_counts[only.name] == 1
    account.roster = SenderRoster({SHOP: an_entry(0)})
    assert account.plan.series_counts[only.name] == 0
