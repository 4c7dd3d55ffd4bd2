"""Tests of the order of queries, the query budget, and what is read."""

from collections.abc import Mapping
from itertools import product

import pytest
from accounts import (
    BOUNCE_CONFIDENCE_RULE,
    BOUNCE_RULE,
    COMPLAINT_CONFIDENCE_RULE,
    COMPLAINT_RULE,
    READ_METRICS,
    SHOP_IDENTITY,
    FakeAccount,
    a_rule_for,
)
from builders import HOTMAIL, NEWS_IDENTITY, NOW, a_rule, a_series
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Series
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.next_batches import next_batches, within_budget
from vdm_alerts.core.planning.queries import ACCOUNT_SENT_QUERY, Query, data_as_of
from vdm_alerts.core.planning.query_batches import QueryBatch
from vdm_alerts.core.planning.scope_verdict import Verdicts
from vdm_alerts.core.rules.rule import Rule


def test_windows_and_rules_share_one_query_per_metric_and_scope(account: FakeAccount) -> None:
    account.rules = [a_rule(windows=(1, 3)), a_rule("long", windows=(30,))]
    plan = account.plan
    queries = within_budget(next_batches(plan, {}, Verdicts(plan, {})), None, None)
    assert len(queries) == len(set(queries)) == 2 + len(KNOWN_ISPS)


def test_started_sender_is_read_completely_before_the_next_one(account: FakeAccount) -> None:
    """Otherwise, a small query budget would complete no sender."""
    account.rules = [a_rule_for("identity", "identity_at_isp")]
    account.sends(NEWS_IDENTITY, 5_000, bounced=400).sends(SHOP_IDENTITY, 5_000)
    answers: dict[Query, Series | Gap] = {ACCOUNT_SENT_QUERY: a_series(10_000)}
    answers |= {
        Query(metric, NEWS_IDENTITY): account.answer(metric, NEWS_IDENTITY)
        for metric in READ_METRICS[:2]
    }
    scopes = [
        query.scope
        for batch in next_batches(account.plan, answers, Verdicts(account.plan, answers))
        for query in batch.queries
    ]
    assert scopes.index(NEWS_IDENTITY.at_provider("Gmail")) < scopes.index(SHOP_IDENTITY)


@pytest.mark.parametrize(
    ("left", "allowed", "taken"),
    [
        pytest.param(None, None, ["SEND", "PERMANENT_BOUNCE", "COMPLAINT"], id="no limit"),
        pytest.param(20, 20, ["SEND", "PERMANENT_BOUNCE", "COMPLAINT"], id="enough for all"),
        pytest.param(6, 20, ["SEND"], id="the second batch waits, and so does the third"),
        pytest.param(6, 8, ["SEND", "COMPLAINT"], id="the second batch never fits, and is skipped"),
        pytest.param(3, 20, [], id="not enough for the first batch"),
    ],
)
def test_query_batches_are_taken_in_order_within_the_budget(
    left: int | None, allowed: int | None, taken: list[str]
) -> None:
    sent, bounced, complained = (Query(metric, NEWS_IDENTITY) for metric in READ_METRICS[:3])
    batches = [
        QueryBatch((sent,), reserve=3),
        QueryBatch((bounced,), reserve=9),
        QueryBatch((sent, complained), reserve=1),
    ]
    queries = within_budget(batches, left, allowed)
    assert [query.metric for query in queries] == taken


SENDER_COUNTS = st.tuples(st.integers(0, 20_000), st.integers(0, 2_000), st.integers(0, 100))
"""Sent, bounced, complained about; the last two are capped at the first."""


def breaches(
    account: FakeAccount, counts: Mapping[Scope, tuple[int, int, int]]
) -> tuple[Mapping[AlertKey, Breached], Mapping[AlertKey, Breached]]:
    """Return the breaches that a selective and a complete reading of *counts* find."""
    for scope, (sent, bounced, complained) in counts.items():
        account.sends(scope, sent, min(sent, bounced), min(sent, complained))
    answers = account.read()
    selective: dict[AlertKey, Breached] = {}
    complete: dict[AlertKey, Breached] = {}
    for scope, rule in product(counts, account.rules):
        if not rule.covers(scope) or rule.indicator.permanent_gap(scope) is not None:
            continue
        key = AlertKey.for_rule(rule, scope)
        verdict = Verdicts(account.plan, answers).verdict(rule, scope)
        if isinstance(verdict, Breached):
            selective[key] = verdict
        metrics = (rule.indicator.events, rule.indicator.volume)
        events, volume = (account.answer(metric, scope) for metric in metrics)
        as_of = data_as_of(NOW, NOW.date(), answers)
        verdict = evaluate_series(rule, scope, (events, volume), as_of)
        if isinstance(verdict, Breached):
            complete[key] = verdict
    return selective, complete


@pytest.mark.parametrize(
    "rules",
    [
        [BOUNCE_RULE, COMPLAINT_RULE],
        [BOUNCE_CONFIDENCE_RULE, COMPLAINT_CONFIDENCE_RULE],
    ],
    ids=["plain comparison", "confidence"],
)
def test_selective_reading_finds_the_breaches_of_senders_and_providers(rules: list[Rule]) -> None:
    bad, good = (20_000, 2_000, 100), (20_000, 20, 1)
    counts = {ACCOUNT: (80_000, 2_040, 102), NEWS_IDENTITY: bad, SHOP_IDENTITY: good, HOTMAIL: bad}
    selective, complete = breaches(FakeAccount(rules), counts)
    assert selective == complete
    assert {key.scope for key in selective} >= {NEWS_IDENTITY, HOTMAIL}
    assert SHOP_IDENTITY not in {key.scope for key in selective}


@given(
    st.sampled_from(
        [[BOUNCE_RULE, COMPLAINT_RULE], [BOUNCE_CONFIDENCE_RULE, COMPLAINT_CONFIDENCE_RULE]]
    ),
    st.dictionaries(
        st.builds(Scope, identity=st.sampled_from(["a.example.com", "b.example.com", "x@b.org"])),
        SENDER_COUNTS,
    ),
    st.dictionaries(st.sampled_from(KNOWN_ISPS), SENDER_COUNTS),
    SENDER_COUNTS,
)
def test_selective_reading_finds_the_same_breaches_as_reading_everything(
    rules: list[Rule],
    senders: Mapping[Scope, tuple[int, int, int]],
    isps: Mapping[str, tuple[int, int, int]],
    whole: tuple[int, int, int],
) -> None:
    providers = {ACCOUNT.at_provider(isp): counts for isp, counts in isps.items()}
    # The events of a provider are events of the account, too.
    others = [
        (sent, min(sent, bounced), min(sent, complained))
        for sent, bounced, complained in isps.values()
    ]
    whole = tuple(map(sum, zip(whole, *others, strict=True)))  # type: ignore[assignment]
    selective, complete = breaches(FakeAccount(rules), {ACCOUNT: whole, **senders, **providers})
    assert selective == complete
