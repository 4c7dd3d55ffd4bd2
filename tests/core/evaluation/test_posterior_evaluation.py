"""Rules with a minimum confidence compare the probable true rate with thresholds."""

import re
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from builders import (
    HOUR,
    NEWS_IDENTITY,
    NOW,
    TODAY,
    a_confidence_rule,
    a_rule,
    a_series,
    an_open_alert,
)
from hypothesis import assume, example, given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation import confidence
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.explanation import explain
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT, PriorState
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Healthy,
    Inconclusive,
    NoEmail,
    Unknown,
    Verdict,
)
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import MinimumConfidence, MissingData, Rule
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES, ArrivalCurve

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
DAY = timedelta(days=1)
EVENING = AsOf(datetime.combine(TODAY, time(23), NOW.tzinfo), TODAY)
NEXT_MORNING = AsOf(EVENING.now + 10 * HOUR, TODAY)
"""On the morning after the last day."""
IMMEDIATE_FEEDBACK = ArrivalCurve(((0.001, 1.0),))
"""Bounces that arrive with the email, so that the counts are used unchanged."""
RULE = a_confidence_rule(arrival_curve=IMMEDIATE_FEEDBACK)
DELIVERY_RULE = a_confidence_rule(
    "delivery",
    indicator=Indicator.DELIVERY_RATE,
    warning="95%",
    critical="90%",
    arrival_curve=IMMEDIATE_FEEDBACK,
)


def verdict_on(
    events: Series | Gap,
    volume: Series | Gap,
    rule: Rule = RULE,
    as_of: AsOf = EVENING,
    prior: PriorState = NO_OPEN_ALERT,
    series_count: int = 1,
) -> Verdict:
    return evaluate_series(rule, NEWS_IDENTITY, (events, volume), as_of, prior, series_count)


def severity_of(verdict: Verdict) -> Severity | None:
    """The severity of a breach; None for a healthy verdict. Other verdicts fail the test."""
    assert isinstance(verdict, Breached | Healthy)
    return verdict.severity if isinstance(verdict, Breached) else None


def window_days(verdict: Verdict) -> int:
    assert isinstance(verdict, Breached | Healthy | Inconclusive)
    assert verdict.evidence is not None
    return verdict.evidence.window.days


def test_one_bounce_in_13_emails_is_healthy() -> None:
    assert isinstance(verdict_on(a_series(1), a_series(13)), Healthy)


def test_rate_is_breached_only_when_the_confidence_is_sufficient() -> None:
    for bounces, emails in ((9, 50), (70, 1_000)):
        assert isinstance(verdict_on(a_series(bounces), a_series(emails)), Breached)
    for bounces, emails in ((7, 50), (65, 1_000)):
        assert isinstance(verdict_on(a_series(bounces), a_series(emails)), Healthy)


def test_breached_verdict_states_its_confidence_and_threshold() -> None:
    verdict = verdict_on(a_series(80), a_series(1_000))
    assert isinstance(verdict, Breached)
    assert verdict.evidence
    assert verdict.evidence.confidence is not None
    assert 0.98 <= verdict.evidence.confidence <= 0.99
    assert verdict.threshold.share == 0.05


def test_window_with_the_highest_confidence_decides() -> None:
    steady_rate = verdict_on(a_series(*[75] * 7), a_series(*[1_000] * 7))
    assert (severity_of(steady_rate), window_days(steady_rate)) == (WARNING, 7)
    sudden_rise = verdict_on(a_series(*[10] * 6, 120), a_series(*[1_000] * 7))
    assert window_days(sudden_rise) == 1


def test_rate_slightly_above_the_threshold_is_breached_on_four_days_but_not_on_one() -> None:
    """A rate of one day can come from one bad list; a rate of four days does not."""
    one_day = verdict_on(a_series(5_400), a_series(100_000))
    assert isinstance(one_day, Healthy), "8% above the threshold is within daily variation"
    four_days = verdict_on(a_series(*[5_400] * 4), a_series(*[100_000] * 4))
    assert isinstance(four_days, Breached)


def test_min_volume_and_min_events_apply_besides_confidence() -> None:
    assert isinstance(verdict_on(a_series(40), a_series(100)), Breached)
    for rule in (replace(RULE, min_volume=101), replace(RULE, min_events=41)):
        assert isinstance(verdict_on(a_series(40), a_series(100), rule), Healthy)


