"""Rates that are judged by how sure one can be of them."""

import random
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import zip_longest
from typing import Any

import pytest
from builders import HOUR, NEWS, NOW, TODAY, a_rule, a_series, a_sure_rule, share
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation.buckets import AsOf, Bucket, day_buckets
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT, PriorState
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Healthy,
    Inconclusive,
    NoEmail,
    Unknown,
    Verdict,
)
from vdm_alerts.core.evaluation.window_evidence import EXPECTED
from vdm_alerts.core.evaluation.windows import Boundary, window_totals
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import MissingData, Rule
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES, ArrivalCurve

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
DAY = timedelta(days=1)
EVENING = AsOf(datetime.combine(TODAY, time(23), NOW.tzinfo), TODAY)
NEXT = AsOf(EVENING.now + 10 * HOUR, TODAY)
"""On the morning after the last day."""
AT_ONCE = ArrivalCurve(((0.001, 1.0),))
"""Bounces that come with the mail, which leaves the counts as they are."""
RULE = a_sure_rule(arrival_curve=AT_ONCE)
DELIVERY = a_sure_rule(
    "delivery",
    indicator=Indicator.DELIVERY_RATE,
    warning="95%",
    critical="90%",
    arrival_curve=AT_ONCE,
)


def judged(
    events: Series | Gap,
    volume: Series | Gap,
    rule: Rule = RULE,
    at: AsOf = EVENING,
    phase: PriorState = NO_OPEN_ALERT,
    series: int = 1,
) -> Verdict:
    return evaluate_series(rule, NEWS, (events, volume), at, phase, series)


def severity(verdict: Verdict) -> int:
    return verdict.severity if isinstance(verdict, Breached) else 0


def window(verdict: Verdict) -> int:
    assert isinstance(verdict, Breached | Healthy | Inconclusive)
    assert verdict.evidence is not None
    return verdict.evidence.window.days


def test_one_bounce_in_13_emails_is_healthy() -> None:
    assert isinstance(judged(a_series(1), a_series(13)), Healthy)


def test_rate_is_breached_only_when_the_confidence_is_sufficient() -> None:
    for bounces, of in ((14, 50), (80, 1_000)):
        assert isinstance(judged(a_series(bounces), a_series(of)), Breached)
    for bounces, of in ((9, 50), (70, 1_000)):
        assert isinstance(judged(a_series(bounces), a_series(of)), Healthy)


def test_breached_verdict_states_its_confidence_and_threshold() -> None:
    verdict = judged(a_series(80), a_series(1_000))
    assert isinstance(verdict, Breached)
    assert verdict.evidence.confidence is not None
    assert 0.995 <= verdict.evidence.confidence < 0.9999
    assert verdict.threshold.share == 0.05


def test_window_with_the_highest_confidence_decides() -> None:
    grows_stale = judged(a_series(*[75] * 7), a_series(*[1_000] * 7))
    assert (severity(grows_stale), window(grows_stale)) == (WARNING, 7)
    went_wrong = judged(a_series(*[10] * 6, 120), a_series(*[1_000] * 7))
    assert window(went_wrong) == 1


def test_rate_slightly_above_the_threshold_is_breached_on_three_days_but_not_on_one() -> None:
    """7% of a million on one day may be one list; on three days it is the rate."""
    once = judged(a_series(6_000), a_series(100_000))
    assert isinstance(once, Healthy), "20% above the line is what days differ by"
    again = judged(a_series(*[6_500] * 3), a_series(*[100_000] * 3))
    assert isinstance(again, Breached)


def test_min_volume_and_min_events_apply_besides_confidence() -> None:
    assert isinstance(judged(a_series(40), a_series(100)), Breached)
    for rule in (replace(RULE, min_volume=101), replace(RULE, min_events=41)):
        assert isinstance(judged(a_series(40), a_series(100), rule), Healthy)


