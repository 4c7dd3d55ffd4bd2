"""What is asked for, of an account that a test makes up."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from accounts import BOUNCES, COMPLAINTS, METRICS, SHOP, SURE, SURE_OF_COMPLAINTS, Told, watching
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
def told() -> Told:
    return Told().sends(ACCOUNT, 10_000, bounced=100)


def test_everything_is_asked_of_the_account_and_of_every_provider(told: Told) -> None:
    told.found()
    assert told.of(ACCOUNT) == set(METRICS)
    for isp in KNOWN_ISPS:
        assert told.of(ACCOUNT.at(isp)) == set(METRICS), "gmail's too, for what is left"
    assert told.of(ACCOUNT.at(OTHER_ISPS)) == set(), "which has no name to ask by"


def test_what_goes_to_no_known_provider_is_what_is_left(told: Told) -> None:
    told.sends(ACCOUNT.at("Hotmail"), 4_000, bounced=30).sends(ACCOUNT.at("Gmail"), 5_000)
    found = told.found()
    other = Query(Metric.SEND, ACCOUNT.at(OTHER_ISPS))
    assert answer(other, told.plan.isps, found) == a_series(1_000)
    told.counts[Metric.SEND, ACCOUNT.at("Yahoo")] = Gap.UNAVAILABLE
    assert answer(other, told.plan.isps, told.found()) is Gap.UNAVAILABLE
    assert answer(other, told.plan.isps, {}) is None


def test_what_is_counted_ahead_of_the_whole_leaves_nothing_and_not_less() -> None:
    """The whole and its parts are read one after the other, while today's counts grow."""
    assert a_series(5, 10).minus([a_series(2, 4), a_series(9)]) == a_series(3, 0)


def test_of_a_sender_the_mail_is_asked_first_and_the_rest_where_it_can_matter(told: Told) -> None:
    told.sends(NEWS, 5_000, bounced=50).sends(SHOP, 199)
    (first, *_) = (query for query in told.asked or told.found() if query.scope == NEWS)
    assert first == Query(Metric.SEND, NEWS)
    assert told.of(SHOP) == {Metric.SEND}, "fewer than any rule's min_volume"
    assert told.of(NEWS) == {Metric.SEND, Metric.PERMANENT_BOUNCE, Metric.COMPLAINT}


def test_what_complaints_are_divided_by_is_asked_only_where_they_are_enough(told: Told) -> None:
    told.sends(NEWS, 5_000, complained=4).sends(SHOP, 5_000, complained=5)
    told.found()
    assert Metric.DELIVERY_COMPLAINT not in told.of(NEWS)
    assert Metric.DELIVERY_COMPLAINT in told.of(SHOP)


def test_mail_of_the_day_before_the_window_may_be_delivered_in_it(told: Told) -> None:
    told.sends(NEWS, 0)
    told.counts[Metric.SEND, NEWS] = a_series(500, 0, 0, 0)
    told.found()
    assert Metric.PERMANENT_BOUNCE in told.of(NEWS)


def test_everything_is_asked_of_what_an_alert_is_open_for(told: Told) -> None:
    gone, pair = Scope(identity="gone.example.com"), NEWS.at("Hotmail")
    told.remembered = frozenset({gone, pair, NEWS})
    told.sends(NEWS, 1)
    told.found()
    assert told.of(gone) == told.of(NEWS) == set(METRICS)


def test_a_part_that_an_alert_is_open_for_is_asked_about_too(told: Told) -> None:
    told.rules = [watching("identity_at_isp")]
    told.remembered = frozenset({NEWS.at("Hotmail"), NEWS.at(OTHER_ISPS)})
    told.found()
    assert told.of(NEWS.at("Hotmail")) == {Metric.SEND, Metric.PERMANENT_BOUNCE}
    assert told.of(NEWS.at("Yahoo")) == {Metric.SEND, Metric.PERMANENT_BOUNCE}, "an ingredient"


def test_who_is_quiet_is_left_alone_until_a_day_has_passed(told: Told) -> None:
    told.sends(ACCOUNT, 0)
    told.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)})
    told.now = NOW + HOUR
    told.found()
    assert told.of(NEWS) == set()
    assert told.of(SHOP) == {Metric.SEND}
    told.now = NOW + timedelta(days=1)
    told.found()
    assert told.of(NEWS) == {Metric.SEND}


def test_an_excluded_identity_keeps_nobody_from_being_woken(told: Told) -> None:
    told.rules = [watching("identity", exclude=Globs({Dimension.IDENTITY: ("*.test",)}))]
    told.sends(ACCOUNT, 10_000).sends(SHOP, 1_000).sends(NEWS, 500)
    told.sends(test := Scope(identity="a.test"), 8_500)
    told.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5), test: an_entry(5)})
    told.found()
    assert told.of(NEWS) >= {Metric.SEND}