def test_required_confidence_rises_when_very_many_series_are_evaluated() -> None:
    assert isinstance(verdict_on(a_series(80), a_series(1_000)), Breached)
    assert isinstance(verdict_on(a_series(80), a_series(1_000), series_count=1_000), Breached)
    assert isinstance(verdict_on(a_series(80), a_series(1_000), series_count=1_000_000), Healthy)


@pytest.mark.parametrize(
    ("delivered", "expected"), [(960, None), (945, None), (920, WARNING), (840, CRITICAL)]
)
def test_delivery_rate_is_evaluated_by_the_emails_that_were_not_delivered(
    delivered: int, expected: Severity | None
) -> None:
    verdict = verdict_on(a_series(delivered, 0), a_series(1_000, 0), DELIVERY_RULE)
    assert severity_of(verdict) == expected


def test_open_rate_is_evaluated_by_the_emails_that_were_opened() -> None:
    rule = a_confidence_rule(
        "opens",
        indicator=Indicator.OPEN_RATE,
        warning="10%",
        critical="5%",
        arrival_curve=IMMEDIATE_FEEDBACK,
    )
    for opened, expected in ((100, None), (90, None), (60, WARNING), (20, CRITICAL)):
        assert severity_of(verdict_on(a_series(opened, 0), a_series(1_000, 0), rule)) == expected


def test_rate_that_should_be_high_stays_healthy_while_feedback_can_still_arrive() -> None:
    """A campaign that was just sent, and five emails on the day after a large campaign."""
    opens = a_confidence_rule("opens", indicator=Indicator.OPEN_RATE, warning="10%", critical="5%")
    assert isinstance(verdict_on(a_series(32), a_series(10_000), opens), Healthy)
    rule = replace(DELIVERY_RULE, arrival_curve=DEFAULT_CURVES[Indicator.DELIVERY_RATE])
    small_second_day = a_series(19_600, 5), a_series(20_000, 5)
    for as_of in (EVENING, NEXT_MORNING):
        assert isinstance(verdict_on(*small_second_day, rule, as_of), Healthy)


# Late feedback.


def test_late_feedback_is_divided_by_the_emails_it_can_belong_to() -> None:
    """Complaints about yesterday's campaign arrive today, when few emails are sent."""
    rule = a_confidence_rule(
        "complaints", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="0.5%"
    )
    events, emails = a_series(60, 45), a_series(200_000, 1_000)
    verdict = verdict_on(events, emails, rule)
    assert isinstance(verdict, Healthy), "45 of 1,000 is 4.5%, but not the rate"
    many_complaints = verdict_on(a_series(60, 450), emails, rule)
    assert isinstance(many_complaints, Breached)
    assert many_complaints.evidence
    assert str(many_complaints.evidence.rate) == "0.25% (510 of 201,000)"


long_counts = st.lists(st.integers(0, 60), min_size=25, max_size=25)


@given(
    st.lists(st.integers(0, 2_000), min_size=25, max_size=25),
    long_counts,
    st.sampled_from(["1%", "5%", "20%"]),
    st.booleans(),
    st.integers(0, 23),
    st.sampled_from([0.02, 0.005]),
)
@example([1_000] * 25, [20] * 25, "5%", False, 12, 0.02)
def test_quick_check_never_hides_a_breach(
    emails: list[int],
    events: list[int],
    threshold: str,
    low_is_bad: bool,
    hour: int,
    error: float,
) -> None:
    as_of = AsOf(datetime.combine(TODAY, time(hour), NOW.tzinfo), TODAY)
    indicator = Indicator.OPEN_RATE if low_is_bad else Indicator.BOUNCE_RATE
    rule = a_confidence_rule(
        indicator=indicator,
        warning=threshold,
        critical=None,
        confidence=MinimumConfidence(error),
    )
    counts = a_series(*events), a_series(*emails)
    quick = verdict_on(*counts, rule, as_of)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confidence, "cannot_breach", lambda *_: False)
        assert verdict_on(*counts, rule, as_of) == quick


# The prior state of the alert.


