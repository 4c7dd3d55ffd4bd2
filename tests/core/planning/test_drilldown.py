"""Which parts of the mail are looked into."""

from dataclasses import replace
from datetime import timedelta

import pytest
from accounts import COMPLAINTS, METRICS, SHOP, Told, watching
from builders import HOUR, NEWS, NOW, a_series, an_entry
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS, OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.drilldown import fully_drilled_down
from vdm_alerts.core.planning.next_batches import next_batches
from vdm_alerts.core.planning.queries import ACCOUNT_SENT, Query, as_of
from vdm_alerts.core.planning.roster import Roster
from vdm_alerts.core.planning.verdicts import EarlyVerdicts, evaluate_scope

PAIRS = watching("identity_at_isp")
COMPLAINED = watching("identity_at_isp", like=COMPLAINTS)
WHERE = (*KNOWN_ISPS, OTHER_ISPS)


@pytest.fixture
def told() -> Told:
    return Told().sends(ACCOUNT, 100_000, bounced=1_000)


def test_parts_are_not_asked_about_where_the_whole_has_too_few_events_for_any(told: Told) -> None:
    told.rules = [PAIRS]
    told.sends(NEWS, 10_000, bounced=19).sends(SHOP, 10_000, bounced=20)
    told.found()
    assert told.of(NEWS.at("Gmail")) == set()
    assert told.of(SHOP.at("Gmail")) >= {Metric.PERMANENT_BOUNCE}


def test_parts_are_asked_about_until_too_little_is_left_for_any_other(told: Told) -> None:
    told.rules = [PAIRS, COMPLAINTS]
    told.sends(NEWS, 10_000, bounced=60)
    told.sends(NEWS.at("Gmail"), 4_000, bounced=19).sends(NEWS.at("Hotmail"), 4_000, bounced=22)
    told.found()
    assert told.of(NEWS.at("Gmail")) == {Metric.PERMANENT_BOUNCE}, "19 break no rule"
    assert told.of(NEWS.at("Hotmail")) == {Metric.PERMANENT_BOUNCE, Metric.SEND}
    assert told.of(NEWS.at("ExchangeOnline")) == set(), "19 are left"


def test_a_few_providers_are_asked_about_at_a_time(told: Told) -> None:
    told.rules = [PAIRS]
    told.sends(NEWS, 10_000, bounced=60).sends(NEWS.at("Gmail"), 4_000, bounced=60)
    told.found()
    assert told.of(NEWS.at("Hotmail")) == {Metric.PERMANENT_BOUNCE}, "together with Gmail"
    assert told.of(NEWS.at("ExchangeOnline")) == set()


def test_a_part_breaks_a_rule_though_the_whole_is_in_order(told: Told) -> None:
    told.rules = [PAIRS]
    told.sends(NEWS, 100_000, bounced=900).sends(NEWS.at("Aol"), 400, bounced=40)
    told.sends(NEWS.at("Gmail"), 99_600, bounced=860)
    found = told.found()
    assert isinstance(evaluate_scope(PAIRS, NEWS.at("Aol"), told.plan, found), Breached)
    assert evaluate_scope(PAIRS, NEWS.at("Yahoo"), told.plan, found) is None, (
        "not enough to ask further"
    )


def test_who_is_in_order_is_looked_into_once_a_day_and_who_is_not_every_time(told: Told) -> None:
    told.rules = [PAIRS]
    told.sends(NEWS, 10_000, bounced=30).sends(SHOP, 1_000, bounced=30)
    told.roster = Roster({each: an_entry(5, drilled=("bounce-rate",)) for each in (NEWS, SHOP)})
    told.now = NOW + HOUR
    told.found()
    assert told.of(NEWS.at("Gmail")) == set()
    assert told.of(SHOP.at("Gmail")) >= {Metric.PERMANENT_BOUNCE}, "3%, more than half of 5%"
    told.now = NOW + timedelta(days=1)
    told.sends(NEWS, 10_000, bounced=30)
    told.found()
    assert told.of(NEWS.at("Gmail")) >= {Metric.PERMANENT_BOUNCE}


