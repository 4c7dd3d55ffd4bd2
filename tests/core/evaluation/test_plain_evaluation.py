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
    Inconclusive,
    Unknown,
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


def test_rate_at_the_threshold_is_breached() -> None:
    verdict = judged(a_rule(warning="5%"), a_series(50), a_series(1_000))
    assert isinstance(verdict, Breached)
    assert verdict.severity is Severity.WARNING
    assert str(verdict.evidence.rate) == "5% (50 of 1,000)"


def test_rate_just_below_the_threshold_is_healthy() -> None:
    verdict = judged(a_rule(warning="5%"), a_series(49), a_series(1_000))
    assert isinstance(verdict, Healthy)


def test_highest_reached_threshold_sets_the_severity() -> None:
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
def test_delivery_rate_is_breached_at_or_below_its_threshold(
    delivered: int, severity: str | None
) -> None:
    verdict = judged(DELIVERY, a_series(delivered), a_series(1_000))
    assert (str(verdict.severity) if isinstance(verdict, Breached) else None) == severity


def test_window_with_the_lowest_delivery_rate_decides() -> None:
    verdict = judged(DELIVERY, a_series(500, 400, 920), a_series(500, 500, 1_000))
    assert isinstance(verdict, Breached)
    assert (verdict.evidence.window.days, verdict.evidence.rate.events) == (3, 1_820)


def test_min_events_counts_the_failures_when_low_rates_are_bad() -> None:
    rule = a_rule("d", indicator=Indicator.DELIVERY_RATE, warning="95%", critical=None)
    seen = judged(rule, a_series(191), a_series(200))
    assert isinstance(seen, Healthy)
    assert seen.evidence == Evidence(Rate(191, 200), Window(3))
    assert isinstance(judged(rule, a_series(190), a_series(200)), Breached)
    few = replace(rule, min_events=11)
    assert isinstance(judged(few, a_series(190), a_series(200)), Inconclusive)


def test_one_bounce_in_13_emails_is_inconclusive() -> None:
    verdict = judged(a_rule(), a_series(1), a_series(13))
    assert isinstance(verdict, Inconclusive)


def test_high_rate_is_inconclusive_when_the_volume_is_below_min_volume() -> None:
    rule = a_rule(min_volume=200, min_events=1)
    assert isinstance(judged(rule, a_series(100), a_series(199)), Inconclusive)
    assert isinstance(judged(rule, a_series(100), a_series(200)), Breached)


def test_high_rate_is_inconclusive_when_the_events_are_below_min_events() -> None:
    rule = a_rule(warning="0.1%", critical=None, min_volume=1, min_events=5)
    assert isinstance(judged(rule, a_series(4), a_series(1_000)), Inconclusive)
    assert isinstance(judged(rule, a_series(5), a_series(1_000)), Breached)


def test_low_rate_is_healthy_even_when_the_volume_is_below_min_volume() -> None:
    assert isinstance(judged(a_rule(), a_series(0), a_series(3)), Healthy)


def test_window_with_enough_volume_decides_when_another_has_too_little() -> None:
    rule = a_rule(windows=(1, 3), min_volume=200, min_events=1)
    verdict = judged(rule, a_series(100, 0, 90), a_series(500, 500, 100))
    assert isinstance(verdict, Breached)
    assert verdict.evidence.window.days == 3


def test_worst_window_decides_and_is_reported() -> None:
    rule = a_rule(windows=(1, 3))
    events, volume = a_series(0, 0, 80), a_series(1_000, 1_000, 1_000)
    verdict = judged(rule, events, volume)
    assert isinstance(verdict, Breached)
    assert str(verdict.evidence.window) == "day"
    assert verdict.evidence.rate.events == 80


def test_days_before_the_window_are_ignored() -> None:
    verdict = judged(a_rule(windows=(2,)), a_series(500, 0, 0), a_series(500, 500, 500))
    assert isinstance(verdict, Healthy)


def test_verdict_is_healthy_without_evidence_when_there_are_no_emails() -> None:
    assert without_mail(judged(a_rule(), Series({}), Series({})))


def test_verdict_is_healthy_without_evidence_when_bounces_have_no_emails() -> None:
    assert without_mail(judged(a_rule(), a_series(30), Series({})))


@pytest.mark.parametrize("gap", list(Gap))
def test_gap_in_either_count_gives_an_unknown_verdict(gap: Gap) -> None:
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
def test_verdict_does_not_depend_on_the_order_of_the_days(
    events: dict[int, int], volume: dict[int, int], random: object
) -> None:
    def shuffled(counts: dict[int, int]) -> Series:
        days = list(counts.items())
        random.shuffle(days)  # type: ignore[attr-defined]  # hypothesis gives a Random
        return Series({TODAY.replace(day=1 + day): count for day, count in days})

    rule = a_rule(windows=(1, 3, 7), min_volume=1, min_events=1)
    first = judged(rule, shuffled(events), shuffled(volume))
    assert judged(rule, shuffled(events), shuffled(volume)) == first
