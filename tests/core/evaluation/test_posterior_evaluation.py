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
from vdm_alerts.core.evaluation.context import ORDINARY, Phase
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Silent, Unknown, Unsure, Verdict
from vdm_alerts.core.evaluation.window_evidence import EXPECTED
from vdm_alerts.core.evaluation.windows import Line, sights
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import MissingData, Rule
from vdm_alerts.core.statistics.arrival import FEEDBACK, Feedback

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
DAY = timedelta(days=1)
EVENING = AsOf(datetime.combine(TODAY, time(23), NOW.tzinfo), TODAY)
NEXT = AsOf(EVENING.now + 10 * HOUR, TODAY)
"""On the morning after the last day."""
AT_ONCE = Feedback(((0.001, 1.0),))
"""Bounces that come with the mail, which leaves the counts as they are."""
RULE = a_sure_rule(feedback=AT_ONCE)
DELIVERY = a_sure_rule(
    "delivery", indicator=Indicator.DELIVERY_RATE, warning="95%", critical="90%", feedback=AT_ONCE
)


def judged(
    events: Series | Gap,
    volume: Series | Gap,
    rule: Rule = RULE,
    at: AsOf = EVENING,
    phase: Phase = ORDINARY,
    series: int = 1,
) -> Verdict:
    return evaluate_series(rule, NEWS, (events, volume), at, phase, series)


def severity(verdict: Verdict) -> int:
    return verdict.severity if isinstance(verdict, Breached) else 0


def window(verdict: Verdict) -> int:
    assert isinstance(verdict, Breached | Healthy | Unsure)
    assert verdict.evidence is not None
    return verdict.evidence.window.days


def test_one_bounce_of_thirteen_mails_says_nothing() -> None:
    assert isinstance(judged(a_series(1), a_series(13)), Healthy)


def test_a_rate_is_breached_from_where_one_can_be_sure_of_it() -> None:
    for bounces, of in ((14, 50), (80, 1_000)):
        assert isinstance(judged(a_series(bounces), a_series(of)), Breached)
    for bounces, of in ((9, 50), (70, 1_000)):
        assert isinstance(judged(a_series(bounces), a_series(of)), Healthy)


def test_it_says_how_sure_one_can_be() -> None:
    verdict = judged(a_series(80), a_series(1_000))
    assert isinstance(verdict, Breached)
    assert verdict.evidence.sure is not None
    assert 0.995 <= verdict.evidence.sure < 0.9999
    assert verdict.threshold.share == 0.05


def test_the_surest_window_decides() -> None:
    grows_stale = judged(a_series(*[75] * 7), a_series(*[1_000] * 7))
    assert (severity(grows_stale), window(grows_stale)) == (WARNING, 7)
    went_wrong = judged(a_series(*[10] * 6, 120), a_series(*[1_000] * 7))
    assert window(went_wrong) == 1


def test_one_bad_mailing_is_one_event_however_many_mails_it_had() -> None:
    """7% of a million on one day may be one list; on three days it is the rate."""
    once = judged(a_series(6_000), a_series(100_000))
    assert isinstance(once, Healthy), "20% above the line is what days differ by"
    again = judged(a_series(*[6_500] * 3), a_series(*[100_000] * 3))
    assert isinstance(again, Breached)


def test_a_minimum_of_mails_or_of_events_still_counts() -> None:
    assert isinstance(judged(a_series(40), a_series(100)), Breached)
    for rule in (replace(RULE, min_volume=101), replace(RULE, min_events=41)):
        assert isinstance(judged(a_series(40), a_series(100), rule), Healthy)


def test_less_doubt_is_left_where_very_many_series_are_judged() -> None:
    assert isinstance(judged(a_series(80), a_series(1_000)), Breached)
    assert isinstance(judged(a_series(80), a_series(1_000), series=1_000), Breached)
    assert isinstance(judged(a_series(80), a_series(1_000), series=1_000_000), Healthy)


@pytest.mark.parametrize(
    ("delivered", "expected"), [(960, 0), (940, 0), (920, WARNING), (840, CRITICAL)]
)
def test_of_a_rate_that_should_be_high_the_misses_are_counted(
    delivered: int, expected: int
) -> None:
    verdict = judged(a_series(delivered), a_series(1_000), DELIVERY, NEXT)
    assert severity(verdict) == expected