def order(told: Told, *scopes: Scope) -> list[Scope]:
    """*scopes* in the order in which their parts come to be asked about, once they are counted."""
    found: dict[Query, Series | Gap] = {ACCOUNT_SENT: told.answer(Metric.SEND, ACCOUNT)}
    for scope in scopes:
        found |= {Query(metric, scope): told.answer(metric, scope) for metric in METRICS}
    asked = [
        query.scope
        for step in next_batches(told.plan, found, EarlyVerdicts(told.plan))
        for query in step.queries
    ]
    wholes = [scope.whole for scope in asked if scope.isp and scope.whole in scopes]
    return list(dict.fromkeys(wholes))


def test_the_worst_is_looked_into_first_and_then_who_has_waited_longest(told: Told) -> None:
    told.rules = [PAIRS]
    bad, worse, first, second = (Scope(identity=f"{name}.example.com") for name in "abcd")
    told.sends(bad, 10_000, bounced=300).sends(worse, 10_000, bounced=400)
    told.sends(first, 10_000, bounced=30).sends(second, 10_000, bounced=30)
    told.roster = Roster(
        {
            bad: an_entry(5),
            worse: an_entry(5),
            second: an_entry(5, NOW - timedelta(days=2), drilled=("bounce-rate",)),
            first: an_entry(5, NOW - timedelta(days=3), drilled=("bounce-rate",)),
        }
    )
    assert order(told, bad, second, first, worse) == [worse, bad, first, second]


def test_who_is_behind_a_breach_comes_before_what_may_hide_in_other_mail(told: Told) -> None:
    told.rules = [watching("identity"), replace(PAIRS, name="pairs")]
    told.sends(NEWS, 10_000, bounced=450).sends(SHOP, 10_000, bounced=501)
    assert order(told, NEWS, SHOP) == [SHOP, NEWS]


def test_looking_into_a_breach_is_not_looking_for_what_another_rule_is_about(told: Told) -> None:
    told.rules = [watching("identity"), replace(COMPLAINED, name="pairs")]
    told.sends(NEWS, 10_000, bounced=800, complained=30)
    found = told.found()
    assert fully_drilled_down(told.plan, found) == {NEWS: {"pairs"}}
    told.sends(NEWS, 10_000, bounced=800, complained=0)
    assert fully_drilled_down(told.plan, told.found()) == {}


def test_a_look_that_was_cut_off_is_none(told: Told) -> None:
    told.rules = [PAIRS]
    told.sends(NEWS, 10_000, bounced=60)
    found = told.found()
    assert fully_drilled_down(told.plan, found) == {NEWS: {"bounce-rate"}}
    gmail = Query(Metric.PERMANENT_BOUNCE, NEWS.at("Gmail"))
    assert fully_drilled_down(told.plan, {**found, gmail: Gap.CUT}) == {}
    assert fully_drilled_down(told.plan, {key: found[key] for key in found if key != gmail}) == {}


AT_EACH = st.tuples(
    st.integers(0, 3_000), st.integers(0, 60), st.integers(0, 3_000), st.integers(0, 20)
)
"""At one provider: sent besides, bounced, delivered besides, complained about."""


@given(st.lists(AT_EACH, min_size=len(WHERE), max_size=len(WHERE)))
def test_no_part_that_breaks_a_rule_is_missed(figures: list[tuple[int, int, int, int]]) -> None:
    """Asking for everything of every part finds no other."""
    told = Told(rules=[PAIRS, watching("identity_at_isp", like=COMPLAINTS)])
    rows = {
        isp: dict(
            zip(METRICS, (more + bounced + mails + bad, bounced, bad, mails + bad), strict=True)
        )
        for isp, (more, bounced, mails, bad) in zip(WHERE, figures, strict=True)
    }
    told.sends(ACCOUNT, 1_000_000).sends(NEWS, 0)
    for metric in METRICS:
        told.counts[metric, NEWS] = a_series(sum(row[metric] for row in rows.values()))
        for isp, row in rows.items():
            told.counts[metric, NEWS.at(isp)] = a_series(row[metric])
    found = told.found()
    for rule in told.rules:
        for isp, row in rows.items():
            if rule.indicator.gap_of(NEWS.at(isp)) is None:
                events, volume = row[rule.indicator.events], row[rule.indicator.volume]
                counts = a_series(events), a_series(volume)
                true = evaluate_series(rule, NEWS.at(isp), counts, as_of(NOW, NOW.date(), found))
                seen = evaluate_scope(rule, NEWS.at(isp), told.plan, found)
                assert isinstance(true, Breached) == isinstance(seen, Breached)