def test_mail_that_was_nobodys_before_wakes_nobody_again(told: Told) -> None:
    told.sends(ACCOUNT, 10_000).sends(SHOP, 7_000)
    told.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)}, unclaimed=2_900)
    told.found()
    assert told.of(NEWS) == set()
    told.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)}, unclaimed=2_800)
    told.found()
    assert told.of(NEWS) == {Metric.SEND}, "200 more, which is enough for a rule"


def test_where_a_rule_is_about_single_days_nobody_rests_that_long(told: Told) -> None:
    told.rules = [watching("identity", windows=(Window(1),))]
    told.roster = Roster({NEWS: an_entry()})
    told.now = NOW + 3 * HOUR
    assert NEWS in told.plan.selection.deferred
    told.now = NOW + 4 * HOUR
    assert NEWS in told.plan.selection.due


def test_a_schedule_may_be_a_little_early(told: Told) -> None:
    told.roster = Roster({NEWS: an_entry()})
    told.now = NOW + timedelta(days=1) - timedelta(minutes=5)
    assert NEWS in told.plan.selection.due


def test_an_address_is_within_its_domain_in_any_case(told: Told) -> None:
    address = Scope(identity="anna@SHOP.example.com")
    told.roster = Roster({SHOP: an_entry(5), address: an_entry(5)})
    assert told.plan.rule_scopes.is_within_a_domain(address)
    assert not told.plan.rule_scopes.is_within_a_domain(SHOP)


def test_a_provider_that_ses_refuses_is_no_part_of_what_is_left(told: Told) -> None:
    named = Globs({Dimension.ISP: ("*", "Nobody")})
    told.rules = [watching("isp", include=named)]
    told.roster = Roster({ACCOUNT.at("Nobody"): an_entry(refused=True)})
    told.found()
    assert told.of(ACCOUNT.at("Nobody")) == set()
    assert "Nobody" not in told.plan.isps


