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
from vdm_alerts.core.planning.queries import ACCOUNT_SENT, Query, answer, as_of
from vdm_alerts.core.planning.query_batches import QueryBatch
from vdm_alerts.core.planning.roster import Entry, Roster
from vdm_alerts.core.planning.verdicts import EarlyVerdicts, evaluate_scope
from vdm_alerts.core.rules.patterns import Globs
from vdm_alerts.core.rules.rule import Rule


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount().sends(ACCOUNT, 10_000, bounced=100)


def test_everything_is_asked_of_the_account_and_of_every_provider(account: FakeAccount) -> None:
    account.read()
    assert account.metrics_of(ACCOUNT) == set(METRICS)
    for isp in KNOWN_ISPS:
        assert account.metrics_of(ACCOUNT.at(isp)) == set(METRICS), "gmail's too, for what is left"
    assert account.metrics_of(ACCOUNT.at(OTHER_ISPS)) == set(), "which has no name to ask by"


def test_what_goes_to_no_known_provider_is_what_is_left(account: FakeAccount) -> None:
    account.sends(ACCOUNT.at("Hotmail"), 4_000, bounced=30).sends(ACCOUNT.at("Gmail"), 5_000)
    found = account.read()
    other = Query(Metric.SEND, ACCOUNT.at(OTHER_ISPS))
    assert answer(other, account.plan.isps, found) == a_series(1_000)
    account.counts[Metric.SEND, ACCOUNT.at("Yahoo")] = Gap.UNAVAILABLE
    assert answer(other, account.plan.isps, account.read()) is Gap.UNAVAILABLE
    assert answer(other, account.plan.isps, {}) is None


def test_what_is_counted_ahead_of_the_whole_leaves_nothing_and_not_less() -> None:
    """The whole and its parts are read one after the other, while today's counts grow."""
    assert a_series(5, 10).minus([a_series(2, 4), a_series(9)]) == a_series(3, 0)


def test_of_a_sender_the_mail_is_asked_first_and_the_rest_where_it_can_matter(
    account: FakeAccount,
) -> None:
    account.sends(NEWS, 5_000, bounced=50).sends(SHOP, 199)
    (first, *_) = (query for query in account.queried or account.read() if query.scope == NEWS)
    assert first == Query(Metric.SEND, NEWS)
    assert account.metrics_of(SHOP) == {Metric.SEND}, "fewer than any rule's min_volume"
    assert account.metrics_of(NEWS) == {Metric.SEND, Metric.PERMANENT_BOUNCE, Metric.COMPLAINT}


def test_what_complaints_are_divided_by_is_asked_only_where_they_are_enough(
    account: FakeAccount,
) -> None:
    account.sends(NEWS, 5_000, complained=4).sends(SHOP, 5_000, complained=5)
    account.read()
    assert Metric.DELIVERY_COMPLAINT not in account.metrics_of(NEWS)
    assert Metric.DELIVERY_COMPLAINT in account.metrics_of(SHOP)


def test_mail_of_the_day_before_the_window_may_be_delivered_in_it(account: FakeAccount) -> None:
    account.sends(NEWS, 0)
    account.counts[Metric.SEND, NEWS] = a_series(500, 0, 0, 0)
    account.read()
    assert Metric.PERMANENT_BOUNCE in account.metrics_of(NEWS)


def test_everything_is_asked_of_what_an_alert_is_open_for(account: FakeAccount) -> None:
    gone, pair = Scope(identity="gone.example.com"), NEWS.at("Hotmail")
    account.firing = frozenset({gone, pair, NEWS})
    account.sends(NEWS, 1)
    account.read()
    assert account.metrics_of(gone) == account.metrics_of(NEWS) == set(METRICS)


def test_a_part_that_an_alert_is_open_for_is_asked_about_too(account: FakeAccount) -> None:
    account.rules = [a_rule_for("identity_at_isp")]
    account.firing = frozenset({NEWS.at("Hotmail"), NEWS.at(OTHER_ISPS)})
    account.read()
    assert account.metrics_of(NEWS.at("Hotmail")) == {Metric.SEND, Metric.PERMANENT_BOUNCE}
    assert account.metrics_of(NEWS.at("Yahoo")) == {Metric.SEND, Metric.PERMANENT_BOUNCE}, (
        "an ingredient"
    )


def test_who_is_quiet_is_left_alone_until_a_day_has_passed(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 0)
    account.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)})
    account.now = NOW + HOUR
    account.read()
    assert account.metrics_of(NEWS) == set()
    assert account.metrics_of(SHOP) == {Metric.SEND}
    account.now = NOW + timedelta(days=1)
    account.read()
    assert account.metrics_of(NEWS) == {Metric.SEND}


