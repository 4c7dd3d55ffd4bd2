"""Rules without a confidence compare the counted rate with thresholds."""

from dataclasses import replace
from random import Random

import pytest
from builders import NEWS_IDENTITY, NOW, TODAY, a_rule, a_series, healthy_without_emails, unknown
from hypothesis import example, given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.explanation import explain
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Inconclusive,
    Verdict,
)
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule


def verdict_on(rule: Rule, events: Series | Gap, volume: Series | Gap) -> Verdict:
    return evaluate_series(rule, NEWS_IDENTITY, (events, volume), AsOf(NOW, TODAY))


def test_rate_at_the_threshold_is_breached() -> None:
    verdict = verdict_on(a_rule(warning="5%"), a_series(50), a_series(1_000))
    assert isinstance(verdict, Breached)
    assert verdict.evidence
    assert verdict.severity is Severity.WARNING
    assert str(verdict.evidence.rate) == "5% (50 of 1,000)"


def test_rate_just_below_the_threshold_is_healthy() -> None:
    verdict = verdict_on(a_rule(warning="5%"), a_series(49), a_series(1_000))
    assert isinstance(verdict, Healthy)


def test_highest_reached_threshold_sets_the_severity() -> None:
    verdict = verdict_on(a_rule(), a_series(100), a_series(1_000))
    assert isinstance(verdict, Breached)
    assert verdict.severity is Severity.CRITICAL
    assert verdict.threshold.share == 0.1


DELIVERY_RULE = a_rule(
    "delivery", indicator=Indicator.DELIVERY_RATE, warning="95%", critical="90%", windows=(1, 3)
)


@pytest.mark.parametrize(
    ("delivered", "severity"), [(951, None), (950, "WARNING"), (901, "WARNING"), (900, "CRITICAL")]
)
def test_delivery_rate_is_breached_at_or_below_its_threshold(
    delivered: int, severity: str | None
) -> None:
    verdict = verdict_on(DELIVERY_RULE, a_series(delivered), a_series(1_000))
    assert (str(verdict.severity) if isinstance(verdict, Breached) else None) == severity


def test_window_with_the_lowest_delivery_rate_decides() -> None:
    rule = replace(DELIVERY_RULE, windows=(Window(2), Window(3)))
    verdict = verdict_on(rule, a_series(400, 500, 920), a_series(500, 500, 1_000))
    assert isinstance(verdict, Breached)
    assert verdict.evidence
    assert (verdict.evidence.window.days, verdict.evidence.rate.events) == (3, 1_820)


def test_window_of_one_day_is_also_the_last_whole_day() -> None:
    rule = a_rule(windows=(1,))
    verdict = verdict_on(rule, a_series(300, 0), a_series(1_000, 500))
    assert isinstance(verdict, Breached)
    assert explain(verdict).startswith(
        "300 of 1,000 emails bounced permanently on 2026-03-11 (30%)"
    )
    assert isinstance(verdict_on(rule, a_series(300, 0, 0), a_series(1_000, 0, 0)), Healthy)


def test_min_events_counts_the_failures_when_low_rates_are_bad() -> None:
    rule = a_rule("d", indicator=Indicator.DELIVERY_RATE, warning="95%", critical=None)
    verdict = verdict_on(rule, a_series(191), a_series(200))
    assert isinstance(verdict, Healthy)
    assert verdict.evidence == Evidence(Rate(191, 200), Window(3))
    assert isinstance(verdict_on(rule, a_series(190), a_series(200)), Breached)
    few = replace(rule, min_events=11)
    assert isinstance(verdict_on(few, a_series(190), a_series(200)), Inconclusive)


def test_one_bounce_in_13_emails_is_inconclusive() -> None:
    verdict = verdict_on(a_rule(), a_series(1), a_series(13))
    assert isinstance(verdict, Inconclusive)


def test_high_rate_is_inconclusive_when_the_volume_is_below_min_volume() -> None:
    rule = a_rule(min_volume=200, min_events=1)
    assert isinstance(verdict_on(rule, a_series(100), a_series(199)), Inconclusive)
    assert isinstance(verdict_on(rule, a_series(100), a_series(200)), Breached)