def test_of_a_rate_that_should_be_high_and_is_never_much_the_events_are() -> None:
    rule = a_sure_rule(
        "opens", indicator=Indicator.OPEN_RATE, warning="10%", critical="5%", feedback=AT_ONCE
    )
    for opened, expected in ((100, 0), (90, 0), (60, WARNING), (20, CRITICAL)):
        assert severity(judged(a_series(opened), a_series(1_000), rule, NEXT)) == expected


def test_of_a_rate_that_should_be_high_mail_that_may_not_have_been_heard_of_says_nothing() -> None:
    """A newsletter of five minutes ago; and five mails on the day after a large mailing."""
    opens = a_sure_rule("opens", indicator=Indicator.OPEN_RATE, warning="10%", critical="5%")
    assert isinstance(judged(a_series(32), a_series(10_000), opens), Healthy)
    rule = replace(DELIVERY, feedback=FEEDBACK[Indicator.DELIVERY_RATE])
    small = a_series(19_600, 5), a_series(20_000, 5)
    for at in (EVENING, NEXT):
        assert isinstance(judged(*small, rule, at), Healthy)


# Feedback comes late.


def test_late_feedback_is_set_against_the_mail_that_it_can_be_of() -> None:
    """A mailing of yesterday, of which complaints come in today, when next to nothing is sent."""
    rule = a_sure_rule(
        "complaints", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="0.5%"
    )
    events, mails = a_series(60, 45), a_series(200_000, 1_000)
    verdict = judged(events, mails, rule)
    assert isinstance(verdict, Healthy), "45 of 1,000 is 4.5%, and means nothing"
    raw = replace(rule, feedback=AT_ONCE)
    assert severity(judged(events, mails, raw)) == CRITICAL


def test_in_the_morning_the_mail_of_today_has_hardly_been_heard_of() -> None:
    feedback = FEEDBACK[Indicator.COMPLAINT_RATE]
    morning = AsOf(datetime.combine(TODAY, time(2), NOW.tzinfo), TODAY)
    (today, *_) = day_buckets(a_series(0), a_series(10_000), Window(2), feedback, morning)
    assert (today.hours, today.volume) == (2, 10_000)
    assert today.expected == pytest.approx(10_000 * 0.063)


@given(
    st.lists(st.integers(0, 2_000), min_size=9, max_size=9),
    st.lists(st.integers(0, 60), min_size=9, max_size=9),
    st.sampled_from(["1%", "5%", "20%"]),
    st.integers(0, 23),
)
def test_what_is_quickly_passed_over_would_not_have_been_found(
    mails: list[int], events: list[int], line: str, hour: int
) -> None:
    """Judged in full, as where an alert is open, none of it is breached."""
    at = AsOf(datetime.combine(TODAY, time(hour), NOW.tzinfo), TODAY)
    rule = a_sure_rule(warning=line, critical=None)
    counts = a_series(*events), a_series(*mails)
    quick = evaluate_series(rule, NEWS, counts, at)
    if isinstance(quick, Healthy) and any(mails):
        long_ago = Phase(NOW - 60 * DAY)
        buckets = day_buckets(*counts, rule.longest, rule.feedback, at)
        windows = [(at.midnight - (each.days - 1) * DAY, each) for each in rule.windows]
        for sight in sights(buckets, windows, Line(share(line)), EXPECTED):
            doubt = Line(share(line)).doubt(sight.weighed_events, sight.weighed_mails)
            assert doubt > 0.005 or sight.events < 2 or sight.mails < 1
        assert evaluate_series(rule, NEWS, counts, at, long_ago) == quick


# What is going on already.


def test_what_was_before_a_clear_end_does_not_break_the_rule_again() -> None:
    events, mails = a_series(300, 5, 5), a_series(1_000, 1_000, 1_000)
    assert isinstance(judged(events, mails), Breached)
    over = Phase(EVENING.now - DAY)
    assert isinstance(judged(events, mails, phase=over), Healthy)
    again = a_series(300, 5, 120)
    verdict = judged(again, mails, phase=over)
    assert isinstance(verdict, Breached)
    assert window(verdict) <= 2


def test_what_an_alert_was_opened_for_keeps_it_open() -> None:
    events, mails = a_series(75, 75, 75, 0), a_series(1_000, 1_000, 1_000, 5)
    assert isinstance(judged(events, mails, phase=Phase(EVENING.now - DAY, WARNING)), Breached)