def test_events_before_a_resolution_do_not_breach_again() -> None:
    events, emails = a_series(300, 5, 5), a_series(1_000, 1_000, 1_000)
    assert isinstance(verdict_on(events, emails), Breached)
    resolved = PriorState(EVENING.now - DAY)
    assert isinstance(verdict_on(events, emails, prior=resolved), Healthy)
    new_events = a_series(300, 5, 150)
    verdict = verdict_on(new_events, emails, prior=resolved)
    assert isinstance(verdict, Breached)
    assert window_days(verdict) <= 2


def test_events_that_opened_an_alert_keep_it_breached() -> None:
    events, emails = a_series(75, 75, 75, 0), a_series(1_000, 1_000, 1_000, 5)
    assert isinstance(verdict_on(events, emails, prior=an_open_alert(EVENING.now - DAY)), Breached)


def test_alert_resolves_when_a_full_day_after_its_start_proves_a_healthy_rate() -> None:
    emails = a_series(1_000, 1_000)
    open_alert = an_open_alert(EVENING.now - DAY)
    verdict = verdict_on(a_series(300, 10), emails, as_of=NEXT_MORNING, prior=open_alert)
    assert isinstance(verdict, Healthy)
    assert window_days(verdict) == 1
    assert verdict.evidence is not None
    assert verdict.evidence.confidence is not None
    assert verdict.evidence.confidence > 0.95
    just_below = verdict_on(a_series(300, 45), emails, as_of=NEXT_MORNING, prior=open_alert)
    assert isinstance(just_below, Breached), "4.5% is no proof of a healthy rate"


def test_clean_day_does_not_resolve_an_alert_when_today_is_breached() -> None:
    emails, open_alert = a_series(1_000, 1_000, 1_000), an_open_alert(EVENING.now - 2 * DAY)
    assert isinstance(verdict_on(a_series(300, 5, 150), emails, prior=open_alert), Breached)


def test_alert_resolves_by_todays_emails_but_not_on_the_day_it_began() -> None:
    clean = a_series(10), a_series(1_000)
    began_today = verdict_on(*clean, prior=an_open_alert(EVENING.now - HOUR))
    assert isinstance(began_today, Inconclusive)
    assert isinstance(verdict_on(*clean, prior=an_open_alert(EVENING.now - DAY)), Healthy)


def test_few_other_emails_do_not_resolve_what_a_campaign_opened() -> None:
    open_alert = an_open_alert(EVENING.now - DAY)
    for emails, expected in ((1_000, Breached), (5_000, Healthy)):
        verdict = verdict_on(a_series(4_637, 0), a_series(44_839, emails), prior=open_alert)
        assert isinstance(verdict, expected)
    quiet_days = a_series(44_839, *[40] * 8)
    week_ago = an_open_alert(EVENING.now - 8 * DAY)
    assert isinstance(verdict_on(a_series(4_637, *[0] * 8), quiet_days, prior=week_ago), Healthy)


def test_severity_falls_only_on_evidence_that_newer_emails_are_below_the_threshold() -> None:
    emails, critical = a_series(1_000, 1_000), an_open_alert(EVENING.now - DAY, CRITICAL)
    for today, limit in ((95, None), (70, WARNING)):
        verdict = verdict_on(a_series(300, today), emails, prior=critical)
        assert isinstance(verdict, Breached)
        assert (verdict.severity, verdict.severity_limit) == (
            (CRITICAL, None) if limit is None else (WARNING, limit)
        )


def test_counts_from_before_the_severity_fell_do_not_raise_it_again() -> None:
    events, emails = a_series(300, 70), a_series(1_000, 1_000)
    fallen = an_open_alert(EVENING.now - 3 * DAY, severity_since=EVENING.now - HOUR)
    assert severity_of(verdict_on(events, emails, prior=fallen)) == WARNING
    never_fallen = an_open_alert(EVENING.now - 3 * DAY)
    assert severity_of(verdict_on(events, emails, prior=never_fallen)) == CRITICAL


def test_missing_feedback_of_a_large_campaign_does_not_resolve_an_alert() -> None:
    """A large mailing of yesterday, of which nothing more is heard, and a bad small one."""
    events, emails = a_series(12_000, 25), a_series(100_000, 250)
    open_alert = an_open_alert(EVENING.now - DAY)
    bounces = replace(RULE, arrival_curve=DEFAULT_CURVES[Indicator.BOUNCE_RATE])
    assert isinstance(verdict_on(events, emails, bounces, NEXT_MORNING, open_alert), Breached)


