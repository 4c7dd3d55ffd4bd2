"""Findings about the quota, the tenants and the advisor."""

from datetime import timedelta

import pytest
from builders import NOW

from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.account import AccountStatus, Impact, Recommendation
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.observations.account_findings import (
    advisor_finding,
    paused_tenants_finding,
    quota_findings,
    time_to_exhaustion,
)

HOUR = timedelta(hours=1)


def a_status(sent: int | None, quota: int | None = 50_000) -> AccountStatus:
    return AccountStatus(vdm_enabled=True, sent_last_day=sent, daily_quota=quota)


def severity_of(status: AccountStatus, notified_at: int | None = None) -> Severity | None:
    """Return the severity of the finding about *status*; None without a finding.

    *notified_at* is the number of emails at which the recipients were notified; None if never.
    """
    notified = list(quota_findings(a_status(notified_at), StoredState(), NOW))
    findings = [*quota_findings(status, StoredState(findings=notified), NOW)]
    return findings[0].severity if findings else None


@pytest.mark.parametrize(
    ("sent", "notified_at", "expected"),
    [
        (39_999, None, None),
        (40_000, None, Severity.WARNING),
        (25_000, 40_000, Severity.WARNING),
        (24_999, 40_000, None),
        (49_499, 40_000, Severity.WARNING),
        (49_500, 40_000, Severity.CRITICAL),
        (40_000, 49_500, Severity.CRITICAL),
        (39_999, 49_500, Severity.WARNING),
        (24_999, 49_500, None),
    ],
)
def test_use_of_the_quota_is_a_finding_until_it_is_clearly_lower(
    sent: int, notified_at: int | None, expected: Severity | None
) -> None:
    assert severity_of(a_status(sent), notified_at) is expected


@pytest.mark.parametrize("status", [a_status(None), a_status(90_000, None), a_status(9, 0)])
def test_unknown_use_and_unlimited_quota_are_no_finding(status: AccountStatus) -> None:
    assert severity_of(status) is None


def test_used_up_quota_is_critical_and_says_what_ses_does() -> None:
    (finding,) = quota_findings(a_status(50_000), StoredState(), NOW)
    assert finding.severity is Severity.CRITICAL
    assert finding.effect == (
        "100% of 50,000 emails in 24 hours are used, and SES rejects further emails"
    )


@pytest.mark.parametrize(
    ("sent_before", "sent", "hours", "expected"),
    [
        (38_000, 40_000, 1, 5 * HOUR),
        (38_000, 40_000, 2, 10 * HOUR),
        (39_990, 40_000, 1, None),  # In 1,000 hours: emails leave the 24 hours before that.
        (40_000, 40_000, 1, None),
        (41_000, 40_000, 1, None),
        (30_000, 55_000, 1, timedelta()),
        (None, 40_000, 1, None),
        (38_000, None, 1, None),
    ],
)
def test_time_to_exhaustion_follows_the_growth_since_the_last_run(
    sent_before: int | None, sent: int | None, hours: int, expected: timedelta | None
) -> None:
    before = StoredState(last_run=NOW - hours * HOUR, sent_last_day=sent_before)
    assert time_to_exhaustion(a_status(sent), before, NOW) == expected


def test_time_to_exhaustion_is_unknown_in_the_first_run() -> None:
    assert time_to_exhaustion(a_status(40_000), StoredState(), NOW) is None


def test_forecast_does_not_make_the_finding_a_new_one() -> None:
    before = StoredState(last_run=NOW - HOUR, sent_last_day=38_000)
    (finding,) = quota_findings(a_status(40_000), before, NOW)
    (same,) = quota_findings(a_status(41_000), StoredState(), NOW)
    assert finding.effect == (
        "80% of 50,000 emails in 24 hours are used. At the present pace, SES rejects emails in "
        "about 5 hours"
    )
    assert same.is_known_from(finding)


def test_paused_tenants_are_one_critical_finding_and_a_further_one_is_news() -> None:
    (one,) = paused_tenants_finding([Scope(tenant="acme")])
    (two,) = paused_tenants_finding([Scope(tenant="acme"), Scope(tenant="zeta")])
    assert one.headline == "Sending is paused for these tenants: acme"
    assert one.severity is Severity.CRITICAL
    assert one.is_known_from(two)
    assert not two.is_known_from(one)
    assert list(paused_tenants_finding([])) == []


def test_only_recommendations_of_high_impact_are_a_finding() -> None:
    low = Recommendation("a.example.com", "BIMI", Impact.LOW)
    high = Recommendation("b.example.com", "DKIM", Impact.HIGH, "DKIM is not set up.")
    (finding,) = advisor_finding([high, low])
    assert finding.subjects == ("b.example.com: DKIM (DKIM is not set up.)",)
    assert list(advisor_finding([low])) == []
