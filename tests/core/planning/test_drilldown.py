"""Which parts of the mail are looked into."""

from dataclasses import replace
from datetime import timedelta

import pytest
from accounts import COMPLAINTS, METRICS, SHOP, FakeAccount, a_rule_for
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
from vdm_alerts.core.planning.queries import ACCOUNT_SENT, Query, data_as_of
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.planning.verdicts import EarlyVerdicts, evaluate_scope

PAIRS = a_rule_for("identity_at_isp")
COMPLAINED = a_rule_for("identity_at_isp", like=COMPLAINTS)
WHERE = (*KNOWN_ISPS, OTHER_ISPS)


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount().sends(ACCOUNT, 100_000, bounced=1_000)


def test_drilldown_is_skipped_when_the_whole_has_too_few_events_for_a_breach(
    account: FakeAccount,
) -> None:
    account.rules = [PAIRS]
    account.sends(NEWS, 10_000, bounced=19).sends(SHOP, 10_000, bounced=20)
    account.read()
    assert account.metrics_of(NEWS.at("Gmail")) == set()
    assert account.metrics_of(SHOP.at("Gmail")) >= {Metric.PERMANENT_BOUNCE}


def test_drilldown_stops_when_the_remaining_events_cannot_cause_a_breach(
    account: FakeAccount,
) -> None:
    account.rules = [PAIRS, COMPLAINTS]
    account.sends(NEWS, 10_000, bounced=60)
    account.sends(NEWS.at("Gmail"), 4_000, bounced=19).sends(NEWS.at("Hotmail"), 4_000, bounced=22)
    account.read()
    assert account.metrics_of(NEWS.at("Gmail")) == {Metric.PERMANENT_BOUNCE}, "19 break no rule"
    assert account.metrics_of(NEWS.at("Hotmail")) == {Metric.PERMANENT_BOUNCE, Metric.SEND}
    assert account.metrics_of(NEWS.at("ExchangeOnline")) == set(), "19 are left"


def test_drilldown_queries_a_few_providers_at_a_time(account: FakeAccount) -> None:
    account.rules = [PAIRS]
    account.sends(NEWS, 10_000, bounced=60).sends(NEWS.at("Gmail"), 4_000, bounced=60)
    account.read()
    assert account.metrics_of(NEWS.at("Hotmail")) == {Metric.PERMANENT_BOUNCE}, (
        "together with Gmail"
    )
    assert account.metrics_of(NEWS.at("ExchangeOnline")) == set()


def test_drilldown_finds_a_breach_at_one_provider_when_the_sender_is_healthy(
    account: FakeAccount,
) -> None:
    account.rules = [PAIRS]
    account.sends(NEWS, 100_000, bounced=900).sends(NEWS.at("Aol"), 400, bounced=40)
    account.sends(NEWS.at("Gmail"), 99_600, bounced=860)
    found = account.read()
    assert isinstance(evaluate_scope(PAIRS, NEWS.at("Aol"), account.plan, found), Breached)
    assert evaluate_scope(PAIRS, NEWS.at("Yahoo"), account.plan, found) is None, (
        "not enough to ask further"
    )


def test_drilldown_runs_daily_for_healthy_senders_and_every_run_near_the_threshold(
    account: FakeAccount,
) -> None:
    account.rules = [PAIRS]
    account.sends(NEWS, 10_000, bounced=30).sends(SHOP, 1_000, bounced=30)
    account.roster = SenderRoster(
        {each: an_entry(5, drilled=("bounce-rate",)) for each in (NEWS, SHOP)}
    )
    account.now = NOW + HOUR
    account.read()
    assert account.metrics_of(NEWS.at("Gmail")) == set()
    assert account.metrics_of(SHOP.at("Gmail")) >= {Metric.PERMANENT_BOUNCE}, (
        "3%, more than half of 5%"
    )
    account.now = NOW + timedelta(days=1)
    account.sends(NEWS, 10_000, bounced=30)
    account.read()
    assert account.metrics_of(NEWS.at("Gmail")) >= {Metric.PERMANENT_BOUNCE}


