"""The rates that SES itself reports: freshness, verdicts, and the account's alerts."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import pytest
from builders import HOUR, NOW, TODAY, a_confidence_rule, a_rule, a_series, an_open_alert

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.explanation import explain
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT, PriorState
from vdm_alerts.core.evaluation.ses_rates import (
    FRESH_FOR,
    SesRates,
    evaluate_ses_rate,
    ses_rates,
)
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Healthy,
    Inconclusive,
    Unknown,
    Verdict,
    value_of,
)
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.rates import Gap, Indicator, SesRate
from vdm_alerts.core.model.severity import Severity

RULE = a_rule("ses-bounce-rate", indicator=Indicator.SES_BOUNCE_RATE)
EVENING = AsOf(datetime.combine(TODAY, time(22), NOW.tzinfo), TODAY)
DAY = timedelta(days=1)
GOOD_WEEK = [10] * 7, [1_000] * 7
BAD_DAY = [*[10] * 6, 120], [1_000] * 7
"""12% today, and less than 3% over the week."""


def rates(*percentages: float, hours_ago: int = 0, now: datetime = NOW) -> SesRates:
    """Return hourly rates, the newest first, which is so many hours old."""
    return ses_rates(
        [
            SesRate(percentage / 100, now - (hours_ago + number) * HOUR)
            for number, percentage in enumerate(percentages)
        ],
        now,
    )


def test_rates_of_a_run_are_those_of_the_14_days_before_it() -> None:
    times = [NOW + HOUR, NOW, NOW - 14 * DAY, NOW - 14 * DAY - HOUR]
    known = ses_rates([SesRate(0.01, time) for time in reversed(times)], NOW)
    assert [rate.at for rate in known.history] == [NOW, NOW - 14 * DAY]


def test_rate_is_fresh_for_24_hours() -> None:
    assert FRESH_FOR == 24 * HOUR
    assert rates(2, hours_ago=23).fresh == SesRate(0.02, NOW - 23 * HOUR)
    assert rates(2, hours_ago=24).fresh is None


@pytest.mark.parametrize(
    ("percentage", "severity"),
    [(4.99, None), (5, Severity.WARNING), (9.99, Severity.WARNING), (10, Severity.CRITICAL)],
)
def test_rate_of_ses_is_compared_as_it_is(percentage: float, severity: Severity | None) -> None:
    verdict = evaluate_ses_rate(RULE, rates(percentage))
    assert value_of(verdict) == percentage / 100
    assert (verdict.severity if isinstance(verdict, Breached) else None) is severity
    assert isinstance(verdict, Breached | Healthy)
    assert verdict.evidence is None, "SES publishes no counts"


@pytest.mark.parametrize(
    ("reported", "gap"),
    [
        (None, Gap.NOT_READ),
        (rates(), Gap.NOT_REPORTED),
        (rates(6, hours_ago=24), Gap.STALE),
    ],
)
def test_rate_that_is_missing_or_old_is_unknown(reported: SesRates | None, gap: Gap) -> None:
    verdict = evaluate_ses_rate(RULE, reported)
    assert isinstance(verdict, Unknown)
    assert verdict.gap is gap
    assert gap.is_failure is (gap is Gap.NOT_READ)
    assert not gap.is_transient, "a failure is a finding of its own"


@pytest.mark.parametrize(
    ("reported", "limit"),
    [
        (rates(6, 11), Severity.CRITICAL),
        (rates(*[6] * 24, 11), Severity.WARNING),
        (rates(6), Severity.WARNING),
    ],
)
def test_severity_falls_only_if_no_fresh_rate_is_critical(
    reported: SesRates, limit: Severity
) -> None:
    verdict = evaluate_ses_rate(RULE, reported)
    assert isinstance(verdict, Breached)
    assert verdict.severity_limit is limit


def test_explanation_states_the_rate_and_its_time() -> None:
    assert explain(evaluate_ses_rate(RULE, rates(6.2))) == (
        "SES reports 6.2% (2026-03-12 09:00 UTC), above 5%."
    )
    assert explain(evaluate_ses_rate(RULE, rates(2.3))) == (
        "SES reports 2.3% (2026-03-12 09:00 UTC), below 5%."
    )
    assert explain(evaluate_ses_rate(RULE, rates())) == (
        "The SES bounce rate is unknown: SES has reported no rate."
    )


def counted(
    counts: tuple[Sequence[int], Sequence[int]],
    reported: SesRates | None,
    prior: PriorState = NO_OPEN_ALERT,
    scope: Scope = ACCOUNT,
) -> Verdict:
    """Return the verdict on the counts of VDM, while SES has *reported* its own rates."""
    events, emails = counts
    series = a_series(*events), a_series(*emails)
    rule = a_confidence_rule()
    return evaluate_series(rule, scope, series, EVENING, prior, ses_rates=reported)


def tonight(*percentages: float, hours_ago: int = 0) -> SesRates:
    return rates(*percentages, hours_ago=hours_ago, now=EVENING.now)


CRITICAL_CAMPAIGN = [0, 4_637], [40, 44_879]
"""10.3%, which is critical by the counts of VDM alone."""


@pytest.mark.parametrize(
    ("reported", "severity"),
    [
        (None, Severity.CRITICAL),
        (tonight(), Severity.CRITICAL),
        (tonight(2, hours_ago=24), Severity.CRITICAL),
        (tonight(2), Severity.WARNING),
        (tonight(6), Severity.WARNING),
        (tonight(11), Severity.CRITICAL),
    ],
)
def test_fresh_rate_of_ses_decides_the_severity_of_a_new_alert(
    reported: SesRates | None, severity: Severity
) -> None:
    verdict = counted(CRITICAL_CAMPAIGN, reported)
    assert isinstance(verdict, Breached)
    assert verdict.severity is severity


def test_bad_rate_of_ses_alone_opens_no_alert_about_the_counts() -> None:
    assert isinstance(counted(GOOD_WEEK, tonight(11)), Healthy)


def test_rate_of_ses_raises_the_severity_of_a_breach_by_the_counts() -> None:
    verdict = counted(BAD_DAY, tonight(11))
    assert isinstance(verdict, Breached)
    assert verdict.severity is Severity.CRITICAL
    assert value_of(verdict) == 0.11
    assert verdict.evidence, "the counts that opened it are shown beside it"


@pytest.mark.parametrize("days", [3, 40])
def test_alert_stays_open_for_any_time_while_the_rate_of_ses_is_bad(days: int) -> None:
    events, emails = [4_637, *[0] * days], [44_879, *[4_000] * days]
    prior = an_open_alert(EVENING.now - days * DAY, Severity.WARNING)
    verdict = counted((events, emails), tonight(6), prior)
    assert isinstance(verdict, Breached)
    assert value_of(verdict) == 0.06
    assert isinstance(counted((events, emails), tonight(2), prior), Healthy)


def test_good_rate_of_ses_ends_what_the_counted_rate_would_keep_open() -> None:
    """The last 10,000 emails are 8,000 good ones, and those of the campaign before."""
    events, emails = [4_637, 0, 0], [44_879, 4_000, 4_000]
    prior = an_open_alert(EVENING.now - 2 * DAY)
    assert isinstance(counted((events, emails), None, prior), Breached)
    verdict = counted((events, emails), tonight(*[2] * 24), prior)
    assert isinstance(verdict, Healthy)
    assert verdict.ses_rate is None


def test_alert_waits_like_one_about_the_rate_of_ses_if_that_was_bad_a_moment_ago() -> None:
    events, emails = [4_637, *[0] * 3], [44_879, *[4_000] * 3]
    prior = an_open_alert(EVENING.now - 3 * DAY)
    verdict = counted((events, emails), tonight(4, 4, 6), prior)
    assert isinstance(verdict, Healthy)
    assert verdict.ses_rate == SesRate(0.04, EVENING.now)


def test_severity_of_an_open_alert_follows_the_rate_of_ses() -> None:
    prior = an_open_alert(EVENING.now - HOUR, Severity.CRITICAL)
    verdict = counted(BAD_DAY, tonight(*[2] * 24), prior)
    assert isinstance(verdict, Breached | Inconclusive)
    assert verdict.severity_limit is Severity.WARNING
    verdict = counted(BAD_DAY, tonight(6, 11), prior)
    assert isinstance(verdict, Breached)
    assert verdict.severity_limit is Severity.CRITICAL


def test_breach_needs_counts_or_a_rate_of_ses() -> None:
    verdict = evaluate_ses_rate(RULE, rates(6))
    with pytest.raises(ValueError, match="needs counts"):
        Breached(verdict.subject, RULE.first_threshold, None)
