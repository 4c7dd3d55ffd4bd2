"""Tests of findings about reading, and of how long transient problems last."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from accounts import SHOP_IDENTITY, FakeAccount
from accounts import a_reading as a_reading_of
from builders import HOUR, NEWS_IDENTITY, NOW, TODAY, a_sender_record, a_series

from vdm_alerts.core.alerts.stored_state import SubscriberCount
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.observations.data_findings import (
    NO_SUBSCRIBER,
    SINGLE_SERIES,
    days_without_vdm,
    reading_findings,
    subscriber_findings,
    transient_since,
    unreadable_sources,
    with_persistent,
)
from vdm_alerts.core.observations.metric_reading import TRANSIENT_LIMIT, Limits, MetricReading
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.planning.queries import ACCOUNT_SENT_QUERY, Answers, Query
from vdm_alerts.core.planning.roster import SenderRoster

DAY = timedelta(days=1)
OUTAGE = Finding("ses:GetAccount", "ses:GetAccount failed", "It is tried again", transient=True)
PERMANENT = Finding("vdm", "VDM is off", "Turn it on")
HARMLESS = replace(OUTAGE, key="subscribers", blocks_monitoring=False)


def a_reading(answers: Answers, roster: SenderRoster | None = None) -> MetricReading:
    """Return the reading of an account with *answers*."""
    account = FakeAccount(roster=roster or SenderRoster())
    return a_reading_of(account.plan, answers, queries_made=len(answers))


def findings_of(
    reading: MetricReading, limits: Limits, no_email_after: Window | None = None
) -> list[str]:
    return [finding.key for finding in reading_findings(reading, limits, no_email_after)]


def test_fewer_subscribers_are_a_finding_that_is_notified_once() -> None:
    (finding,) = subscriber_findings(1, SubscriberCount(3, NOW))
    assert finding.what == "SNS subscriptions fell from 3 to 1 after 2026-03-12 09:00 UTC"
    assert (finding.one_shot, finding.transient, finding.blocks_monitoring) == (True, False, False)


def test_second_fall_between_the_same_counts_is_a_new_finding() -> None:
    first, second = (
        finding
        for counted_at in (NOW, NOW + HOUR)
        for finding in subscriber_findings(1, SubscriberCount(2, counted_at))
    )
    assert not second.is_known_from(first)


@pytest.mark.parametrize(
    ("confirmed", "expected", "findings"),
    [
        pytest.param(2, SubscriberCount(2, NOW), [], id="as many"),
        pytest.param(3, SubscriberCount(2, NOW), [], id="more"),
        pytest.param(None, SubscriberCount(2, NOW), [], id="not counted"),
        pytest.param(2, None, [], id="first count"),
        pytest.param(0, SubscriberCount(2, NOW), [NO_SUBSCRIBER], id="none left"),
        pytest.param(0, None, [NO_SUBSCRIBER], id="none yet"),
    ],
)
def test_subscribers_are_no_such_finding_unless_some_are_left_of_more(
    confirmed: int | None, expected: SubscriberCount | None, findings: list[Finding]
) -> None:
    assert [*subscriber_findings(confirmed, expected)] == findings


def test_transient_problem_keeps_its_start_until_it_is_fixed() -> None:
    started = transient_since([OUTAGE], {}, NOW)
    assert started == {"ses:GetAccount": NOW}
    assert transient_since([OUTAGE], started, NOW + HOUR) == started
    assert transient_since([], started, NOW + HOUR) == {}


@pytest.mark.parametrize("finding", [PERMANENT, HARMLESS], ids=["permanent", "harmless"])
def test_only_transient_problems_that_block_monitoring_have_a_start(finding: Finding) -> None:
    assert transient_since([finding], {}, NOW) == {}


@pytest.mark.parametrize(
    ("since", "is_transient"),
    [
        pytest.param({OUTAGE.key: NOW - TRANSIENT_LIMIT}, True, id="at the limit"),
        pytest.param({OUTAGE.key: NOW - TRANSIENT_LIMIT - HOUR}, False, id="above the limit"),
        pytest.param({"other": NOW - TRANSIENT_LIMIT - HOUR}, True, id="another problem"),
    ],
)
def test_transient_problem_is_persistent_above_the_limit(
    since: Mapping[str, datetime], is_transient: bool
) -> None:
    (finding,) = with_persistent([OUTAGE], since, NOW)
    assert finding.transient is is_transient


def test_unreadable_series_of_this_run_stay_a_transient_problem() -> None:
    finding = replace(OUTAGE, key=SINGLE_SERIES)
    since = {SINGLE_SERIES: NOW - 2 * TRANSIENT_LIMIT}
    assert with_persistent([finding], since, NOW) == [finding]


@pytest.mark.parametrize(
    ("reading", "sources"),
    [
        pytest.param(None, {FindingSource.LISTS, FindingSource.METRICS}, id="VDM not read"),
        pytest.param(
            a_reading({ACCOUNT_SENT_QUERY: Gap.UNAVAILABLE}),
            {FindingSource.METRICS},
            id="account unreadable",
        ),
        pytest.param(a_reading({ACCOUNT_SENT_QUERY: a_series(9)}), set(), id="account read"),
    ],
)
def test_sources_are_unreadable_unless_the_account_was_read(
    reading: MetricReading | None, sources: set[FindingSource]
) -> None:
    observation = Observation(None, reading, subscribers=1, findings=(), recommendations=())
    assert unreadable_sources(observation) == sources


def test_advisor_is_unreadable_when_it_was_not_asked() -> None:
    reading = a_reading({ACCOUNT_SENT_QUERY: a_series(9)})
    observation = Observation(None, reading, subscribers=1, findings=())
    assert unreadable_sources(observation) == {FindingSource.ADVISOR}


def test_reading_findings_tell_rejected_scopes_from_unreadable_ones() -> None:
    reading = a_reading(
        {
            Query(Metric.SEND, NEWS_IDENTITY): Gap.REJECTED,
            Query(Metric.SEND, SHOP_IDENTITY): Gap.UNAVAILABLE,
            Query(Metric.SEND, Scope(identity="cut.example.com")): Gap.CUT_OFF,
            Query(Metric.SEND, ACCOUNT): a_series(9),
        }
    )
    rejected, unreadable = reading_findings(reading, Limits(), None)
    assert (rejected.key, rejected.subjects) == ("refused", ("news.example.com",))
    assert (unreadable.key, unreadable.transient) == (SINGLE_SERIES, True)
    assert unreadable.subjects == ("cut.example.com", "shop.example.com")


def test_gaps_are_no_findings_when_the_reading_failed() -> None:
    reading = a_reading({Query(Metric.SEND, NEWS_IDENTITY): Gap.UNAVAILABLE})
    assert findings_of(replace(reading, failed=True), Limits()) == []


def test_scopes_that_fail_for_more_than_a_day_are_reported_with_the_longest_first() -> None:
    failing = {NEWS_IDENTITY: 25, SHOP_IDENTITY: 26, Scope(identity="new.example.com"): 24}
    roster = SenderRoster(
        {
            scope: replace(a_sender_record(), failing_since=NOW - hours * HOUR)
            for scope, hours in failing.items()
        }
    )
    answers = {Query(Metric.SEND, scope): Gap.UNAVAILABLE for scope in failing}
    *_, finding = reading_findings(a_reading(answers, roster), Limits(), None)
    assert (finding.key, finding.transient) == ("unread", False)
    assert finding.subjects == ("shop.example.com", "news.example.com")


@pytest.mark.parametrize(
    ("limits", "hours", "keys"),
    [
        pytest.param(Limits(queries_per_day=9), 26, ["series", "queriesPerDay"], id="query budget"),
        pytest.param(Limits(), 26, ["series", "time"], id="deadline"),
        pytest.param(Limits(), 25, ["series"], id="not long enough"),
    ],
)
def test_cut_off_scope_is_reported_after_25_hours(
    limits: Limits, hours: int, keys: list[str]
) -> None:
    roster = SenderRoster({NEWS_IDENTITY: a_sender_record(at=NOW - hours * HOUR)})
    reading = a_reading({Query(Metric.SEND, NEWS_IDENTITY): Gap.CUT_OFF}, roster)
    assert findings_of(reading, limits) == keys


@pytest.mark.parametrize(
    ("emails", "after", "findings"),
    [
        ([9, 0, 0, 0], 3, []),  # Today is partial: these are 2 days.
        ([9, 0, 0, 0, 0], 3, ["mail"]),
        ([0], 3, ["mail"]),
        ([9, 0, 0, 0, 0], 7, []),
        ([9, 0, 0, 0, 0], None, []),
    ],
)
def test_days_without_emails_are_reported_as_configured(
    emails: list[int], after: int | None, findings: list[str]
) -> None:
    reading = a_reading({ACCOUNT_SENT_QUERY: a_series(*emails)})
    assert findings_of(reading, Limits(), Window(after) if after else None) == findings


def test_late_data_is_reported_with_its_age() -> None:
    account = FakeAccount()
    emails = {ACCOUNT_SENT_QUERY: a_series(900, 0, 0)}
    plan = replace(account.plan, sent_last_day=850)
    (late,) = reading_findings(a_reading_of(plan, emails), Limits(), Window(1))
    assert (late.key, late.what) == ("late", "VDM has counted no email since 2026-03-10")
    assert late.remedy.startswith(
        "Wait until VDM catches up: it is late by 1 day and 9 hours, because SES itself counted "
        "850 emails in the last 24 hours."
    )


def test_days_without_vdm_are_kept_while_vdm_serves_them() -> None:
    off = days_without_vdm(frozenset(), TODAY, is_on=False)
    assert off == {TODAY}
    assert days_without_vdm(off, TODAY + 59 * DAY, is_on=True) == {TODAY}
    assert days_without_vdm(off, TODAY + 60 * DAY, is_on=True) == set()