def test_an_excluded_identity_keeps_nobody_from_being_woken(account: FakeAccount) -> None:
    account.rules = [a_rule_for("identity", exclude=Globs({Dimension.IDENTITY: ("*.test",)}))]
    account.sends(ACCOUNT, 10_000).sends(SHOP, 1_000).sends(NEWS, 500)
    account.sends(test := Scope(identity="a.test"), 8_500)
    account.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5), test: an_entry(5)})
    account.read()
    assert account.metrics_of(NEWS) >= {Metric.SEND}


def test_mail_that_was_nobodys_before_wakes_nobody_again(account: FakeAccount) -> None:
    account.sends(ACCOUNT, 10_000).sends(SHOP, 7_000)
    account.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)}, unclaimed=2_900)
    account.read()
    assert account.metrics_of(NEWS) == set()
    account.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)}, unclaimed=2_800)
    account.read()
    assert account.metrics_of(NEWS) == {Metric.SEND}, "200 more, which is enough for a rule"


def test_where_a_rule_is_about_single_days_nobody_rests_that_long(account: FakeAccount) -> None:
    account.rules = [a_rule_for("identity", windows=(Window(1),))]
    account.roster = Roster({NEWS: an_entry()})
    account.now = NOW + 3 * HOUR
    assert NEWS in account.plan.selection.deferred
    account.now = NOW + 4 * HOUR
    assert NEWS in account.plan.selection.due


def test_a_schedule_may_be_a_little_early(account: FakeAccount) -> None:
    account.roster = Roster({NEWS: an_entry()})
    account.now = NOW + timedelta(days=1) - timedelta(minutes=5)
    assert NEWS in account.plan.selection.due


def test_an_address_is_within_its_domain_in_any_case(account: FakeAccount) -> None:
    address = Scope(identity="anna@SHOP.example.com")
    account.roster = Roster({SHOP: an_entry(5), address: an_entry(5)})
    assert account.plan.rule_scopes.is_within_a_domain(address)
    assert not account.plan.rule_scopes.is_within_a_domain(SHOP)


def test_a_provider_that_ses_refuses_is_no_part_of_what_is_left(account: FakeAccount) -> None:
    named = Globs({Dimension.ISP: ("*", "Nobody")})
    account.rules = [a_rule_for("isp", include=named)]
    account.roster = Roster({ACCOUNT.at("Nobody"): an_entry(refused=True)})
    account.read()
    assert account.metrics_of(ACCOUNT.at("Nobody")) == set()
    assert "Nobody" not in account.plan.isps


def test_mail_that_nobody_has_sent_wakes_all_who_were_quiet(account: FakeAccount) -> None:
    account.sends(SHOP, 9_900).sends(NEWS, 100)
    account.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)})
    account.read()
    assert account.metrics_of(NEWS) == set(), "a hundred mails matter to no rule"
    account.sends(ACCOUNT, 10_400).sends(NEWS, 500)
    account.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)})
    account.read()
    assert account.metrics_of(NEWS) >= {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_an_address_in_a_domain_is_not_counted_beside_it(account: FakeAccount) -> None:
    address = Scope(identity="anna@shop.example.com")
    account.sends(SHOP, 9_700).sends(address, 9_700).sends(NEWS, 300)
    account.roster = Roster(
        {SHOP: an_entry(5), address: an_entry(5), NEWS: an_entry()}, account.roster.listed
    )
    account.read()
    assert account.metrics_of(NEWS) >= {Metric.SEND}, (
        "300 mails are nobody's, and not 9,400 too many"
    )


def test_where_an_identity_cannot_be_read_nobody_is_woken(account: FakeAccount) -> None:
    account.sends(SHOP, 1).sends(NEWS, 1)
    account.counts[Metric.SEND, SHOP] = Gap.UNAVAILABLE
    account.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)})
    account.read()
    assert account.metrics_of(NEWS) == set()


def test_a_sender_whose_name_ses_refuses_is_not_asked_about(account: FakeAccount) -> None:
    account.sends(NEWS, 5_000)
    account.roster = Roster({NEWS: an_entry(refused=True)})
    account.firing = frozenset({NEWS})
    account.read()
    assert account.metrics_of(NEWS) == set()


