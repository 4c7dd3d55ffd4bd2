"""Tests of the drill-down into senders at single providers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from accounts import COMPLAINT_RULE, READ_METRICS, SHOP_IDENTITY, FakeAccount, a_rule_for
from builders import HOUR, NEWS_IDENTITY, NOW, a_sender_record, a_series
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS, OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.drilldown import fully_drilled_down
from vdm_alerts.core.planning.next_batches import next_batches
from vdm_alerts.core.planning.queries import ACCOUNT_SENT_QUERY, Query, data_as_of
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.planning.scope_verdict import Verdicts

IDENTITY_AT_ISP_RULE = a_rule_for("identity_at_isp")
IDENTITY_AT_ISP_COMPLAINT_RULE = a_rule_for("identity_at_isp", like=COMPLAINT_RULE)
ALL_PROVIDERS = (*KNOWN_ISPS, OTHER_ISPS)


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount().sends(ACCOUNT, 100_000, bounced=1_000)


def test_drilldown_is_skipped_when_the_whole_has_too_few_events_for_a_breach(
    account: FakeAccount,
) -> None:
    account.rules = [IDENTITY_AT_ISP_RULE]
    account.sends(NEWS_IDENTITY, 10_000, bounced=19).sends(SHOP_IDENTITY, 10_000, bounced=20)
    account.read()
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Gmail")) == set()
    assert account.metrics_of(SHOP_IDENTITY.at_provider("Gmail")) >= {Metric.PERMANENT_BOUNCE}


def test_drilldown_stops_when_the_remaining_events_cannot_cause_a_breach(
    account: FakeAccount,
) -> None:
    account.rules = [IDENTITY_AT_ISP_RULE, COMPLAINT_RULE]
    account.sends(NEWS_IDENTITY, 10_000, bounced=60)
    account.sends(NEWS_IDENTITY.at_provider("Gmail"), 4_000, bounced=19).sends(
        NEWS_IDENTITY.at_provider("Hotmail"), 4_000, bounced=22
    )
    account.read()
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Gmail")) == {Metric.PERMANENT_BOUNCE}, (
        "19 are too few"
    )
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Hotmail")) == {
        Metric.PERMANENT_BOUNCE,
        Metric.SEND,
    }
    assert account.metrics_of(NEWS_IDENTITY.at_provider("ExchangeOnline")) == set(), "19 are left"


def test_drilldown_queries_a_few_providers_at_a_time(account: FakeAccount) -> None:
    account.rules = [IDENTITY_AT_ISP_RULE]
    account.sends(NEWS_IDENTITY, 10_000, bounced=60).sends(
        NEWS_IDENTITY.at_provider("Gmail"), 4_000, bounced=60
    )
    account.read()
    # Hotmail is queried together with Gmail.
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Hotmail")) == {Metric.PERMANENT_BOUNCE}
    assert account.metrics_of(NEWS_IDENTITY.at_provider("ExchangeOnline")) == set()


def test_drilldown_finds_a_breach_at_one_provider_when_the_sender_is_healthy(
    account: FakeAccount,
) -> None:
    account.rules = [IDENTITY_AT_ISP_RULE]
    account.sends(NEWS_IDENTITY, 100_000, bounced=900).sends(
        NEWS_IDENTITY.at_provider("Aol"), 400, bounced=40
    )
    account.sends(NEWS_IDENTITY.at_provider("Gmail"), 99_600, bounced=860)
    answers = account.read()
    assert isinstance(
        Verdicts(account.plan, answers).verdict(
            IDENTITY_AT_ISP_RULE, NEWS_IDENTITY.at_provider("Aol")
        ),
        Breached,
    )
    assert (
        Verdicts(account.plan, answers).verdict(
            IDENTITY_AT_ISP_RULE, NEWS_IDENTITY.at_provider("Yahoo")
        )
        is None
    )


def test_drilldown_runs_daily_for_healthy_senders_and_every_run_near_the_threshold(
    account: FakeAccount,
) -> None:
    account.rules = [IDENTITY_AT_ISP_RULE]
    account.sends(NEWS_IDENTITY, 10_000, bounced=30).sends(SHOP_IDENTITY, 1_000, bounced=30)
    account.roster = SenderRoster(
        {
            scope: a_sender_record(5, drilled_down=("bounce-rate",))
            for scope in (NEWS_IDENTITY, SHOP_IDENTITY)
        }
    )
    account.now = NOW + HOUR
    account.read()
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Gmail")) == set()
    # 3% is more than half of the 5% threshold.
    assert account.metrics_of(SHOP_IDENTITY.at_provider("Gmail")) >= {Metric.PERMANENT_BOUNCE}
    account.now = NOW + timedelta(days=1)
    account.sends(NEWS_IDENTITY, 10_000, bounced=30)
    account.read()
    assert account.metrics_of(NEWS_IDENTITY.at_provider("Gmail")) >= {Metric.PERMANENT_BOUNCE}


def drilldown_order(account: FakeAccount, *scopes: Scope) -> list[Scope]:
    """Return *scopes* in the order in which their parts are queried, once they were read."""
    answers: dict[Query, Series | Gap] = {ACCOUNT_SENT_QUERY: account.answer(Metric.SEND, ACCOUNT)}
    for scope in scopes:
        answers |= {Query(metric, scope): account.answer(metric, scope) for metric in READ_METRICS}
    queried = [
        query.scope
        for batch in next_batches(account.plan, answers, Verdicts(account.plan, answers))
        for query in batch.queries
    ]
    senders = [
        scope.at_all_providers
        for scope in queried
        if scope.isp and scope.at_all_providers in scopes
    ]
    return list(dict.fromkeys(senders))


def test_drilldown_order_is_worst_rate_first_and_then_longest_wait(
    account: FakeAccount,
) -> None:
    account.rules = [IDENTITY_AT_ISP_RULE]
    bad, worse, waits_3_days, waits_2_days = (
        Scope(identity=f"{name}.example.com") for name in "abcd"
    )
    account.sends(bad, 10_000, bounced=300).sends(worse, 10_000, bounced=400)
    account.sends(waits_3_days, 10_000, bounced=30).sends(waits_2_days, 10_000, bounced=30)
    account.roster = SenderRoster(
        {
            bad: a_sender_record(5),
            worse: a_sender_record(5),
            waits_2_days: a_sender_record(
                5, NOW - timedelta(days=2), drilled_down=("bounce-rate",)
            ),
            waits_3_days: a_sender_record(
                5, NOW - timedelta(days=3), drilled_down=("bounce-rate",)
            ),
        }
    )
    order = drilldown_order(account, bad, waits_2_days, waits_3_days, worse)
    assert order == [worse, bad, waits_3_days, waits_2_days]


def test_contributor_search_comes_before_drilldown_of_other_senders(
    account: FakeAccount,
) -> None:
    drilldown_rule = replace(IDENTITY_AT_ISP_COMPLAINT_RULE, name="pairs")
    account.sends(NEWS_IDENTITY, 10_000, bounced=100, complained=9)
    account.sends(SHOP_IDENTITY, 10_000, bounced=501, complained=5)
    account.rules = [drilldown_rule]
    assert drilldown_order(account, NEWS_IDENTITY, SHOP_IDENTITY) == [NEWS_IDENTITY, SHOP_IDENTITY]
    # The bounce rate of the shop is a breach, whose main contributor is searched for first.
    account.rules = [a_rule_for("identity"), drilldown_rule]
    assert drilldown_order(account, NEWS_IDENTITY, SHOP_IDENTITY) == [SHOP_IDENTITY, NEWS_IDENTITY]


def test_contributor_search_does_not_count_as_drilldown_for_another_rule(
    account: FakeAccount,
) -> None:
    account.rules = [a_rule_for("identity"), replace(IDENTITY_AT_ISP_COMPLAINT_RULE, name="pairs")]
    account.sends(NEWS_IDENTITY, 10_000, bounced=800, complained=30)
    answers = account.read()
    assert fully_drilled_down(account.plan, answers) == {NEWS_IDENTITY: {"pairs"}}
    account.sends(NEWS_IDENTITY, 10_000, bounced=800, complained=0)
    assert fully_drilled_down(account.plan, account.read()) == {}


def test_drilldown_is_incomplete_when_a_provider_is_cut_off_or_missing(
    account: FakeAccount,
) -> None:
    account.rules = [IDENTITY_AT_ISP_RULE]
    account.sends(NEWS_IDENTITY, 10_000, bounced=60)
    answers = account.read()
    assert fully_drilled_down(account.plan, answers) == {NEWS_IDENTITY: {"bounce-rate"}}
    gmail = Query(Metric.PERMANENT_BOUNCE, NEWS_IDENTITY.at_provider("Gmail"))
    assert fully_drilled_down(account.plan, {**answers, gmail: Gap.CUT_OFF}) == {}
    without_gmail = {query: result for query, result in answers.items() if query != gmail}
    assert fully_drilled_down(account.plan, without_gmail) == {}


def breaches(
    account: FakeAccount, counts: Sequence[Mapping[Metric, int]]
) -> tuple[Mapping[AlertKey, Breached], Mapping[AlertKey, Breached]]:
    """Return the breaches that a drill-down and a complete reading find.

    *counts* are those of NEWS at each of ALL_PROVIDERS.
    """
    account.sends(ACCOUNT, 1_000_000).sends(NEWS_IDENTITY, 0)
    for metric in READ_METRICS:
        total = sum(provider_counts[metric] for provider_counts in counts)
        account.counts[metric, NEWS_IDENTITY] = a_series(total)
        for isp, provider_counts in zip(ALL_PROVIDERS, counts, strict=True):
            account.counts[metric, NEWS_IDENTITY.at_provider(isp)] = a_series(
                provider_counts[metric]
            )
    answers = account.read()
    drilled_down: dict[AlertKey, Breached] = {}
    complete: dict[AlertKey, Breached] = {}
    for isp, rule in product(ALL_PROVIDERS, account.rules):
        scope = NEWS_IDENTITY.at_provider(isp)
        if rule.indicator.permanent_gap(scope) is not None:
            continue
        key = AlertKey.for_rule(rule, scope)
        verdict = Verdicts(account.plan, answers).verdict(rule, scope)
        if isinstance(verdict, Breached):
            drilled_down[key] = verdict
        metrics = (rule.indicator.events, rule.indicator.volume)
        events, volume = (account.counts[metric, scope] for metric in metrics)
        as_of = data_as_of(NOW, NOW.date(), answers)
        verdict = evaluate_series(rule, scope, (events, volume), as_of)
        if isinstance(verdict, Breached):
            complete[key] = verdict
    return drilled_down, complete


def counts_of(sent: int, bounced: int, delivered: int, complained: int) -> Mapping[Metric, int]:
    return dict(zip(READ_METRICS, (sent, bounced, complained, delivered), strict=True))


PROVIDER_COUNTS = st.builds(
    lambda unharmed, bounced, content, complained: counts_of(
        unharmed + bounced + content + complained, bounced, content + complained, complained
    ),
    st.integers(0, 3_000),
    st.integers(0, 60),
    st.integers(0, 3_000),
    st.integers(0, 20),
)
"""Counts at one provider. Every bounced or delivered email is also counted as sent."""


def test_drilldown_finds_breaches_at_single_providers() -> None:
    account = FakeAccount(rules=[IDENTITY_AT_ISP_RULE, IDENTITY_AT_ISP_COMPLAINT_RULE])
    healthy = counts_of(sent=3_000, bounced=10, delivered=2_990, complained=0)
    counts = dict.fromkeys(ALL_PROVIDERS, healthy)
    counts["Aol"] = counts_of(sent=600, bounced=60, delivered=540, complained=0)
    counts["Yahoo"] = counts_of(sent=3_000, bounced=10, delivered=2_990, complained=20)
    drilled_down, complete = breaches(account, list(counts.values()))
    assert drilled_down == complete
    assert set(drilled_down) == {
        AlertKey.for_rule(IDENTITY_AT_ISP_RULE, NEWS_IDENTITY.at_provider("Aol")),
        AlertKey.for_rule(IDENTITY_AT_ISP_COMPLAINT_RULE, NEWS_IDENTITY.at_provider("Yahoo")),
    }


@given(st.lists(PROVIDER_COUNTS, min_size=len(ALL_PROVIDERS), max_size=len(ALL_PROVIDERS)))
def test_drilldown_finds_every_breach_that_reading_all_providers_finds(
    counts: list[Mapping[Metric, int]],
) -> None:
    account = FakeAccount(rules=[IDENTITY_AT_ISP_RULE, IDENTITY_AT_ISP_COMPLAINT_RULE])
    drilled_down, complete = breaches(account, counts)
    assert drilled_down == complete