def test_campaign_that_was_just_sent_does_not_resolve_an_alert() -> None:
    rule = a_confidence_rule(
        "c", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="0.5%"
    )
    events = a_series(140, 30, 10, 4, 2, 2, 0, 0)
    emails = a_series(100_000, *[0] * 6, 100_000)
    open_alert = an_open_alert(EVENING.now - 7 * DAY)
    morning = AsOf(datetime.combine(TODAY, time(1), NOW.tzinfo), TODAY)
    assert isinstance(verdict_on(events, emails, rule, morning, open_alert), Inconclusive)


def test_low_volume_alert_resolves_only_after_the_longest_window_has_passed() -> None:
    rule = a_confidence_rule(warning="0.1%", critical=None, arrival_curve=IMMEDIATE_FEEDBACK)
    emails = a_series(50, *[10] * 8)
    for age, expected in ((7, Inconclusive), (8, Healthy)):
        open_alert = an_open_alert(EVENING.now - age * DAY)
        verdict = verdict_on(a_series(*[0] * 9), emails, rule, prior=open_alert)
        assert type(verdict) is expected


def test_window_is_not_shortened_to_the_time_since_the_alert_began() -> None:
    rule = replace(RULE, windows=(Window(3),))
    emails, open_alert = a_series(*[1_000] * 4), an_open_alert(EVENING.now - DAY)
    last_day_bad = verdict_on(a_series(0, 0, 400, 0), emails, rule, NEXT_MORNING, open_alert)
    assert isinstance(last_day_bad, Breached)
    since_three_days = an_open_alert(EVENING.now - 3 * DAY)
    healthy = verdict_on(a_series(400, 9, 9, 9), emails, rule, NEXT_MORNING, since_three_days)
    assert isinstance(healthy, Healthy)


def test_alert_resolves_without_emails_only_after_a_full_week() -> None:
    rule = replace(RULE, windows=(Window(1), Window(2)))
    open_alert = an_open_alert(EVENING.now - 20 * DAY)
    assert isinstance(
        verdict_on(a_series(0), a_series(9, *[0] * 7), rule, prior=open_alert), Inconclusive
    )
    verdict = verdict_on(a_series(0), a_series(9, *[0] * 8), rule, prior=open_alert)
    assert isinstance(verdict, Healthy)
    assert verdict.evidence is None


def test_pending_alert_gets_an_inconclusive_verdict_from_doubt_or_a_night_without_emails() -> None:
    pending = PriorState(is_pending=True)
    emails = a_series(1_000)
    assert isinstance(verdict_on(a_series(60), emails, prior=pending), Healthy), (
        "6% is too little to breach with any usual rate"
    )
    assert isinstance(verdict_on(a_series(66), emails, prior=pending), Inconclusive)
    assert isinstance(verdict_on(a_series(40), emails, prior=pending), Healthy)


@pytest.mark.parametrize(
    ("missing_data", "expected"),
    [(MissingData.OK, Healthy), (MissingData.KEEP, Inconclusive), (MissingData.BREACHING, NoEmail)],
)
def test_missing_data_setting_decides_the_verdict_without_emails(
    missing_data: MissingData, expected: type[Verdict]
) -> None:
    long_ago = a_series(5, *[0] * 10)
    for rule in (RULE, a_rule(windows=(3,))):
        verdict = verdict_on(Series({}), long_ago, replace(rule, missing_data=missing_data))
        assert isinstance(verdict, expected)


def test_missing_data_breach_needs_earlier_emails_and_a_full_window_without_any() -> None:
    rule = replace(RULE, missing_data=MissingData.BREACHING, windows=(Window(1),))
    assert isinstance(verdict_on(Series({}), Series({}), rule), Inconclusive)
    assert isinstance(verdict_on(Series({}), a_series(100, 0), rule), Healthy)
    assert isinstance(verdict_on(Series({}), a_series(100, 0, 0), rule), NoEmail)