def test_required_confidence_rises_when_very_many_series_are_evaluated() -> None:
    assert isinstance(judged(a_series(80), a_series(1_000)), Breached)
    assert isinstance(judged(a_series(80), a_series(1_000), series=1_000), Breached)
    assert isinstance(judged(a_series(80), a_series(1_000), series=1_000_000), Healthy)


@pytest.mark.parametrize(
    ("delivered", "expected"), [(960, 0), (940, 0), (920, WARNING), (840, CRITICAL)]
)
def test_delivery_rate_is_evaluated_by_the_emails_that_were_not_delivered(
    delivered: int, expected: int
) -> None:
    verdict = judged(a_series(delivered), a_series(1_000), DELIVERY, NEXT)
    assert severity(verdict) == expected


def test_open_rate_is_evaluated_by_the_emails_that_were_opened() -> None:
    rule = a_sure_rule(
        "opens", indicator=Indicator.OPEN_RATE, warning="10%", critical="5%", arrival_curve=AT_ONCE
    )
    for opened, expected in ((100, 0), (90, 0), (60, WARNING), (20, CRITICAL)):
        assert severity(judged(a_series(opened), a_series(1_000), rule, NEXT)) == expected


def test_rate_that_should_be_high_stays_healthy_while_feedback_can_still_arrive() -> None:
    """A newsletter of five minutes ago; and five mails on the day after a large mailing."""
    opens = a_sure_rule("opens", indicator=Indicator.OPEN_RATE, warning="10%", critical="5%")
    assert isinstance(judged(a_series(32), a_series(10_000), opens), Healthy)
    rule = replace(DELIVERY, arrival_curve=DEFAULT_CURVES[Indicator.DELIVERY_RATE])
    small = a_series(19_600, 5), a_series(20_000, 5)
    for at in (EVENING, NEXT):
        assert isinstance(judged(*small, rule, at), Healthy)


# Feedback comes late.


def test_late_feedback_is_divided_by_the_emails_it_can_belong_to() -> None:
    """A mailing of yesterday, of which complaints come in today, when next to nothing is sent."""
    rule = a_sure_rule(
        "complaints", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="0.5%"
    )
    events, mails = a_series(60, 45), a_series(200_000, 1_000)
    verdict = judged(events, mails, rule)
    assert isinstance(verdict, Healthy), "45 of 1,000 is 4.5%, and means nothing"
    raw = replace(rule, arrival_curve=AT_ONCE)
    assert severity(judged(events, mails, raw)) == CRITICAL


def test_bucket_of_today_expects_little_feedback_in_the_early_morning() -> None:
    feedback = DEFAULT_CURVES[Indicator.COMPLAINT_RATE]
    morning = AsOf(datetime.combine(TODAY, time(2), NOW.tzinfo), TODAY)
    (today, *_) = day_buckets(a_series(0), a_series(10_000), Window(2), feedback, morning)
    assert (today.hours, today.volume) == (2, 10_000)
    assert today.expected_emails == pytest.approx(10_000 * 0.063)


@given(
    st.lists(st.integers(0, 2_000), min_size=9, max_size=9),
    st.lists(st.integers(0, 60), min_size=9, max_size=9),
    st.sampled_from(["1%", "5%", "20%"]),
    st.integers(0, 23),
)
def test_quick_healthy_verdict_equals_the_verdict_of_the_full_evaluation(
    mails: list[int], events: list[int], line: str, hour: int
) -> None:
    """Judged in full, as where an alert is open, none of it is breached."""
    at = AsOf(datetime.combine(TODAY, time(hour), NOW.tzinfo), TODAY)
    rule = a_sure_rule(warning=line, critical=None)
    counts = a_series(*events), a_series(*mails)
    quick = evaluate_series(rule, NEWS, counts, at)
    if isinstance(quick, Healthy) and any(mails):
        long_ago = PriorState(NOW - 60 * DAY)
        buckets = day_buckets(*counts, rule.longest_window, rule.arrival_curve, at)
        windows = [(at.midnight - (each.days - 1) * DAY, each) for each in rule.windows]
        for sight in window_totals(buckets, windows, Boundary(share(line)), EXPECTED):
            doubt = Boundary(share(line)).doubt(sight.weighted_events, sight.weighted_emails)
            assert doubt > 0.005 or sight.events < 2 or sight.emails < 1
        assert evaluate_series(rule, NEWS, counts, at, long_ago) == quick