def test_only_what_has_come_since_makes_it_worse() -> None:
    events, mails = a_series(200, 100), a_series(1_000, 1_000)
    since_today = Phase(EVENING.now - HOUR, WARNING)
    assert severity(judged(events, mails)) == CRITICAL
    assert severity(judged(events, mails, phase=since_today)) == WARNING
    assert severity(judged(a_series(200, 170), mails, phase=since_today)) == CRITICAL


def test_an_alert_ends_once_a_day_after_it_proves_that_it_is_over() -> None:
    mails = a_series(1_000, 1_000)
    since = Phase(EVENING.now - DAY, WARNING)
    verdict = judged(a_series(300, 10), mails, at=NEXT, phase=since)
    assert isinstance(verdict, Healthy)
    assert window(verdict) == 1
    assert verdict.evidence is not None
    assert verdict.evidence.sure is not None
    assert verdict.evidence.sure > 0.95
    near = judged(a_series(300, 45), mails, at=NEXT, phase=since)
    assert isinstance(near, Breached), "4.5% proves nothing"


def test_neither_the_day_that_an_alert_began_on_ends_it_nor_the_one_that_is_going_on() -> None:
    clean = a_series(10), a_series(1_000)
    assert isinstance(judged(*clean, phase=Phase(EVENING.now - HOUR, WARNING)), Unsure)
    assert isinstance(judged(*clean, phase=Phase(EVENING.now - DAY, WARNING)), Unsure)


def test_todays_clean_mail_does_not_end_it_nor_do_todays_bounces_keep_it() -> None:
    mails, since = a_series(1_000, 1_000, 1_000), Phase(EVENING.now - 2 * DAY, WARNING)
    assert not isinstance(judged(a_series(300, 45, 0), mails, phase=since), Healthy)
    ended = judged(a_series(300, 5, 45), mails, phase=since)
    assert isinstance(ended, Healthy)
    assert ended.evidence is not None
    assert (ended.evidence.rate.events, ended.evidence.rate.volume) == (5, 1_000)


def test_an_alert_does_not_end_by_a_clean_day_while_the_next_would_begin_it_anew() -> None:
    mails, since = a_series(1_000, 1_000, 1_000), Phase(EVENING.now - 2 * DAY, WARNING)
    assert isinstance(judged(a_series(300, 5, 120), mails, phase=since), Breached)


def test_feedback_that_is_still_to_come_does_not_end_it() -> None:
    """A large mailing of yesterday, of which nothing more is heard, and a bad small one."""
    events, mails = a_series(12_000, 25), a_series(100_000, 250)
    since = Phase(EVENING.now - DAY, WARNING)
    bounces = replace(RULE, feedback=FEEDBACK[Indicator.BOUNCE_RATE])
    assert not isinstance(judged(events, mails, bounces, NEXT, since), Healthy)


def test_a_mailing_that_has_just_gone_out_does_not_end_it() -> None:
    rule = a_sure_rule("c", indicator=Indicator.COMPLAINT_RATE, warning="0.1%", critical="0.5%")
    events = a_series(140, 30, 10, 4, 2, 2, 0, 0)
    mails = a_series(100_000, *[0] * 6, 100_000)
    since = Phase(EVENING.now - 7 * DAY, WARNING)
    morning = AsOf(datetime.combine(TODAY, time(1), NOW.tzinfo), TODAY)
    assert not isinstance(judged(events, mails, rule, morning, since), Healthy)


def test_mail_too_little_to_prove_anything_ends_it_in_time() -> None:
    rule = a_sure_rule(warning="0.1%", critical=None, feedback=AT_ONCE)
    mails = a_series(50, *[10] * 8)
    for age, ended in ((7, False), (8, True)):
        since = Phase(EVENING.now - age * DAY, WARNING)
        verdict = judged(a_series(*[0] * 9), mails, rule, phase=since)
        assert isinstance(verdict, Healthy) == ended


def test_a_window_of_days_is_not_cut_to_one_of_hours() -> None:
    rule = replace(RULE, windows=(Window(3),))
    mails, since = a_series(*[1_000] * 4), Phase(EVENING.now - DAY, WARNING)
    assert not isinstance(judged(a_series(0, 0, 400, 0), mails, rule, NEXT, since), Healthy)
    past = replace(since, since=EVENING.now - 3 * DAY)
    assert isinstance(judged(a_series(400, 9, 9, 9), mails, rule, NEXT, past), Healthy)