def test_returning_emails_resolve_only_an_alert_about_missing_data() -> None:
    rule = replace(RULE, missing_data=MissingData.BREACHING)
    open_alert = an_open_alert(EVENING.now - HOUR, is_about_no_email=True)
    emails = a_series(*[100] * 5, *[0] * 8, 100)
    assert isinstance(verdict_on(a_series(1), emails, rule, prior=open_alert), Healthy)
    of_rate = an_open_alert(EVENING.now - HOUR)
    assert isinstance(verdict_on(a_series(1), emails, rule, prior=of_rate), Inconclusive)


def test_late_feedback_is_reported_with_the_emails_that_it_comes_from() -> None:
    rule = a_confidence_rule(
        "c", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="1%", windows=(1, 2)
    )
    as_of = AsOf(datetime.combine(TODAY, time(12), NOW.tzinfo), TODAY)
    verdict = verdict_on(a_series(50, 200), a_series(100_000, 0), rule, as_of)
    assert isinstance(verdict, Breached)
    assert explain(verdict) == (
        "250 of 100,000 emails were reported as spam in the last 2 days (0.25%), above 0.1%, "
        "confidence about 95%."
    )


@example([21, 1], [22, 0], DELIVERY_RULE, an_open_alert(NOW - 9 * DAY))
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=9),
    st.lists(st.integers(0, 500), min_size=1, max_size=9),
    st.sampled_from([RULE, DELIVERY_RULE, a_rule(min_events=1, min_volume=1)]),
    st.sampled_from([NO_OPEN_ALERT, an_open_alert(NOW - 9 * DAY), an_open_alert(NOW - DAY)]),
)
def test_no_alert_and_no_resolution_shows_a_rate_above_100_percent(
    emails: list[int], events: list[int], rule: Rule, prior: PriorState
) -> None:
    verdict = verdict_on(a_series(*events), a_series(*emails), rule, prior=prior)
    if isinstance(verdict, Breached | Healthy) and verdict.evidence and sum(emails) >= sum(events):
        assert verdict.evidence.rate.value <= 1
    if isinstance(verdict, Breached) and verdict.evidence and rule is RULE:
        assert verdict.evidence.rate.value <= 1


# The baseline.


def test_rate_is_breached_when_it_is_confidently_a_multiple_of_its_baseline() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    before, emails = [5] * 35, [1_000] * 35
    unchanged = verdict_on(a_series(*before), a_series(*emails), rule)
    assert isinstance(unchanged, Healthy)
    risen = verdict_on(a_series(*before, 30, 30), a_series(*emails, 1_000, 1_000), rule)
    assert isinstance(risen, Breached), "3% is below 5%, but 6 times the baseline"
    assert risen.severity is WARNING
    assert risen.threshold.baseline is not None
    assert str(risen.threshold.baseline.rate) == "0.5% (140 of 28,000)"
    assert 0.015 < risen.threshold.share < 0.02, "3 times 0.5%, and a margin"
    assert isinstance(
        verdict_on(a_series(*before, 30, 30), a_series(*emails, 1_000, 1_000)), Healthy
    )


def test_baseline_of_few_emails_causes_no_breach() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    before, emails = [0] * 28, [10] * 28
    events, volume = a_series(*before, *[0] * 5, 5, 5), a_series(*emails, *[0] * 5, 300, 300)
    assert isinstance(verdict_on(events, volume, rule), Healthy)
    enough_emails = a_series(*[1_000] * 28, *[0] * 5, 300, 300)
    assert isinstance(verdict_on(events, enough_emails, rule), Breached)


def test_fixed_threshold_is_reported_when_it_is_lower_than_the_baseline_threshold() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    verdict = verdict_on(a_series(*[40] * 34, 150), a_series(*[1_000] * 35), rule)
    assert isinstance(verdict, Breached)
    assert verdict.threshold.baseline is None


@pytest.mark.parametrize(
    ("before", "now", "threshold", "expected"),
    [(970, 800, "50%", Breached), (970, 930, "50%", Healthy), (200, 120, "1%", Breached)],
)
def test_rate_that_should_be_high_is_breached_when_it_drops_below_its_baseline(
    before: int, now: int, threshold: str, expected: type[Verdict]
) -> None:
    rule = replace(
        DELIVERY_RULE,
        thresholds=a_rule(warning=threshold, critical=None).thresholds,
        baseline_factor=0.9,
    )
    events = a_series(*[before] * 35, *[now] * 3)
    verdict = verdict_on(events, a_series(*[1_000] * 38), rule, NEXT_MORNING)
    assert type(verdict) is expected


