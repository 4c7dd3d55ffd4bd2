"""The counted rate of the account, which decides the severity of its alerts.

SES judges an account by its counted rate over a representative volume of email. So an account's
alert opens like any other alert, but its severity follows that rate, and it stays open while that
rate is on the bad side.
"""

from collections.abc import Sequence
from datetime import timedelta

from vdm_alerts.core.evaluation.breaches import SeriesComparisons, verdict_without_alert
from vdm_alerts.core.evaluation.open_alert import severity_limit, verdict_on_open_alert
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.ses_estimate import SES_LEVELS, representative_window
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, Verdict
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.rules.rule import Rule, Threshold

MAX_AGE = timedelta(days=28)
"""How long the counted rate alone keeps an alert open.

An account with little email would otherwise wait for months for new email to replace a campaign.
"""


def account_evidence(series: SeriesEvaluation) -> Evidence | None:
    """Return the counted rate over the representative volume; None for other scopes and rates."""
    rule = series.rule
    if series.subject.scope != ACCOUNT or rule.indicator not in SES_LEVELS:
        return None
    window = representative_window(series.volume, series.as_of.last_day, rule.representative_volume)
    return series.evidence(window) if window else None


def verdict_on_account(
    comparisons: SeriesComparisons, thresholds: Sequence[Threshold], account_rate: Evidence
) -> Verdict:
    """Return the verdict on the account, whose counted rate is *account_rate*."""
    series, alert = comparisons.series, comparisons.series.prior.open_alert
    mildest = [each for each in thresholds if each.severity == thresholds[0].severity]
    reached = _threshold_reached(account_rate, series.rule)
    if alert is None:
        verdict = verdict_without_alert(comparisons, mildest)
        if isinstance(verdict, Breached) and reached and reached.severity > verdict.severity:
            return Breached(series.subject, reached, account_rate, reached.severity)
        return verdict
    if reached and series.as_of.now - alert.since < MAX_AGE:
        limit = severity_limit(comparisons, thresholds, alert)
        return Breached(series.subject, reached, account_rate, limit)
    return verdict_on_open_alert(comparisons, mildest, alert)


def _threshold_reached(evidence: Evidence, rule: Rule) -> Threshold | None:
    """Return the worst threshold of *rule* that the counted rate of *evidence* reaches, or None."""
    rate = evidence.rate.value
    reached = [each for each in rule.thresholds if each.is_reached_by(rate, rule.indicator)]
    return max(reached, key=lambda threshold: threshold.severity, default=None)
