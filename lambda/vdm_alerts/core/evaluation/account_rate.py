"""The rate that SES judges an account by, which decides the severity of its alerts.

SES judges an account by its rate over a representative volume of email. So an account's alert opens
like any other alert, but its severity follows that rate, and it stays open while that rate is on
the bad side. It is the rate that SES itself reports, if that is fresh, and else the counted rate.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from vdm_alerts.core.evaluation.breaches import SeriesComparisons, verdict_without_alert
from vdm_alerts.core.evaluation.open_alert import severity_by_email, verdict_on_open_alert
from vdm_alerts.core.evaluation.representative_volume import (
    representative_volume,
    representative_window,
)
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.ses_rates import (
    SES_LEVELS,
    SesRates,
    severity_limit,
    threshold_reached,
)
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Inconclusive,
    Verdict,
)
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.rates import SesRate
from vdm_alerts.core.rules.rule import Threshold

MAX_AGE = timedelta(days=28)
"""How long the counted rate alone keeps an alert open.

An account with little email would otherwise wait for months for new email to replace a campaign.
"""


def account_evidence(series: SeriesEvaluation) -> Evidence | None:
    """Return the counted rate over the representative volume; None for other scopes and rates."""
    rule = series.rule
    if series.subject.scope != ACCOUNT or rule.indicator not in SES_LEVELS:
        return None
    representative = representative_volume(
        rule.representative_volume,
        rule.indicator,
        series.events,
        series.volume,
        series.ses_rates,
        series.as_of,
    )
    window = representative_window(series.volume, series.as_of.last_day, representative.emails)
    return series.evidence(window) if window else None


def verdict_on_account(
    comparisons: SeriesComparisons, thresholds: Sequence[Threshold], account_rate: Evidence
) -> Verdict:
    """Return the verdict on the account, whose counted rate is *account_rate*."""
    series, alert = comparisons.series, comparisons.series.prior.open_alert
    mildest = [each for each in thresholds if each.severity == thresholds[0].severity]
    ses_rate = series.ses_rates.fresh if series.ses_rates else None
    if series.ses_rates and ses_rate:
        return _verdict_by_ses(comparisons, mildest, account_rate, series.ses_rates, ses_rate)
    reached = threshold_reached(series.rule, account_rate.rate.value)
    if alert is None:
        verdict = verdict_without_alert(comparisons, mildest)
        if isinstance(verdict, Breached) and reached and reached.severity > verdict.severity:
            return Breached(series.subject, reached, account_rate, reached.severity)
        return verdict
    if reached and series.as_of.now - alert.since < MAX_AGE:
        limit = severity_by_email(comparisons, thresholds, alert)
        return Breached(series.subject, reached, account_rate, limit)
    return verdict_on_open_alert(comparisons, mildest, alert)


def _verdict_by_ses(
    comparisons: SeriesComparisons,
    mildest: Sequence[Threshold],
    account_rate: Evidence,
    rates: SesRates,
    ses_rate: SesRate,
) -> Verdict:
    """Return the verdict on the account, whose fresh rate of SES is *ses_rate*.

    The counts alone open an alert, with the *mildest* severity. The rate of SES can only raise that
    severity. It keeps an open alert open for any time, because it is the rate that SES enforces on.
    If it was bad a moment ago, the alert resolves as one about that rate does: see `SES_CHECK`.
    """
    series, alert = comparisons.series, comparisons.series.prior.open_alert
    limit = severity_limit(series.rule, rates)
    reached = threshold_reached(series.rule, ses_rate.value)
    if alert is None:
        verdict = verdict_without_alert(comparisons, mildest)
        if isinstance(verdict, Breached) and reached and reached.severity > verdict.severity:
            return Breached(series.subject, reached, verdict.evidence, reached.severity, ses_rate)
        return verdict
    if reached:
        return Breached(series.subject, reached, account_rate, limit, ses_rate)
    verdict = verdict_on_open_alert(comparisons, mildest, alert)
    if isinstance(verdict, Breached | Inconclusive):
        return replace(verdict, severity_limit=limit)
    if isinstance(verdict, Healthy) and rates.worst_fresh is not None:
        was_reached = threshold_reached(series.rule, rates.worst_fresh)
        return replace(verdict, ses_rate=ses_rate) if was_reached else verdict
    return verdict
