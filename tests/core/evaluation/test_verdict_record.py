"""Tests of the records of verdicts."""

from dataclasses import replace
from datetime import timedelta

from builders import (
    NEWS_IDENTITY,
    NOW,
    TODAY,
    a_confidence_rule,
    a_rule,
    a_series,
    an_open_alert,
    breached,
    healthy,
)
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.representative_volume import representative_volume
from vdm_alerts.core.evaluation.ses_rates import evaluate_ses_rate, ses_rates
from vdm_alerts.core.evaluation.verdict_record import VerdictRecord, differences, verify
from vdm_alerts.core.evaluation.verdicts import Breached, Unknown
from vdm_alerts.core.model.rates import Indicator, SesRate

AS_OF = AsOf(NOW, TODAY)
BOUNCES, EMAILS = a_series(1, 2, 300), a_series(1_000, 1_000, 2_000)


def a_record() -> VerdictRecord:
    rule, prior = a_confidence_rule(), an_open_alert(NOW - timedelta(days=1))
    verdict = evaluate_series(rule, NEWS_IDENTITY, (BOUNCES, EMAILS), AS_OF, prior, 7)
    assert isinstance(verdict, Breached)
    return VerdictRecord(verdict, rule, "", AS_OF, BOUNCES, EMAILS, prior, 7)


def test_record_is_evaluated_again_to_the_same_verdict() -> None:
    record = a_record()
    assert record.evaluate_again() == record.verdict
    assert verify(record) == []


def test_other_counts_in_a_record_are_a_difference() -> None:
    record = replace(a_record(), events=a_series(1, 2, 301))
    assert "evidence.rate.events: 300, now 301" in verify(record)


def test_record_that_cannot_be_evaluated_is_a_difference() -> None:
    record = a_record()
    (found,) = verify(replace(record, rule=replace(record.rule, windows=())))
    assert found.startswith("the record cannot be evaluated: IndexError")


def test_record_about_a_rate_of_ses_needs_no_counts() -> None:
    rule = a_rule("ses-bounce-rate", indicator=Indicator.SES_BOUNCE_RATE)
    rates = ses_rates([SesRate(0.07, NOW - timedelta(hours=1))], NOW)
    verdict = evaluate_ses_rate(rule, rates)
    assert isinstance(verdict, Breached)
    record = VerdictRecord(verdict, rule, "", AS_OF, ses_rates=rates)
    assert record.evaluate_again() == verdict


def test_verdicts_of_different_kinds_differ_by_their_kind() -> None:
    assert list(differences(breached(), healthy())) == ["verdict: Breached, now Healthy"]
    assert list(differences(breached(), Unknown(breached().subject, "x"))) == [  # type: ignore[arg-type]
        "verdict: Breached, now Unknown"
    ]


def test_fractions_that_differ_by_rounding_are_equal() -> None:
    verdict = breached()
    threshold = replace(verdict.threshold, share=verdict.threshold.share * (1 + 1e-15))
    assert list(differences(verdict, replace(verdict, threshold=threshold))) == []
    threshold = replace(verdict.threshold, share=0.06)
    assert list(differences(verdict, replace(verdict, threshold=threshold))) == [
        "threshold.share: 0.05, now 0.06"
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 14 * 24), st.sampled_from([0.0, 0.01, 0.05, 0.2])),
        unique_by=lambda rate: rate[0],
    )
)
def test_decisive_rates_of_ses_give_the_same_results(hours: list[tuple[int, float]]) -> None:
    rates = ses_rates([SesRate(value, NOW - timedelta(hours=age)) for age, value in hours], NOW)
    decisive = rates.decisive
    assert len(decisive.history) <= 24 + 15
    assert decisive.fresh == rates.fresh
    assert decisive.latest == rates.latest
    assert decisive.worst_fresh == rates.worst_fresh
    volumes = [
        representative_volume(None, Indicator.BOUNCE_RATE, BOUNCES, EMAILS, each, AS_OF)
        for each in (rates, decisive)
    ]
    assert volumes[0] == volumes[1]