# What is going on already.


def test_events_before_a_resolution_do_not_breach_again() -> None:
    events, mails = a_series(300, 5, 5), a_series(1_000, 1_000, 1_000)
    assert isinstance(judged(events, mails), Breached)
    over = PriorState(EVENING.now - DAY)
    assert isinstance(judged(events, mails, phase=over), Healthy)
    again = a_series(300, 5, 120)
    verdict = judged(again, mails, phase=over)
    assert isinstance(verdict, Breached)
    assert window(verdict) <= 2


def test_events_that_opened_an_alert_keep_it_breached() -> None:
    events, mails = a_series(75, 75, 75, 0), a_series(1_000, 1_000, 1_000, 5)
    assert isinstance(judged(events, mails, phase=PriorState(EVENING.now - DAY, WARNING)), Breached)


def test_severity_rises_only_by_events_since_the_alert_began() -> None:
    events, mails = a_series(200, 100), a_series(1_000, 1_000)
    since_today = PriorState(EVENING.now - HOUR, WARNING)
    assert severity(judged(events, mails)) == CRITICAL
    assert severity(judged(events, mails, phase=since_today)) == WARNING
    assert severity(judged(a_series(200, 170), mails, phase=since_today)) == CRITICAL


def test_alert_resolves_when_a_full_day_after_its_start_proves_a_healthy_rate() -> None:
    mails = a_series(1_000, 1_000)
    since = PriorState(EVENING.now - DAY, WARNING)
    verdict = judged(a_series(300, 10), mails, at=NEXT, phase=since)
    assert isinstance(verdict, Healthy)
    assert window(verdict) == 1
    assert verdict.evidence is not None
    assert verdict.evidence.confidence is not None
    assert verdict.evidence.confidence > 0.95
    near = judged(a_series(300, 45), mails, at=NEXT, phase=since)
    assert isinstance(near, Breached), "4.5% proves nothing"


def test_clean_current_day_does_not_resolve_an_alert_that_began_today_or_yesterday() -> None:
    clean = a_series(10), a_series(1_000)
    assert isinstance(judged(*clean, phase=PriorState(EVENING.now - HOUR, WARNING)), Inconclusive)
    assert isinstance(judged(*clean, phase=PriorState(EVENING.now - DAY, WARNING)), Inconclusive)


def test_resolution_depends_on_full_days_and_not_on_today() -> None:
    mails, since = a_series(1_000, 1_000, 1_000), PriorState(EVENING.now - 2 * DAY, WARNING)
    assert not isinstance(judged(a_series(300, 45, 0), mails, phase=since), Healthy)
    ended = judged(a_series(300, 5, 45), mails, phase=since)
    assert isinstance(ended, Healthy)
    assert ended.evidence is not None
    assert (ended.evidence.rate.events, ended.evidence.rate.volume) == (5, 1_000)


def test_clean_day_does_not_resolve_an_alert_when_today_is_breached() -> None:
    mails, since = a_series(1_000, 1_000, 1_000), PriorState(EVENING.now - 2 * DAY, WARNING)
    assert isinstance(judged(a_series(300, 5, 120), mails, phase=since), Breached)


def test_missing_feedback_of_a_large_campaign_does_not_resolve_an_alert() -> None:
    """A large mailing of yesterday, of which nothing more is heard, and a bad small one."""
    events, mails = a_series(12_000, 25), a_series(100_000, 250)
    since = PriorState(EVENING.now - DAY, WARNING)
    bounces = replace(RULE, arrival_curve=DEFAULT_CURVES[Indicator.BOUNCE_RATE])
    assert not isinstance(judged(events, mails, bounces, NEXT, since), Healthy)