def order(account: FakeAccount, *scopes: Scope) -> list[Scope]:
    """*scopes* in the order in which their parts come to be asked about, once they are counted."""
    found: dict[Query, Series | Gap] = {ACCOUNT_SENT: account.answer(Metric.SEND, ACCOUNT)}
    for scope in scopes:
        found |= {Query(metric, scope): account.answer(metric, scope) for metric in METRICS}
    asked = [
        query.scope
        for step in next_batches(account.plan, found, EarlyVerdicts(account.plan))
        for query in step.queries
    ]
    wholes = [scope.whole for scope in asked if scope.isp and scope.whole in scopes]
    return list(dict.fromkeys(wholes))


def test_drilldown_order_is_worst_rate_first_and_then_longest_wait(
    account: FakeAccount,
) -> None:
    account.rules = [PAIRS]
    bad, worse, first, second = (Scope(identity=f"{name}.example.com") for name in "abcd")
    account.sends(bad, 10_000, bounced=300).sends(worse, 10_000, bounced=400)
    account.sends(first, 10_000, bounced=30).sends(second, 10_000, bounced=30)
    account.roster = SenderRoster(
        {
            bad: an_entry(5),
            worse: an_entry(5),
            second: an_entry(5, NOW - timedelta(days=2), drilled=("bounce-rate",)),
            first: an_entry(5, NOW - timedelta(days=3), drilled=("bounce-rate",)),
        }
    )
    assert order(account, bad, second, first, worse) == [worse, bad, first, second]


def test_contributor_search_comes_before_drilldown_of_other_senders(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity"), replace(PAIRS, name="pairs")]
    account.sends(NEWS, 10_000, bounced=450).sends(SHOP, 10_000, bounced=501)
    assert order(account, NEWS, SHOP) == [SHOP, NEWS]


def test_contributor_search_does_not_count_as_drilldown_for_another_rule(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity"), replace(COMPLAINED, name="pairs")]
    account.sends(NEWS, 10_000, bounced=800, complained=30)
    found = account.read()
    assert fully_drilled_down(account.plan, found) == {NEWS: {"pairs"}}
    account.sends(NEWS, 10_000, bounced=800, complained=0)
    assert fully_drilled_down(account.plan, account.read()) == {}


def test_drilldown_is_incomplete_when_a_provider_is_cut_off_or_missing(
    account: FakeAccount,
) -> None:
    account.rules = [PAIRS]
    account.sends(NEWS, 10_000, bounced=60)
    found = account.read()
    assert fully_drilled_down(account.plan, found) == {NEWS: {"bounce-rate"}}
    gmail = Query(Metric.PERMANENT_BOUNCE, NEWS.at("Gmail"))
    assert fully_drilled_down(account.plan, {**found, gmail: Gap.CUT_OFF}) == {}
    assert (
        fully_drilled_down(account.plan, {key: found[key] for key in found if key != gmail}) == {}
    )


AT_EACH = st.tuples(
    st.integers(0, 3_000), st.integers(0, 60), st.integers(0, 3_000), st.integers(0, 20)
)
"""At one provider: sent besides, bounced, delivered besides, complained about."""


@given(st.lists(AT_EACH, min_size=len(WHERE), max_size=len(WHERE)))
def test_drilldown_finds_every_breach_that_reading_all_providers_finds(
    figures: list[tuple[int, int, int, int]],
) -> None:
    """Asking for everything of every part finds no other."""
    account = FakeAccount(rules=[PAIRS, a_rule_for("identity_at_isp", like=COMPLAINTS)])
    rows = {
        isp: dict(
            zip(METRICS, (more + bounced + mails + bad, bounced, bad, mails + bad), strict=True)
        )
        for isp, (more, bounced, mails, bad) in zip(WHERE, figures, strict=True)
    }
    account.sends(ACCOUNT, 1_000_000).sends(NEWS, 0)
    for metric in METRICS:
        account.counts[metric, NEWS] = a_series(sum(row[metric] for row in rows.values()))
        for isp, row in rows.items():
            account.counts[metric, NEWS.at(isp)] = a_series(row[metric])
    found = account.read()
    for rule in account.rules:
        for isp, row in rows.items():
            if rule.indicator.permanent_gap(NEWS.at(isp)) is None:
                events, volume = row[rule.indicator.events], row[rule.indicator.volume]
                counts = a_series(events), a_series(volume)
                true = evaluate_series(rule, NEWS.at(isp), counts, data_as_of(NOW, NOW.date(), found))
                seen = evaluate_scope(rule, NEWS.at(isp), account.plan, found)
                assert isinstance(true, Breached) == isinstance(seen, Breached)
