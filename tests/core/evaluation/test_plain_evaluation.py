"""Rates that are simply compared with thresholds."""

from dataclasses import replace

import pytest
from builders import NEWS, NOW, TODAY, a_rule, a_series
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Unknown,
    Unsure,
    Verdict,
)
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule


def judged(rule: Rule, events: Series | Gap, volume: Series | Gap) -> Verdict:
    return evaluate_series(rule, NEWS, (events, volume), AsOf(NOW, TODAY))


def without_mail(verdict: Verdict) -> bool:
    return isinstance(verdict, Healthy) and verdict.evidence is None


def unknown_for(gap: Gap, verdict: Verdict) -> bool:
    return isinstance(verdict, Unknown) and verdict.gap is gap


def test_a_rate_at_the_threshold_counts_as_breached() -> None:
    verdict = judged(a_rule(warning="5%"), a_series(50), a_series(1_000))
    assert isinstance(verdict, Breached)
    assert verdict.severity is Severity.WARNING
    assert str(verdict.evidence.rate) == "5% (50 of 1,000)"


def test_a_rate_just_below_the_threshold_is_healthy() -> None:
    verdict = judged(a_rule(warning="5%"), a_series(49), a_series(1_000))
    assert isinstance(verdict, Healthy)


def test_the_highest_threshold_that_is_reached_gives_the_severity() -> None:
    verdict = judged(a_rule(), a_series(100), a_series(1_000))
    assert isinstance(verdict, Breached)
    assert verdict.severity is Severity.CRITICAL
    assert verdict.threshold.share == 0.1


DELIVERY = a_rule(
    "delivery", indicator=Indicator.DELIVERY_RATE, warning="95%", critical="90%", windows=(1, 3)
)


@pytest.mark.parametrize(
    ("delivered", "severity"), [(951, None), (950, "WARNING"), (901, "WARNING"), (900, "CRITICAL")]
)
def test_a_rate_that_should_be_high_is_breached_where_it_is_low(
    delivered: int, severity: str | None
) -> None:
    verdict = judged(DELIVERY, a_series(delivered), a_series(1_000))
    assert (str(verdict.severity) if isinstance(verdict, Breached) else None) == severity


def test_of_a_rate_that_should_be_high_the_lowest_window_decides() -> None:
    verdict = judged(DELIVERY, a_series(500, 400, 920), a_series(500, 500, 1_000))
    assert isinstance(verdict, Breached)
    assert (verdict.evidence.window.days, verdict.evidence.rate.events) == (3, 1_820)


def test_few_failures_of_a_rate_that_should_be_high_say_nothing() -> None:
    rule = a_rule("d", indicator=Indicator.DELIVERY_RATE, warning="95%", critical=None)
    seen = judged(rule, a_series(191), a_series(200))
    assert isinstance(seen, Healthy)
    assert seen.evidence == Evidence(Rate(191, 200), Window(3))
    assert isinstance(judged(rule, a_series(190), a_series(200)), Breached)
    few = replace(rule, min_events=11)
    assert isinstance(judged(few, a_series(190), a_series(200)), Unsure)


def test_one_bounce_among_thirteen_mails_says_nothing() -> None:
    verdict = judged(a_rule(), a_series(1), a_series(13))
    assert isinstance(verdict, Unsure)


def test_enough_events_on_too_little_mail_say_nothing() -> None:
    rule = a_rule(min_volume=200, min_events=1)
    assert isinstance(judged(rule, a_series(100), a_series(199)), Unsure)
    assert isinstance(judged(rule, a_series(100), a_series(200)), Breached)


def test_enough_mail_with_too_few_events_says_nothing() -> None:
    rule = a_rule(warning="0.1%", critical=None, min_volume=1, min_events=5)
    assert isinstance(judged(rule, a_series(4), a_series(1_000)), Unsure)
    assert isinstance(judged(rule, a_series(5), a_series(1_000)), Breached)


def test_a_low_rate_is_healthy_however_little_mail_it_is_of() -> None:
    assert isinstance(judged(a_rule(), a_series(0), a_series(3)), Healthy)


def test_a_window_that_says_enough_decides_beside_one_that_says_too_little() -> None:
    rule = a_rule(windows=(1, 3), min_volume=200, min_events=1)
    verdict = judged(rule, a_series(100, 0, 90), a_series(500, 500, 100))
    assert isinstance(verdict, Breached)
    assert verdict.evidence.window.days == 3


def test_the_worst_window_decides_and_is_named() -> None:
    rule = a_rule(windows=(1, 3))
    events, volume = a_series(0, 0, 80), a_series(1_000, 1_000, 1_000)
    verdict = judged(rule, events, volume)
    assert isinstance(verdict, Breached)
    assert str(verdict.evidence.window) == "day"
    assert verdict.evidence.rate.events == 80


def test_what_happened_before_the_window_is_forgotten() -> None:
    verdict = judged(a_rule(windows=(2,)), a_series(500, 0, 0), a_series(500, 500, 500))
    assert isinstance(verdict, Healthy)


def test_where_there_was_no_mail_nothing_is_wrong_and_nothing_is_shown() -> None:
    assert without_mail(judged(a_rule(), Series({}), Series({})))


def test_bounces_without_any_mail_make_no_rate() -> None:
    assert without_mail(judged(a_rule(), a_series(30), Series({})))


@pytest.mark.parametrize("gap", list(Gap))
def test_unknown_counts_give_an_unknown_verdict_and_never_a_zero(gap: Gap) -> None:
    assert unknown_for(gap, judged(a_rule(), gap, a_series(1_000)))
    assert unknown_for(gap, judged(a_rule(), a_series(1_000), gap))


def _severity(events: int, volume: int) -> int:
    verdict = judged(a_rule(), a_series(events), a_series(volume))
    return verdict.severity if isinstance(verdict, Breached) else 0


@given(st.integers(0, 5_000), st.integers(1, 10_000), st.integers(0, 500))
def test_severity_never_falls_as_events_rise(events: int, volume: int, more: int) -> None:
    assert _severity(events + more, volume) >= _severity(events, volume)


@given(
    st.dictionaries(st.integers(0, 10), st.integers(0, 400)),
    st.dictionaries(st.integers(0, 10), st.integers(0, 400)),
    st.randoms(use_true_random=False),
)
def test_a_verdict_does_not_depend_on_the_order_of_the_days(
    events: dict[int, int], volume: dict[int, int], random: object
) -> None:
    def shuffled(counts: dict[int, int]) -> Series:
        days = list(counts.items())
        random.shuffle(days)  # type: ignore[attr-defined]  # hypothesis gives a Random
        return Series({TODAY.replace(day=1 + day): count for day, count in days})

    rule = a_rule(windows=(1, 3, 7), min_volume=1, min_events=1)
    first = judged(rule, shuffled(events), shuffled(volume))
    assert judged(rule, shuffled(events), shuffled(volume)) == first