def test_campaign_that_was_just_sent_does_not_resolve_an_alert() -> None:
    rule = a_sure_rule("c", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="0.5%")
    events = a_series(140, 30, 10, 4, 2, 2, 0, 0)
    mails = a_series(100_000, *[0] * 6, 100_000)
    since = PriorState(EVENING.now - 7 * DAY, WARNING)
    morning = AsOf(datetime.combine(TODAY, time(1), NOW.tzinfo), TODAY)
    assert not isinstance(judged(events, mails, rule, morning, since), Healthy)


def test_low_volume_alert_resolves_only_after_the_longest_window_has_passed() -> None:
    rule = a_sure_rule(warning="0.1%", critical=None, arrival_curve=AT_ONCE)
    mails = a_series(50, *[10] * 8)
    for age, ended in ((7, False), (8, True)):
        since = PriorState(EVENING.now - age * DAY, WARNING)
        verdict = judged(a_series(*[0] * 9), mails, rule, phase=since)
        assert isinstance(verdict, Healthy) == ended


def test_window_is_not_shortened_to_the_time_since_the_alert_began() -> None:
    rule = replace(RULE, windows=(Window(3),))
    mails, since = a_series(*[1_000] * 4), PriorState(EVENING.now - DAY, WARNING)
    assert not isinstance(judged(a_series(0, 0, 400, 0), mails, rule, NEXT, since), Healthy)
    past = replace(since, since=EVENING.now - 3 * DAY)
    assert isinstance(judged(a_series(400, 9, 9, 9), mails, rule, NEXT, past), Healthy)


def test_alert_resolves_without_emails_only_after_a_full_week() -> None:
    rule = replace(RULE, windows=(Window(1), Window(2)))
    since = PriorState(EVENING.now - 20 * DAY, WARNING)
    assert isinstance(judged(a_series(0), a_series(9, *[0] * 7), rule, phase=since), Inconclusive)
    verdict = judged(a_series(0), a_series(9, *[0] * 8), rule, phase=since)
    assert isinstance(verdict, Healthy)
    assert verdict.evidence is None


def test_pending_alert_gets_an_inconclusive_verdict_from_doubt_or_a_night_without_emails() -> None:
    pending = PriorState(is_pending=True)
    mails = a_series(1_000)
    assert isinstance(judged(a_series(60), mails, phase=pending), Inconclusive), (
        "6% proves nothing yet"
    )
    assert isinstance(judged(a_series(40), mails, phase=pending), Healthy)
    night = replace(RULE, windows=(Window(1),))
    assert isinstance(judged(a_series(90, 0), a_series(900, 0), night, phase=pending), Inconclusive)


@pytest.mark.parametrize(
    ("meaning", "kind"),
    [(MissingData.OK, Healthy), (MissingData.KEEP, Inconclusive), (MissingData.BREACHING, NoEmail)],
)
def test_missing_data_setting_decides_the_verdict_without_emails(
    meaning: MissingData, kind: type
) -> None:
    long_ago = a_series(5, *[0] * 10)
    for rule in (RULE, a_rule(windows=(3,))):
        verdict = judged(Series({}), long_ago, replace(rule, missing_data=meaning))
        assert isinstance(verdict, kind)


def test_missing_data_breach_needs_earlier_emails_and_a_full_window_without_any() -> None:
    rule = replace(RULE, missing_data=MissingData.BREACHING, windows=(Window(1),))
    for mails in (Series({}), a_series(100, 0)):
        assert isinstance(judged(Series({}), mails, rule), Inconclusive)
    assert isinstance(judged(Series({}), a_series(100, 0, 0), rule), NoEmail)


def test_returning_emails_resolve_only_an_alert_about_missing_data() -> None:
    rule = replace(RULE, missing_data=MissingData.BREACHING)
    since = PriorState(EVENING.now - HOUR, WARNING, is_about_no_email=True)
    mails = a_series(*[100] * 5, *[0] * 8, 100)
    assert isinstance(judged(a_series(1), mails, rule, phase=since), Healthy)
    of_rate = replace(since, is_about_no_email=False)
    assert isinstance(judged(a_series(1), mails, rule, phase=of_rate), Inconclusive)


