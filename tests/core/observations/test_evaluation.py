"""Tests of the evaluation of everything that a run read."""

from dataclasses import replace

from accounts import BOUNCE_RULE, SHOP_IDENTITY, FakeAccount, a_reading
from builders import NEWS_IDENTITY, a_series, firing

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Inconclusive, Unknown
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.coverage import Coverage
from vdm_alerts.core.observations.evaluation import evaluate
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import RuleSet

RULE = replace(BOUNCE_RULE, scopes=frozenset({(), (Dimension.IDENTITY,)}))


def an_observation(account: FakeAccount, rule: Rule = RULE) -> Observation:
    account.rules = [rule]
    answers = account.read()
    reading = a_reading(account.plan, answers, len(account.queried))
    return Observation(RuleSet({rule.name: rule}), reading, subscribers=1, findings=())


def test_evaluation_has_verdicts_contributors_and_coverage() -> None:
    account = (
        FakeAccount().sends(ACCOUNT, 10_000, bounced=600).sends(NEWS_IDENTITY, 1_000, bounced=600)
    )
    account.sends(NEWS_IDENTITY.at_provider("Hotmail"), 800, bounced=600).sends(
        SHOP_IDENTITY, 1_000
    )
    account.counts[Metric.SEND, SHOP_IDENTITY] = Gap.UNAVAILABLE
    evaluation = evaluate(an_observation(account))
    in_account, in_news, in_shop = (
        AlertKey.for_rule(RULE, scope) for scope in (ACCOUNT, NEWS_IDENTITY, SHOP_IDENTITY)
    )
    types = {key: type(verdict) for key, verdict in evaluation.verdicts.items()}
    assert types == {in_account: Breached, in_news: Breached, in_shop: Unknown}
    contributors = {key: contributor.scope for key, contributor in evaluation.contributors.items()}
    assert contributors == {
        in_account: NEWS_IDENTITY.at_provider("Hotmail"),
        in_news: NEWS_IDENTITY.at_provider("Hotmail"),
    }
    assert evaluation.coverage == Coverage(
        ("bounce-rate",), {(): 1, (Dimension.IDENTITY,): 2}, rates=3, unreadable=1
    )


def test_evaluation_has_the_senders_of_the_same_email() -> None:
    news_set = Scope(configuration_set="news")
    account = FakeAccount().sends(ACCOUNT, 100_000, bounced=1_000)
    for sender in (NEWS_IDENTITY, news_set):
        account.sends(sender, 1_000, bounced=600)
    pair = NEWS_IDENTITY.together_with(news_set)
    account.counts[Metric.PERMANENT_BOUNCE, pair] = a_series(600)
    rule = replace(RULE, scopes=RULE.scopes | {(Dimension.CONFIGURATION_SET,)})
    evaluation = evaluate(an_observation(account, rule))
    assert evaluation.same_email == [
        (AlertKey.for_rule(rule, news_set), AlertKey.for_rule(rule, NEWS_IDENTITY))
    ]


def test_scope_without_emails_is_inconclusive_while_the_account_sends_none() -> None:
    observation = an_observation(FakeAccount().sends(ACCOUNT, 0).sends(NEWS_IDENTITY, 0))
    key = AlertKey.for_rule(RULE, NEWS_IDENTITY)
    assert isinstance(evaluate(observation).verdicts[key], Healthy)
    idle = replace(observation, account_idle=True)
    assert isinstance(evaluate(idle).verdicts[key], Inconclusive)


def test_run_that_did_not_read_vdm_closes_alerts_without_any_verdict() -> None:
    alert = firing(NEWS_IDENTITY)
    observation = Observation(
        RuleSet({}), None, subscribers=1, findings=(), alerts={alert.key: alert}
    )
    evaluation = evaluate(observation)
    assert evaluation.verdicts == {}
    assert evaluation.close_reasons == {alert.key: "Rule bounce-rate was deleted"}