def test_high_rate_is_inconclusive_when_the_events_are_below_min_events() -> None:
    rule = a_rule(warning="0.1%", critical=None, min_volume=1, min_events=5)
    assert isinstance(verdict_on(rule, a_series(4), a_series(1_000)), Inconclusive)
    assert isinstance(verdict_on(rule, a_series(5), a_series(1_000)), Breached)


def test_low_rate_is_healthy_even_when_the_volume_is_below_min_volume() -> None:
    assert isinstance(verdict_on(a_rule(), a_series(0), a_series(3)), Healthy)


def test_window_with_enough_volume_decides_when_another_has_too_little() -> None:
    rule = a_rule(windows=(1, 3), min_volume=200, min_events=1)
    verdict = verdict_on(rule, a_series(100, 0, 90), a_series(500, 500, 100))
    assert isinstance(verdict, Breached)
    assert verdict.evidence
    assert verdict.evidence.window.days == 3


def test_worst_window_decides_and_is_reported() -> None:
    rule = a_rule(windows=(1, 3))
    events, volume = a_series(0, 0, 80), a_series(1_000, 1_000, 1_000)
    verdict = verdict_on(rule, events, volume)
    assert isinstance(verdict, Breached)
    assert verdict.evidence
    assert str(verdict.evidence.window) == "day"
    assert verdict.evidence.rate.events == 80


def test_days_before_the_window_are_ignored() -> None:
    verdict = verdict_on(a_rule(windows=(2,)), a_series(500, 0, 0), a_series(500, 500, 500))
    assert isinstance(verdict, Healthy)


def test_verdict_is_healthy_without_evidence_when_there_are_no_emails() -> None:
    assert verdict_on(a_rule(), Series({}), Series({})) == healthy_without_emails()


def test_verdict_is_healthy_without_evidence_when_bounces_have_no_emails() -> None:
    assert verdict_on(a_rule(), a_series(30), Series({})) == healthy_without_emails()


@pytest.mark.parametrize("gap", list(Gap))
def test_gap_in_either_count_gives_an_unknown_verdict(gap: Gap) -> None:
    assert verdict_on(a_rule(), gap, a_series(1_000)) == unknown(gap)
    assert verdict_on(a_rule(), a_series(1_000), gap) == unknown(gap)


def severity_of(events: int, volume: int) -> Severity | None:
    verdict = verdict_on(a_rule(), a_series(events), a_series(volume))
    assert isinstance(verdict, Breached | Healthy | Inconclusive)
    return verdict.severity if isinstance(verdict, Breached) else None


near_the_thresholds = st.floats(0, 0.15)


@given(st.integers(1, 10_000), near_the_thresholds, near_the_thresholds)
@example(1_000, 0.04, 0.06)
@example(1_000, 0.06, 0.1)
def test_severity_never_falls_as_events_rise(volume: int, share: float, other: float) -> None:
    lower, higher = sorted((share, other))
    before = severity_of(round(lower * volume), volume)
    after = severity_of(round(higher * volume), volume)
    assert (after or 0) >= (before or 0)


counts_by_day = st.dictionaries(st.integers(0, 10), st.integers(0, 400), min_size=2)


@given(counts_by_day, counts_by_day, st.randoms(use_true_random=False))
def test_verdict_does_not_depend_on_the_order_of_the_days(
    events: dict[int, int], volume: dict[int, int], random: Random
) -> None:
    def in_order(counts: dict[int, int]) -> Series:
        return Series({TODAY.replace(day=1 + day): counts[day] for day in sorted(counts)})

    def shuffled(counts: dict[int, int]) -> Series:
        days = sorted(counts)
        random.shuffle(days)
        return Series({TODAY.replace(day=1 + day): counts[day] for day in days})

    rule = a_rule(windows=(1, 3, 7), min_volume=1, min_events=1)
    expected = verdict_on(rule, in_order(events), in_order(volume))
    assert verdict_on(rule, shuffled(events), shuffled(volume)) == expected