def test_feedback_on_a_day_without_emails_is_divided_by_the_emails_of_the_day_before() -> None:
    rule = a_sure_rule(
        "c", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="1%", windows=(1,)
    )
    at = AsOf(datetime.combine(TODAY, time(12), NOW.tzinfo), TODAY)
    verdict = judged(a_series(100, 150), a_series(100_000, 0), rule, at)
    assert isinstance(verdict, Breached)
    assert str(verdict).startswith(
        "150 of the 24,625 or so mails that one can have heard of by now were reported as spam "
        "today so far (0.6%): more than 99.9% sure"
    )


# What is usual.


def test_rate_is_breached_when_it_is_confidently_a_multiple_of_its_baseline() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    before, mails = [5] * 35, [1_000] * 35
    usual = judged(a_series(*before), a_series(*mails), rule)
    assert isinstance(usual, Healthy)
    risen = judged(a_series(*before, 30, 30), a_series(*mails, 1_000, 1_000), rule)
    assert isinstance(risen, Breached), "3% is below 5%, and six times what it was"
    assert risen.severity is WARNING
    assert risen.threshold.baseline is not None
    assert str(risen.threshold.baseline.rate) == "0.5% (140 of 28,000)"
    assert 0.015 < risen.threshold.share < 0.02, "three times half a percent, and a margin"
    assert isinstance(judged(a_series(*before, 30, 30), a_series(*mails, 1_000, 1_000)), Healthy)


def test_baseline_of_few_emails_causes_no_breach() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    before, mails = [0] * 28, [10] * 28
    events, volume = a_series(*before, *[0] * 5, 10, 10), a_series(*mails, *[0] * 5, 300, 300)
    assert isinstance(judged(events, volume, rule), Healthy)
    much = a_series(*[1_000] * 28, *[0] * 5, 300, 300)
    assert isinstance(judged(events, much, rule), Breached)


def test_fixed_threshold_is_reported_when_it_is_lower_than_the_baseline_threshold() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    verdict = judged(a_series(*[40] * 34, 150), a_series(*[1_000] * 35), rule)
    assert isinstance(verdict, Breached)
    assert verdict.threshold.baseline is None


@pytest.mark.parametrize(
    ("was", "is_now", "line"), [(970, 800, "50%"), (970, 930, "50%"), (200, 120, "1%")]
)
def test_rate_that_should_be_high_is_breached_when_it_drops_below_its_baseline(
    was: int, is_now: int, line: str
) -> None:
    rule = replace(
        DELIVERY, thresholds=a_rule(warning=line, critical=None).thresholds, baseline_factor=0.9
    )
    events = a_series(*[was] * 35, *[is_now] * 3)
    verdict = judged(events, a_series(*[1_000] * 38), rule, NEXT)
    assert isinstance(verdict, Breached) == (is_now / was < 0.9)


def test_baseline_excludes_the_days_since_the_alert_began() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    events, mails = a_series(*[5] * 35, *[30] * 20), a_series(*[1_000] * 55)
    since = PriorState(EVENING.now - 19 * DAY, WARNING)
    assert isinstance(judged(events, mails, rule, NEXT, since), Breached)


def test_fixed_threshold_is_reported_before_the_baseline_when_both_are_exceeded() -> None:
    rule = replace(RULE, baseline_factor=3.0)
    verdict = judged(a_series(*[5] * 35, *[90] * 3), a_series(*[1_000] * 38), rule)
    assert isinstance(verdict, Breached)
    assert verdict.threshold.share == 0.05


# Whatever the counts are.

counts = st.lists(st.integers(0, 3_000), min_size=1, max_size=9)
lines = st.sampled_from(["0.1%", "1%", "5%", "20%"])


@given(counts, counts, counts, lines)
def test_severity_never_falls_as_events_rise(
    mails: list[int], events: list[int], more: list[int], line: str
) -> None:
    rule = a_sure_rule(warning=line, critical="50%")
    rising = [one + other for one, other in zip_longest(events, more, fillvalue=0)]
    # They have to end on the same day, and so to be of as many.
    before = judged(a_series(*events, *[0] * (len(rising) - len(events))), a_series(*mails), rule)
    after = judged(a_series(*rising), a_series(*mails), rule)
    assert severity(after) >= severity(before)