def test_an_alert_ends_for_want_of_mail_only_after_a_week_of_it() -> None:
    rule = replace(RULE, windows=(Window(1), Window(2)))
    since = Phase(EVENING.now - 20 * DAY, WARNING)
    assert isinstance(judged(a_series(0), a_series(9, *[0] * 7), rule, phase=since), Unsure)
    verdict = judged(a_series(0), a_series(9, *[0] * 8), rule, phase=since)
    assert isinstance(verdict, Healthy)
    assert verdict.evidence is None


def test_what_is_pending_is_neither_begun_anew_by_doubt_nor_by_a_night_without_mail() -> None:
    pending = Phase(is_pending=True)
    mails = a_series(1_000)
    assert isinstance(judged(a_series(60), mails, phase=pending), Unsure), "6% proves nothing yet"
    assert isinstance(judged(a_series(40), mails, phase=pending), Healthy)
    night = replace(RULE, windows=(Window(1),))
    assert isinstance(judged(a_series(90, 0), a_series(900, 0), night, phase=pending), Unsure)


@pytest.mark.parametrize(
    ("meaning", "kind"),
    [(MissingData.OK, Healthy), (MissingData.KEEP, Unsure), (MissingData.BREACHING, Silent)],
)
def test_a_rule_says_what_no_mail_means(meaning: MissingData, kind: type) -> None:
    long_ago = a_series(5, *[0] * 10)
    for rule in (RULE, a_rule(windows=(3,))):
        verdict = judged(Series({}), long_ago, replace(rule, missing_data=meaning))
        assert isinstance(verdict, kind)


def test_who_never_sent_anything_is_not_missed_nor_who_sent_yesterday() -> None:
    rule = replace(RULE, missing_data=MissingData.BREACHING, windows=(Window(1),))
    for mails in (Series({}), a_series(100, 0)):
        assert isinstance(judged(Series({}), mails, rule), Unsure)
    assert isinstance(judged(Series({}), a_series(100, 0, 0), rule), Silent)


def test_mail_that_comes_again_ends_an_alert_about_none_and_no_other() -> None:
    rule = replace(RULE, missing_data=MissingData.BREACHING)
    since = Phase(EVENING.now - HOUR, WARNING, of_silence=True)
    mails = a_series(*[100] * 5, *[0] * 8, 100)
    assert isinstance(judged(a_series(1), mails, rule, phase=since), Healthy)
    of_rate = replace(since, of_silence=False)
    assert isinstance(judged(a_series(1), mails, rule, phase=of_rate), Unsure)


def test_what_is_heard_after_the_last_mail_counts_by_the_mail_that_it_is_of() -> None:
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


def test_a_rate_is_breached_where_it_is_surely_several_times_its_own() -> None:
    rule = replace(RULE, unusual=3.0)
    before, mails = [5] * 35, [1_000] * 35
    usual = judged(a_series(*before), a_series(*mails), rule)
    assert isinstance(usual, Healthy)
    risen = judged(a_series(*before, 30, 30), a_series(*mails, 1_000, 1_000), rule)
    assert isinstance(risen, Breached), "3% is below 5%, and six times what it was"
    assert risen.severity is WARNING
    assert risen.threshold.usual is not None
    assert str(risen.threshold.usual.rate) == "0.5% (140 of 28,000)"
    assert 0.015 < risen.threshold.share < 0.02, "three times half a percent, and a margin"
    assert isinstance(judged(a_series(*before, 30, 30), a_series(*mails, 1_000, 1_000)), Healthy)


def test_of_little_mail_before_one_cannot_be_sure_what_is_usual() -> None:
    rule = replace(RULE, unusual=3.0)
    before, mails = [0] * 28, [10] * 28
    events, volume = a_series(*before, *[0] * 5, 10, 10), a_series(*mails, *[0] * 5, 300, 300)
    assert isinstance(judged(events, volume, rule), Healthy)
    much = a_series(*[1_000] * 28, *[0] * 5, 300, 300)
    assert isinstance(judged(events, much, rule), Breached)


def test_a_fixed_threshold_that_is_reached_sooner_is_the_one_that_counts() -> None:
    rule = replace(RULE, unusual=3.0)
    verdict = judged(a_series(*[40] * 34, 150), a_series(*[1_000] * 35), rule)
    assert isinstance(verdict, Breached)
    assert verdict.threshold.usual is None


