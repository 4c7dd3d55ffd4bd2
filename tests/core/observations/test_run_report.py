"""Tests of the figures of a run, and of the rates that it records."""

from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest
from accounts import SHOP_IDENTITY, FakeAccount, a_reading
from builders import (
    HOTMAIL,
    NEWS_IDENTITY,
    NOW,
    TODAY,
    a_rule,
    a_series,
    breached,
    firing,
    healthy,
    unknown,
)

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing, Pending
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.observations.evaluation import Evaluation
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.observations.run_report import (
    PUBLISHED_FIGURES,
    RunCounts,
    RunReport,
    is_new_period,
    rate_samples,
    report_run,
)
from vdm_alerts.core.planning.queries import ACCOUNT_SENT_QUERY
from vdm_alerts.core.rules.patterns import ScopeMatcher
from vdm_alerts.core.rules.rule_set import RuleSet

RULE = a_rule()
INVALID = Finding("/rules/a", "Rule a is invalid", "Fix it")
READING = a_reading(
    FakeAccount().plan,
    {ACCOUNT_SENT_QUERY: a_series(10, ending=TODAY - timedelta(days=2))},
    queries_made=5,
)
READING = replace(READING, throttled_calls=7)
OBSERVATION = Observation(
    rule_set=RuleSet(
        {RULE.name: RULE},
        invalid={"a": INVALID, "b": replace(INVALID, blocks_monitoring=False)},
    ),
    reading=READING,
    subscribers=4,
    findings=(),
    transient_since={"ses:GetAccount": NOW},
)


def recovering(scope: Scope) -> Alert:
    return replace(firing(scope), state=Firing(Severity.WARNING, NOW, recovering_since=NOW))


def keys_of(*scopes: Scope) -> list[AlertKey]:
    return [AlertKey.for_rule(RULE, scope) for scope in scopes]


def test_report_has_the_figures_of_the_run() -> None:
    account, news, hotmail = keys_of(ACCOUNT, NEWS_IDENTITY, HOTMAIL)
    evaluation = Evaluation(
        {account: healthy(), news: unknown(Gap.UNAVAILABLE), hotmail: unknown(Gap.TOO_FEW)}
    )
    alerts = [
        recovering(NEWS_IDENTITY),
        firing(HOTMAIL),
        firing(ACCOUNT, Severity.CRITICAL),
        replace(firing(SHOP_IDENTITY), state=Pending(Severity.WARNING, NOW)),
    ]
    state = StoredState(alerts={alert.key: alert for alert in alerts})
    news_matcher = ScopeMatcher({Dimension.IDENTITY: str(NEWS_IDENTITY)})
    silence = Silence("move", "/silences/move", "*", news_matcher, NOW, "It moves", "me")
    observation = replace(OBSERVATION, silences=[silence])
    counts = RunCounts(findings=6, due=4, sent=2, failed=1)
    report = report_run(
        observation, evaluation, state, NOW, counts=counts, duration=timedelta(seconds=2.345)
    )
    assert report == RunReport(
        queries=5,
        days_behind=2,
        data_age_hours=33,
        run_seconds=2.3,
        throttled_calls=7,
        series_evaluated=3,
        series_unknown=1,
        alerts_warning=2,
        alerts_critical=1,
        alerts_warning_recovering=1,
        alerts_critical_recovering=0,
        alerts_warning_silenced=1,
        alerts_critical_silenced=0,
        alerts_pending=1,
        notifications_sent=2,
        notifications_unsent=2,
        notifications_failed=1,
        findings=6,
        unreadable=2,
        subscribers=4,
    )


def test_report_of_a_run_that_could_not_read_vdm_has_no_age_of_the_data() -> None:
    observation = replace(OBSERVATION, reading=None)
    report = report_run(observation, Evaluation(), StoredState(), NOW, counts=RunCounts())
    assert (report.queries, report.days_behind, report.data_age_hours) == (0, None, None)
    assert report.run_seconds is None


@pytest.mark.parametrize(("age", "hours"), [(0, 0), (1, 9), (2, 33)])
def test_age_of_the_data_counts_from_the_end_of_the_newest_day(age: int, hours: int) -> None:
    sent = a_series(10, ending=TODAY - timedelta(days=age))
    reading = a_reading(FakeAccount().plan, {ACCOUNT_SENT_QUERY: sent})
    observation = replace(OBSERVATION, reading=reading)
    report = report_run(observation, Evaluation(), StoredState(), NOW, counts=RunCounts())
    assert report.data_age_hours == hours


def test_every_figure_is_published() -> None:
    figures = [field.name for field in fields(RunReport) if not field.kw_only]
    assert list(PUBLISHED_FIGURES) == figures


def test_samples_are_of_the_account_and_of_open_alerts_with_the_worst_first() -> None:
    account, news, hotmail, other = keys_of(ACCOUNT, NEWS_IDENTITY, HOTMAIL, Scope(tenant="other"))
    evaluation = Evaluation(
        {
            news: breached("6%"),
            other: breached("20%"),
            hotmail: breached("9%"),
            account: healthy("1%"),
        }
    )
    alerts = {alert.key: alert for alert in (firing(NEWS_IDENTITY), firing(HOTMAIL))}
    samples = rate_samples(OBSERVATION, evaluation, alerts, NOW, last_run=None)
    rates = [(sample.scope, sample.value) for sample in samples]
    assert rates == [(ACCOUNT, 0.01), (HOTMAIL, 0.09), (NEWS_IDENTITY, 0.06)]
    assert rate_samples(OBSERVATION, evaluation, alerts, NOW, last_run=NOW) == ()


@pytest.mark.parametrize(
    ("last_run", "is_new"),
    [
        pytest.param(None, True, id="first run"),
        pytest.param(datetime.fromisoformat("2026-03-12T05:59:00Z"), True, id="before 6:00"),
        pytest.param(datetime.fromisoformat("2026-03-12T06:00:00Z"), False, id="at 6:00"),
    ],
)
def test_recording_period_starts_every_six_hours(last_run: datetime | None, is_new: bool) -> None:
    assert is_new_period(NOW, last_run) is is_new