@given(counts, counts, lines, st.floats(0.1, 1))
def test_severity_never_falls_as_thresholds_fall(
    mails: list[int], events: list[int], line: str, lower: float
) -> None:
    rule = a_sure_rule(warning=line, critical="50%")
    below = tuple(replace(each, share=each.share * lower) for each in rule.thresholds)
    counted = a_series(*events), a_series(*mails)
    assert severity(judged(*counted, replace(rule, thresholds=below))) >= severity(
        judged(*counted, rule)
    )


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5_000)), max_size=9), st.randoms())
def test_window_totals_do_not_depend_on_the_order_of_the_buckets(
    counted: list[tuple[int, int]], order: random.Random
) -> None:
    buckets = [
        Bucket(NOW - age * 6 * HOUR, 6, events, mails, mails * 0.9, 0)
        for age, (events, mails) in enumerate(counted)
    ]
    windows = [(NOW - hours * HOUR, Window(hours)) for hours in (0, 6, 24, 48)]
    seen = list(window_totals(buckets, windows, Boundary(0.05), EXPECTED))
    order.shuffle(buckets)
    assert list(window_totals(buckets, windows, Boundary(0.05), EXPECTED)) == seen


@pytest.mark.parametrize("gap", list(Gap))
def test_gap_in_either_count_gives_an_unknown_verdict_in_every_alert_context(gap: Gap) -> None:
    for phase in (NO_OPEN_ALERT, PriorState(NOW), PriorState(NOW, WARNING)):
        for verdict in (
            judged(gap, a_series(1), phase=phase),
            judged(a_series(1), gap, phase=phase),
        ):
            assert isinstance(verdict, Unknown)
            assert verdict.gap is gap


phases = st.sampled_from(
    [
        NO_OPEN_ALERT,
        PriorState(NOW - DAY),
        PriorState(NOW - DAY, WARNING),
        PriorState(NOW, CRITICAL),
    ]
)


@given(counts, counts, phases, st.sampled_from([RULE, DELIVERY, a_rule()]), st.integers(0, 23))
def test_verdict_text_is_one_sentence_that_names_the_rate(
    events: list[int], mails: list[int], phase: PriorState, rule: Rule, hour: int
) -> None:
    at = AsOf(datetime.combine(TODAY, time(hour), NOW.tzinfo), TODAY)
    sentence = str(judged(a_series(*events), a_series(*mails), rule, at, phase))
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert "rate of news.example.com" in sentence
    assert sentence[0].isupper() or sentence[0].isdigit()


def test_several_short_buckets_weigh_more_than_one_long_bucket() -> None:
    """Twelve hours of two hours each weigh more than one of twelve: each differs on its own."""

    def weight(*buckets: Bucket) -> Any:
        (sight,) = window_totals(buckets, [(NOW - 12 * HOUR, Window(1))], Boundary(0.05), EXPECTED)
        return sight.weighted_emails

    one = Bucket(NOW - 12 * HOUR, 12, 60, 12_000, 12_000, 0)
    several = [Bucket(NOW - age * 2 * HOUR, 2, 10, 2_000, 2_000, 0) for age in range(1, 7)]
    assert weight(one) < weight(*several) < 12_000


def test_window_that_ends_yesterday_covers_its_full_length() -> None:
    """Every Monday is bad, and so is every week; six days without it do not end that."""
    rule = replace(RULE, windows=(Window(7),))
    monday_to_sunday = a_series(400, *[70] * 6, 0)
    since = PriorState(EVENING.now - 8 * DAY, WARNING)
    midnight = AsOf(datetime.combine(TODAY, time(5), NOW.tzinfo), TODAY)
    mails = a_series(*[2_000] * 7, 100)
    assert not isinstance(judged(monday_to_sunday, mails, rule, midnight, since), Healthy)
