"""The rates that SES itself calculates, and their evaluation.

SES enforces on these rates, and publishes no counts of them. So they are compared with thresholds
as they are, without statistics. A missing rate is unknown, never zero: SES publishes none before
the first bounce or complaint of an account.
Source: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Subject, Unknown, Verdict
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.rates import Gap, Indicator, SesRate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule, Threshold

SES_LEVELS: Mapping[Indicator, tuple[float, float]] = {
    Indicator.BOUNCE_RATE: (0.05, 0.1),
    Indicator.COMPLAINT_RATE: (0.001, 0.005),
}
"""The review level and the pause level of SES for each counted rate, as fractions.

Source: https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html
"""
SES_NAMESPACE = "AWS/SES"
SES_METRICS: Mapping[Indicator, str] = {
    Indicator.SES_BOUNCE_RATE: "Reputation.BounceRate",
    Indicator.SES_COMPLAINT_RATE: "Reputation.ComplaintRate",
}
"""The CloudWatch metric of each rate, which has no dimensions. Its values are fractions."""
HISTORY = timedelta(days=14)
"""How far back a run reads the rates of SES."""
FRESH_FOR = timedelta(hours=24)
"""How long a rate of SES decides.

SES documents no publication interval. Alarms that users published have periods of up to an hour,
and an account that sends email only once a day has a new rate only once a day.
"""


@dataclass(frozen=True, slots=True)
class SesRates:
    """What SES has reported of one rate until a run."""

    read_at: datetime
    """The time of the run."""
    history: Sequence[SesRate] = ()
    """The rates of the `HISTORY` until then, the newest first; at most one for each hour."""

    @property
    def latest(self) -> SesRate | None:
        """The newest rate; None if SES has reported none."""
        return next(iter(self.history), None)

    @property
    def fresh(self) -> SesRate | None:
        """The newest rate, if it is fresh."""
        return next(iter(self._recent), None)

    @property
    def worst_fresh(self) -> float | None:
        """The highest rate that is fresh; None if there is none."""
        return max((rate.value for rate in self._recent), default=None)

    @property
    def decisive(self) -> "SesRates":
        """The rates that an evaluation uses: all fresh ones, and the last one of each day."""
        days = {rate.at.date(): rate for rate in reversed(self.history)}
        kept = {*self._recent, *days.values()}
        return SesRates(self.read_at, tuple(rate for rate in self.history if rate in kept))

    @property
    def _recent(self) -> Sequence[SesRate]:
        return [rate for rate in self.history if self.read_at - rate.at < FRESH_FOR]


def ses_rates(rates: Iterable[SesRate], now: datetime) -> SesRates:
    """Return those of *rates*, in any order, that a run at *now* knows."""
    known = [rate for rate in rates if now - HISTORY <= rate.at <= now]
    return SesRates(now, sorted(known, key=lambda rate: rate.at, reverse=True))


def evaluate_ses_rate(rule: Rule, rates: SesRates | None) -> Verdict:
    """Return the verdict of *rule* on the account, by the *rates* of SES.

    *rates* is None if they are unreadable.
    """
    subject = Subject(rule.indicator, ACCOUNT)
    if rates is None:
        return Unknown(subject, Gap.NOT_READ)
    rate = rates.fresh
    if rate is None:
        return Unknown(subject, Gap.STALE if rates.latest else Gap.NOT_REPORTED)
    threshold = threshold_reached(rule, rate.value)
    if threshold is None:
        return Healthy(subject, rule.first_threshold, rule.longest_window, None, ses_rate=rate)
    return Breached(subject, threshold, None, severity_limit(rule, rates), rate)


def threshold_reached(rule: Rule, value: float) -> Threshold | None:
    """Return the worst threshold of *rule* that a rate of *value* reaches, or None."""
    reached = [each for each in rule.thresholds if each.is_reached_by(value, rule.indicator)]
    return max(reached, key=lambda threshold: threshold.severity, default=None)


def severity_limit(rule: Rule, rates: SesRates) -> Severity:
    """Return the highest severity that an open alert keeps by *rates*.

    It falls only if no fresh rate is at the threshold, so that a rate that goes up and down at a
    threshold causes no notifications.
    """
    worst = rates.worst_fresh
    threshold = None if worst is None else threshold_reached(rule, worst)
    return (threshold or rule.first_threshold).severity
