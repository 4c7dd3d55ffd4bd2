"""Sentences about a verdict: for the alert history, and as parts of notifications."""

import math
from typing import assert_never

from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Inconclusive,
    NoEmail,
    Unknown,
    Verdict,
)
from vdm_alerts.core.model.rates import Indicator, percent
from vdm_alerts.core.model.wording import WORDING


def explain(verdict: Verdict) -> str:
    """Return a sentence that explains *verdict*."""
    indicator = verdict.subject.indicator
    if isinstance(verdict, Breached | Healthy) and verdict.ses_rate:
        side = indicator.bad_side if isinstance(verdict, Breached) else indicator.good_side
        return f"SES reports {verdict.ses_rate}, {side} {percent(verdict.threshold.share)}."
    return _explain_counts(verdict, indicator)


def _explain_counts(verdict: Verdict, indicator: Indicator) -> str:
    match verdict:
        case Breached(evidence=evidence, threshold=threshold):
            assert evidence  # A breach has counts, or a rate of SES.
            side = f"{indicator.bad_side} {percent(threshold.share)}"
            return f"{_counts(evidence, indicator)}, {side}{_confidence(evidence)}."
        case Healthy(evidence=Evidence() as evidence) if verdict.withdrawn_rate:
            correction = f"corrected by SES from {verdict.withdrawn_rate}"
            return f"{_counts(evidence, indicator)}, {correction}."
        case Healthy(evidence=Evidence() as evidence, threshold=threshold):
            limit = percent(threshold.share)
            return f"{_counts(evidence, indicator)}, no breach of {limit}{_confidence(evidence)}."
        case Inconclusive(evidence=Evidence() as evidence, threshold=threshold):
            counts = _counts(evidence, indicator)
            return f"{counts}, too little data to compare with {percent(threshold.share)}."
        case Healthy(window=window) | Inconclusive(window=window) | NoEmail(window=window):
            return f"No {WORDING[indicator].emails} in the last {window}."
        case Unknown(gap=gap):
            return f"The {WORDING[indicator].noun} is unknown: {gap}."
        case _:
            assert_never(verdict)


def counts_phrase(evidence: Evidence, indicator: Indicator) -> str:
    """Return the counts with their period, such as "5 of 90 emails bounced permanently on ..."."""
    rate, predicate = evidence.rate, WORDING[indicator].predicate
    return f"{rate.events:,} of {rate.volume:,} emails {predicate} {_period(evidence)}"


def confidence_text(confidence: float) -> str:
    """Return *confidence* as a whole percentage, rounded down, such as "about 98%"."""
    return f"about {math.floor(confidence * 100 + 1e-9)}%"


def _counts(evidence: Evidence, indicator: Indicator) -> str:
    return f"{counts_phrase(evidence, indicator)} ({percent(evidence.rate.value)})"


def _confidence(evidence: Evidence) -> str:
    if evidence.confidence is None:
        return ""
    return f", confidence {confidence_text(evidence.confidence)}"


def _period(evidence: Evidence) -> str:
    is_one_day = evidence.window.days == 1
    if evidence.last_day is None:
        return "today so far" if is_one_day else f"in the last {evidence.window}"
    if is_one_day:
        return f"on {evidence.last_day}"
    return f"in the {evidence.window} through {evidence.last_day}"