@pytest.mark.parametrize(
    ("was", "is_now", "line"), [(970, 800, "50%"), (970, 930, "50%"), (200, 120, "1%")]
)
def test_a_rate_that_should_be_high_is_breached_where_it_drops(
    was: int, is_now: int, line: str
) -> None:
    rule = replace(DELIVERY, thresholds=a_rule(warning=line, critical=None).thresholds, unusual=0.9)
    events = a_series(*[was] * 35, *[is_now] * 3)
    verdict = judged(events, a_series(*[1_000] * 38), rule, NEXT)
    assert isinstance(verdict, Breached) == (is_now / was < 0.9)


def test_what_is_wrong_now_does_not_become_usual_while_it_lasts() -> None:
    rule = replace(RULE, unusual=3.0)
    events, mails = a_series(*[5] * 35, *[30] * 20), a_series(*[1_000] * 55)
    since = Phase(EVENING.now - 19 * DAY, WARNING)
    assert isinstance(judged(events, mails, rule, NEXT, since), Breached)


def test_a_threshold_of_ones_own_is_named_before_what_is_unusual() -> None:
    rule = replace(RULE, unusual=3.0)
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
def test_severity_never_falls_as_thresholds_do(
    mails: list[int], events: list[int], line: str, lower: float
) -> None:
    rule = a_sure_rule(warning=line, critical="50%")
    below = tuple(replace(each, share=each.share * lower) for each in rule.thresholds)
    counted = a_series(*events), a_series(*mails)
    assert severity(judged(*counted, replace(rule, thresholds=below))) >= severity(
        judged(*counted, rule)
    )


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5_000)), max_size=9), st.randoms())
def test_what_is_seen_does_not_depend_on_the_order_of_the_buckets(
    counted: list[tuple[int, int]], order: random.Random
) -> None:
    buckets = [
        Bucket(NOW - age * 6 * HOUR, 6, events, mails, mails * 0.9, 0)
        for age, (events, mails) in enumerate(counted)
    ]
    windows = [(NOW - hours * HOUR, Window(hours)) for hours in (0, 6, 24, 48)]
    seen = list(sights(buckets, windows, Line(0.05), EXPECTED))
    order.shuffle(buckets)
    assert list(sights(buckets, windows, Line(0.05), EXPECTED)) == seen


@pytest.mark.parametrize("gap", list(Gap))
def test_what_is_not_known_gives_no_verdict_whatever_is_going_on(gap: Gap) -> None:
    for phase in (ORDINARY, Phase(NOW), Phase(NOW, WARNING)):
        for verdict in (
            judged(gap, a_series(1), phase=phase),
            judged(a_series(1), gap, phase=phase),
        ):
            assert isinstance(verdict, Unknown)
            assert verdict.gap is gap


phases = st.sampled_from(
    [ORDINARY, Phase(NOW - DAY), Phase(NOW - DAY, WARNING), Phase(NOW, CRITICAL)]
)


@given(counts, counts, phases, st.sampled_from([RULE, DELIVERY, a_rule()]), st.integers(0, 23))
def test_every_verdict_explains_itself_in_one_sentence(
    events: list[int], mails: list[int], phase: Phase, rule: Rule, hour: int
) -> None:
    at = AsOf(datetime.combine(TODAY, time(hour), NOW.tzinfo), TODAY)
    sentence = str(judged(a_series(*events), a_series(*mails), rule, at, phase))
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert "rate of news.example.com" in sentence
    assert sentence[0].isupper() or sentence[0].isdigit()


def test_buckets_may_be_of_any_length() -> None:
    """Twelve hours of two hours each weigh more than one of twelve: each differs on its own."""

    def weight(*buckets: Bucket) -> Any:
        (sight,) = sights(buckets, [(NOW - 12 * HOUR, Window(1))], Line(0.05), EXPECTED)
        return sight.weighed_mails

    one = Bucket(NOW - 12 * HOUR, 12, 60, 12_000, 12_000, 0)
    several = [Bucket(NOW - age * 2 * HOUR, 2, 10, 2_000, 2_000, 0) for age in range(1, 7)]
    assert weight(one) < weight(*several) < 12_000


def test_a_window_that_ends_yesterday_is_as_long_as_any_other() -> None:
    """Every Monday is bad, and so is every week; six days without it do not end that."""
    rule = replace(RULE, windows=(Window(7),))
    monday_to_sunday = a_series(400, *[70] * 6, 0)
    since = Phase(EVENING.now - 8 * DAY, WARNING)
    midnight = AsOf(datetime.combine(TODAY, time(5), NOW.tzinfo), TODAY)
    mails = a_series(*[2_000] * 7, 100)
    assert not isinstance(judged(monday_to_sunday, mails, rule, midnight, since), Healthy)