def test_mail_that_nobody_has_sent_wakes_all_who_were_quiet(told: Told) -> None:
    told.sends(SHOP, 9_900).sends(NEWS, 100)
    told.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)})
    told.found()
    assert told.of(NEWS) == set(), "a hundred mails matter to no rule"
    told.sends(ACCOUNT, 10_400).sends(NEWS, 500)
    told.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)})
    told.found()
    assert told.of(NEWS) >= {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_an_address_in_a_domain_is_not_counted_beside_it(told: Told) -> None:
    address = Scope(identity="anna@shop.example.com")
    told.sends(SHOP, 9_700).sends(address, 9_700).sends(NEWS, 300)
    told.roster = Roster(
        {SHOP: an_entry(5), address: an_entry(5), NEWS: an_entry()}, told.roster.listed
    )
    told.found()
    assert told.of(NEWS) >= {Metric.SEND}, "300 mails are nobody's, and not 9,400 too many"


def test_where_an_identity_cannot_be_read_nobody_is_woken(told: Told) -> None:
    told.sends(SHOP, 1).sends(NEWS, 1)
    told.counts[Metric.SEND, SHOP] = Gap.UNAVAILABLE
    told.roster = Roster({NEWS: an_entry(), SHOP: an_entry(5)})
    told.found()
    assert told.of(NEWS) == set()


def test_a_sender_whose_name_ses_refuses_is_not_asked_about(told: Told) -> None:
    told.sends(NEWS, 5_000)
    told.roster = Roster({NEWS: an_entry(refused=True)})
    told.remembered = frozenset({NEWS})
    told.found()
    assert told.of(NEWS) == set()


def test_only_what_some_rule_covers_is_asked_about(told: Told) -> None:
    told.rules = [a_rule()]
    told.sends(NEWS, 5_000).sends(Scope(tenant="t"), 5_000)
    told.found()
    assert told.of(Scope(tenant="t")) == set()
    assert told.of(NEWS) == {Metric.SEND, Metric.PERMANENT_BOUNCE}


def test_of_excluded_names_nothing_is_asked_but_whose_mail_it_is(told: Told) -> None:
    told.rules = [
        watching("identity", exclude=Globs({Dimension.IDENTITY: ("*.TEST.example.com",)}))
    ]
    test = Scope(identity="a.test.example.com")
    told.sends(NEWS, 5_000).sends(test, 5_000)
    told.found()
    assert told.of(test) == {Metric.SEND}
    assert Metric.PERMANENT_BOUNCE in told.of(NEWS)


def test_included_names_are_the_only_ones_and_an_unknown_provider_is_one_more(told: Told) -> None:
    named = Globs({Dimension.IDENTITY: ("news.*",), Dimension.ISP: ("Yahoo", "Orange")})
    told.rules = [watching("identity", "isp", include=named)]
    told.sends(NEWS, 5_000).sends(SHOP, 5_000)
    told.found()
    assert told.of(SHOP) == {Metric.SEND}
    assert told.of(ACCOUNT.at("Orange")) == {Metric.SEND, Metric.PERMANENT_BOUNCE}
    assert told.of(ACCOUNT.at("Hotmail")) == set()


def test_of_many_only_the_top_by_volume_are_watched_and_the_others_counted_daily(
    told: Told,
) -> None:
    told.rules = [watching("identity", top=2)]
    senders = [Scope(identity=f"{each}.example.com") for each in range(5)]
    for each, sender in enumerate(senders):
        told.sends(sender, 1_000 * (each + 1))
    address = Scope(identity="anna@4.example.com")
    told.roster = Roster(
        {sender: an_entry(1_000 * (each + 1)) for each, sender in enumerate(senders)}
        | {address: an_entry(4_900)}
    )
    told.found()
    asked = [told.of(sender) for sender in senders]
    assert asked == [set(), set(), set(), *[{Metric.SEND, Metric.PERMANENT_BOUNCE}] * 2]
    assert not told.plan.rule_scopes.applies(told.rules[0], senders[0])
    told.remembered = frozenset({senders[0]})
    assert told.plan.rule_scopes.applies(told.rules[0], senders[0])
    told.remembered = frozenset()
    told.now += timedelta(days=1)
    told.found()
    assert told.of(senders[0]) == {Metric.SEND}


def test_one_query_serves_every_window_of_every_rule(told: Told) -> None:
    told.rules = [a_rule(windows=(1, 3)), a_rule("long", windows=(30,))]
    told.found()
    assert len(told.asked) == len(set(told.asked))


def test_the_top_is_of_those_that_the_rule_is_about(told: Told) -> None:
    mine = Globs({Dimension.IDENTITY: ("*.example.com",)})
    told.rules = [watching("identity", include=mine, top=1), a_rule("all")]
    larger = Scope(identity="a.example.org")
    told.roster = Roster({NEWS: an_entry(5), larger: an_entry(99)})
    assert told.plan.rule_scopes.applies(told.rules[0], NEWS)


def test_who_has_waited_longest_comes_first_and_then_who_sends_most(told: Told) -> None:
    waiting = Scope(identity="waiting.example.com")
    new = Scope(identity="new.example.com")
    told.roster = Roster(
        {
            NEWS: an_entry(10),
            SHOP: an_entry(99),
            waiting: an_entry(1, NOW - HOUR),
            new: Entry(),
        }
    )
    assert [one for one in told.plan.selection.due if one.identity] == [new, waiting, SHOP, NEWS]


def test_a_step_says_how_much_it_may_lead_to(told: Told) -> None:
    told.sends(NEWS, 5_000)
    last = next_batches(told.plan, {}, EarlyVerdicts(told.plan))[-1]
    assert last == QueryBatch((Query(Metric.SEND, NEWS),), reserve=3)
    told.rules = [watching("identity_at_isp")]
    assert next_batches(told.plan, {}, EarlyVerdicts(told.plan))[-1].reserve == 1 + 2 * 11, (
        "every provider, and all others"
    )


def test_whoever_is_begun_with_comes_before_the_next(told: Told) -> None:
    """Only so is somebody read to the end when queries are few."""
    told.rules = [watching("identity", "identity_at_isp")]
    told.sends(NEWS, 5_000, bounced=400).sends(SHOP, 5_000)
    found: dict[Query, Series | Gap] = {ACCOUNT_SENT: a_series(10_000)}
    found |= {Query(metric, NEWS): told.answer(metric, NEWS) for metric in METRICS[:2]}
    asked = [
        query.scope
        for step in next_batches(told.plan, found, EarlyVerdicts(told.plan))
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
    told = Told(rules)
    figures = {ACCOUNT: whole, **senders, **{ACCOUNT.at(isp): of for isp, of in isps.items()}}
    for scope, (sent, bounced, complained) in figures.items():
        told.sends(scope, sent, min(sent, bounced), min(sent, complained))
    found = told.found()
    for scope in figures:
        for rule in told.rules:
            if rule.covers(scope) and not rule.indicator.gap_of(scope):
                events, volume = rule.indicator.events, rule.indicator.volume
                counts = told.answer(events, scope), told.answer(volume, scope)
                all_known = evaluate_series(rule, scope, counts, as_of(NOW, NOW.date(), found))
                seen = evaluate_scope(rule, scope, told.plan, found)
                assert isinstance(all_known, Breached) == isinstance(seen, Breached)
                if isinstance(seen, Breached):
                    assert seen == all_known


def test_the_series_of_a_rule_are_those_that_may_have_mail(told: Told) -> None:
    told.rules = [watching("identity"), watching("identity_at_isp", name="pairs")]
    told.sends(NEWS, 1_000).sends(SHOP, 0)
    identities, pairs = told.rules
    assert told.plan.series_counts[identities.name] == 2, "nobody has been read"
    told.roster = Roster({NEWS: an_entry(1_000), SHOP: an_entry(0)})
    assert told.plan.series_counts[identities.name] == 1
    assert told.plan.series_counts[pairs.name] == len(KNOWN_ISPS) + 1
    only = replace(pairs, name="only", include=Globs({Dimension.ISP: ("Hotmail",)}))
    told.rules = [only]
    assert told.plan.series_counts[only.name] == 1
    told.roster = Roster({SHOP: an_entry(0)})
    assert told.plan.series_counts[only.name] == 0