def test_baseline_excludes_the_days_since_the_alert_began() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    events, emails = a_series(*[5] * 35, *[30] * 20), a_series(*[1_000] * 55)
    open_alert = an_open_alert(EVENING.now - 19 * DAY)
    assert isinstance(verdict_on(events, emails, rule, NEXT_MORNING, open_alert), Breached)


def test_fixed_threshold_is_reported_before_the_baseline_when_both_are_exceeded() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    verdict = verdict_on(a_series(*[5] * 35, *[90] * 3), a_series(*[1_000] * 38), rule)
    assert isinstance(verdict, Breached)
    assert verdict.threshold.share == 0.05


# Properties of all counts.

daily_counts = st.lists(st.integers(0, 3_000), min_size=1, max_size=9)
thresholds = st.sampled_from(["0.1%", "1%", "5%", "20%"])


daily_rates = st.lists(st.tuples(st.integers(0, 3_000), st.floats(0, 1)), min_size=1, max_size=9)


@given(daily_rates, st.integers(0, 3_000), thresholds)
def test_severity_never_falls_as_events_of_today_rise(
    days: list[tuple[int, float]], more: int, threshold: str
) -> None:
    emails = [count for count, _ in days]
    events = [round(count * rate) for count, rate in days]
    assume(events[-1] + more <= emails[-1])
    rule = a_confidence_rule(warning=threshold, critical="50%")
    more_events = a_series(*events[:-1], events[-1] + more)
    before = severity_of(verdict_on(a_series(*events), a_series(*emails), rule))
    after = severity_of(verdict_on(more_events, a_series(*emails), rule))
    assert (after or 0) >= (before or 0)


@given(daily_counts, daily_counts, thresholds, st.floats(0.1, 1))
def test_severity_never_falls_as_thresholds_fall(
    emails: list[int], events: list[int], threshold: str, factor: float
) -> None:
    rule = a_confidence_rule(warning=threshold, critical="50%")
    lower = tuple(
        replace(threshold, share=threshold.share * factor) for threshold in rule.thresholds
    )
    counts = a_series(*events), a_series(*emails)
    before = severity_of(verdict_on(*counts, rule))
    after = severity_of(verdict_on(*counts, replace(rule, thresholds=lower)))
    assert (after or 0) >= (before or 0)


@pytest.mark.parametrize("gap", list(Gap))
def test_gap_in_either_count_gives_an_unknown_verdict_in_every_prior_state(gap: Gap) -> None:
    for prior in (NO_OPEN_ALERT, PriorState(NOW), an_open_alert(NOW)):
        for verdict in (
            verdict_on(gap, a_series(1), prior=prior),
            verdict_on(a_series(1), gap, prior=prior),
        ):
            assert isinstance(verdict, Unknown)
            assert verdict.gap is gap


prior_states = st.sampled_from(
    [
        NO_OPEN_ALERT,
        PriorState(NOW - DAY),
        an_open_alert(NOW - DAY),
        an_open_alert(NOW, CRITICAL),
    ]
)


@given(
    daily_counts,
    daily_counts,
    prior_states,
    st.sampled_from([RULE, DELIVERY_RULE, a_rule()]),
    st.integers(0, 23),
)
def test_explanation_of_a_verdict_is_one_sentence(
    events: list[int], emails: list[int], prior: PriorState, rule: Rule, hour: int
) -> None:
    as_of = AsOf(datetime.combine(TODAY, time(hour), NOW.tzinfo), TODAY)
    sentence = explain(verdict_on(a_series(*events), a_series(*emails), rule, as_of, prior))
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert re.match(r"[A-Z0-9]", sentence)


def test_window_that_ends_yesterday_covers_its_full_length() -> None:
    """Every Monday is bad; the six days after a Monday do not resolve the alert."""
    rule = replace(RULE, windows=(Window(7),))
    monday_to_sunday = a_series(400, *[70] * 6, 0)
    open_alert = an_open_alert(EVENING.now - 8 * DAY)
    morning = AsOf(datetime.combine(TODAY, time(5), NOW.tzinfo), TODAY)
    emails = a_series(*[2_000] * 7, 100)
    assert isinstance(verdict_on(monday_to_sunday, emails, rule, morning, open_alert), Inconclusive)