def test_only_what_some_rule_covers_is_asked_about(account: FakeAccount) -> None:
    account.rules = [a_rule()]
    account.sends(NEWS, 5_000).sends(Scope(tenant="t"), 5_000)
    account.read()
    assert account.metrics_of(Scope(tenant="t")) == set()
    assert account.metrics_of(NEWS) == {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_of_excluded_names_nothing_is_asked_but_whose_mail_it_is(account: FakeAccount) -> None:
    account.rules = [
        a_rule_for("identity", exclude=Globs({Dimension.IDENTITY: ("*.TEST.example.com",)}))
    ]
    test = Scope(identity="a.test.example.com")
    account.sends(NEWS, 5_000).sends(test, 5_000)
    account.read()
    assert account.metrics_of(test) == {Metric.SEND}
    assert Metric.PERMANENT_BOUNCE in account.metrics_of(NEWS)


def test_included_names_are_the_only_ones_and_an_unknown_provider_is_one_more(
    account: FakeAccount,
) -> None:
    named = Globs({Dimension.IDENTITY: ("news.*",), Dimension.ISP: ("Yahoo", "Orange")})
    account.rules = [a_rule_for("identity", "isp", include=named)]
    account.sends(NEWS, 5_000).sends(SHOP, 5_000)
    account.read()
    assert account.metrics_of(SHOP) == {Metric.SEND}
    assert account.metrics_of(ACCOUNT.at("Orange")) == {Metric.SEND, Metric.PERMANENT_BOUNCE}
    assert account.metrics_of(ACCOUNT.at("Hotmail")) == set()


def test_of_many_only_the_top_by_volume_are_watched_and_the_others_counted_daily(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity", top=2)]
    senders = [Scope(identity=f"{each}.example.com") for each in range(5)]
    for each, sender in enumerate(senders):
        account.sends(sender, 1_000 * (each + 1))
    address = Scope(identity="anna@4.example.com")
    account.roster = Roster(
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


def test_one_query_serves_every_window_of_every_rule(account: FakeAccount) -> None:
    account.rules = [a_rule(windows=(1, 3)), a_rule("long", windows=(30,))]
    account.read()
    assert len(account.queried) == len(set(account.queried))


def test_the_top_is_of_those_that_the_rule_is_about(account: FakeAccount) -> None:
    mine = Globs({Dimension.IDENTITY: ("*.example.com",)})
    account.rules = [a_rule_for("identity", include=mine, top=1), a_rule("all")]
    larger = Scope(identity="a.example.org")
    account.roster = Roster({NEWS: an_entry(5), larger: an_entry(99)})
    assert account.plan.rule_scopes.applies(account.rules[0], NEWS)


def test_who_has_waited_longest_comes_first_and_then_who_sends_most(account: FakeAccount) -> None:
    waiting = Scope(identity="waiting.example.com")
    new = Scope(identity="new.example.com")
    account.roster = Roster(
        {
            NEWS: an_entry(10),
            SHOP: an_entry(99),
            waiting: an_entry(1, NOW - HOUR),
            new: Entry(),
        }
    )
    assert [one for one in account.plan.selection.due if one.identity] == [new, waiting, SHOP, NEWS]


def test_a_step_says_how_much_it_may_lead_to(account: FakeAccount) -> None:
    account.sends(NEWS, 5_000)
    last = next_batches(account.plan, {}, EarlyVerdicts(account.plan))[-1]
    assert last == QueryBatch((Query(Metric.SEND, NEWS),), reserve=3)
    account.rules = [a_rule_for("identity_at_isp")]
    assert next_batches(account.plan, {}, EarlyVerdicts(account.plan))[-1].reserve == 1 + 2 * 11, (
        "every provider, and all others"
    )


def test_whoever_is_begun_with_comes_before_the_next(account: FakeAccount) -> None:
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


def test_as_many_steps_are_taken_as_can_be_afforded() -> None:
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
def test_what_is_not_asked_could_have_broken_no_rule(
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
            if rule.covers(scope) and not rule.indicator.gap_of(scope):
                events, volume = rule.indicator.events, rule.indicator.volume
                counts = account.answer(events, scope), account.answer(volume, scope)
                all_known = evaluate_series(rule, scope, counts, as_of(NOW, NOW.date(), found))
                seen = evaluate_scope(rule, scope, account.plan, found)
                assert isinstance(all_known, Breached) == isinstance(seen, Breached)
                if isinstance(seen, Breached):
                    assert seen == all_known


def test_the_series_of_a_rule_are_those_that_may_have_mail(account: FakeAccount) -> None:
    account.rules = [a_rule_for("identity"), a_rule_for("identity_at_isp", name="pairs")]
    account.sends(NEWS, 1_000).sends(SHOP, 0)
    identities, pairs = account.rules
    assert account.plan.series_counts[identities.name] == 2, "nobody has been read"
    account.roster = Roster({NEWS: an_entry(1_000), SHOP: an_entry(0)})
    assert account.plan.series_counts[identities.name] == 1
    assert account.plan.series_counts[pairs.name] == len(KNOWN_ISPS) + 1
    only = replace(pairs, name="only", include=Globs({Dimension.ISP: ("Hotmail",)}))
    account.rules = [only]
    assert account.plan.series_counts[only.name] == 1
    account.roster = Roster({SHOP: an_entry(0)})
    assert account.plan.series_counts[only.name] == 0
