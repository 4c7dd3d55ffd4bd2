"""Everything that one run collects before it evaluates the rules."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.evaluation.trend import Trend
from vdm_alerts.core.model.account import Recommendation, SesPlan
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.metrics import Scope, Series, Window
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.wording import kind_name
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.observations.metric_reading import MetricReading
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import RuleSet


@dataclass(frozen=True, slots=True)
class Observation:
    """The collected inputs of a run: rules, silences, counts, and findings."""

    rule_set: RuleSet | None
    """The rules; None if they are unreadable."""
    reading: MetricReading | None
    """The counts of VDM; None if VDM was not read."""
    subscribers: int | None
    """How many confirmed subscriptions the topic has; None if that is unknown."""
    findings: Sequence[Finding]
    """The problems of the account, the rules, and VDM Alerts itself."""
    account_idle: bool = False
    """Whether the account sent no email in any window, or may not send at all."""
    silences: Sequence[Silence] = ()
    """The silences that are in effect at the time of the run."""
    transient_since: Mapping[str, datetime] = field(default_factory=dict)
    """Since when each transient problem has lasted, by the key of its finding."""
    unreadable_sources: Collection[FindingSource] = ()
    """The sources that this run could not read."""
    plan: SesPlan | None = None
    """The pricing plan of SES; None if unknown."""
    sent_last_day: int | None = None
    """The emails that SES itself counted in the last 24 hours; None if unknown."""
    recommendations: Sequence[Recommendation] | None = None
    """The open recommendations of the VDM advisor; None if they were not read."""
    days_without_vdm: frozenset[date] = frozenset()
    """The recent days on which VDM was off, so that it does not count all of their emails."""
    alerts: Mapping[AlertKey, Alert] = field(default_factory=dict)
    """The stored alerts, each with its indicator."""
    ses_rates: Mapping[Indicator, SesRates] | None = None
    """What SES itself reported of each of its rates; None if that is unreadable."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The valid rules by name; none if the rules are unreadable."""
        return self.rule_set.rules if self.rule_set else {}

    @property
    def invalid_rules(self) -> Mapping[str, Finding]:
        """A finding for each invalid rule, by the rule's name."""
        return self.rule_set.invalid if self.rule_set else {}

    @property
    def last_day(self) -> date | None:
        """The last day with counts; None if it is today, or if VDM was not read."""
        if self.reading is None:
            return None
        as_of = self.reading.as_of
        return as_of.last_day if as_of.last_day < as_of.now.date() else None

    @property
    def account_emails(self) -> Series | None:
        """The emails that the whole account sent; None if they are unreadable."""
        return self.reading.account_emails if self.reading else None

    @property
    def newest_day(self) -> date | None:
        """The last day with emails of the account; None if there is none.

        None also means that the emails are unreadable.
        """
        emails = self.account_emails
        return None if emails is None else emails.newest_day

    @property
    def is_complete(self) -> bool:
        """Whether the reading ended without an error, and the account sends email."""
        is_read = self.reading is not None and not self.reading.failed
        return is_read and not self.account_idle and self.account_emails is not None

    def was_vdm_off_in(self, window: Window, last: date) -> bool:
        """Return whether VDM was off on a day of *window*, which ends with *last*."""
        first_day = window.first_day(last)
        return any(first_day <= day <= last for day in self.days_without_vdm)

    def estimate(self, rule: Rule) -> AccountRateEstimate | None:
        """Return an estimate of SES's own account rate for *rule*'s indicator.

        The result is None if SES has no such rate, or if the counts are unreadable.
        """
        return self.reading.estimate(rule) if self.reading else None

    def rates_of_ses(self, indicator: Indicator) -> SesRates | None:
        """Return what SES reported of its own *indicator*; None if that is unreadable."""
        return None if self.ses_rates is None else self.ses_rates[indicator]

    def trend(self, indicator: Indicator, scope: Scope) -> Trend | None:
        """Return the latest daily rates of *indicator* in *scope*; None if they are unreadable."""
        return self.reading.trend(indicator, scope) if self.reading else None

    def closed_because(self, key: AlertKey) -> str:
        """Return why the alert of *key* is no longer monitored.

        The reason is a sentence without its period; "" means that the alert is monitored.
        """
        name, scope, indicator = key
        if self.rule_set is None or (name in self.invalid_rules and name not in self.rules):
            return ""
        rule = self.rules.get(name)
        if rule is None:
            return f"Rule {name} was deleted"
        if indicator is not rule.indicator:
            return f"Rule {name} was changed and monitors another rate now"
        if not rule.covers(scope):
            return f"Rule {name} was changed and no longer covers {scope}"
        if self.reading and (sender := self.reading.deleted_sender(scope)):
            return f"{kind_name(sender).capitalize()} {sender} was deleted from this account"
        return ""
