"""Accounts that the tests of reports are about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing
from vdm_alerts.core.alerts.history import RecentTransitions, Transition
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series
from vdm_alerts.core.model.rates import Gap, Indicator, SesRate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.dataset import Dataset
from vdm_alerts_cli.parameter_store import ParameterStore
from vdm_alerts_cli.report.account import Account, AlertHistory
from vdm_alerts_cli.report.rates import DatasetRates
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules

TARGET = Target("111122223333", "eu-west-1")
NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
HOSTILE = "</script><img src=x onerror=1>"
"""A name that would run a script if a page contained it as it is."""
NONE = Series({})
METRICS = (
    Metric.SEND,
    Metric.PERMANENT_BOUNCE,
    Metric.TRANSIENT_BOUNCE,
    Metric.COMPLAINT,
    Metric.DELIVERY_COMPLAINT,
)
"""The metrics of the default rules."""


def default_rules() -> RuleSet:
    return ParameterStore(read_rules(DEFAULT_RULES), TARGET.region).rules().rules(NoDeadline())


def series(*counts: int) -> Series:
    """Return a series whose last count is that of yesterday."""
    days = (TODAY - DAY * age for age in range(len(counts), 0, -1))
    return Series(dict(zip(days, counts, strict=True)))


def counts(
    scope: Scope, sent: Series | Gap, bounced: Series | Gap, complaints: Series | Gap = NONE
) -> Mapping[Query, Series | Gap]:
    """Return the answers to the queries about *scope*."""
    answers = (sent, bounced, Series({}), complaints, sent)
    return {Query(metric, scope): each for metric, each in zip(METRICS, answers, strict=True)}


def an_account(
    answers: Mapping[Query, Series | Gap] | None = None,
    *,
    days: int = 60,
    history: AlertHistory | str = "VDM Alerts is not deployed here",
    ses_rates: Mapping[Indicator, SesRates] | str = "CloudWatch could not be read",
    rules: RuleSet | None = None,
    made_at: datetime = NOW,
) -> Account:
    """Return an account with these counts: those of a small account if *answers* is None."""
    if answers is None:
        answers = counts(ACCOUNT, series(*[1_000] * 14), series(*[10] * 14))
    dataset = Dataset(TARGET, made_at, made_at.date(), days, answers)
    rule_set = rules or default_rules()
    return Account(DatasetRates(dataset, days), rule_set, history, ses_rates, made_at)


def ses_rates(bounce_rate: float, at: datetime = NOW - timedelta(hours=1)) -> SesRates:
    return SesRates(NOW, [SesRate(bounce_rate, at)])


def an_alert(
    scope: Scope, severity: Severity = Severity.WARNING, since: datetime = NOW - DAY
) -> Alert:
    return Alert("bounce-rate", scope, Indicator.BOUNCE_RATE, Firing(severity, since))


def a_history(*alerts: Alert, transitions: Sequence[Transition] = ()) -> AlertHistory:
    return AlertHistory(
        {alert.key: alert for alert in alerts}, RecentTransitions(tuple(transitions)), NOW
    )


def a_transition(scope: Scope, before: str, after: str, time: datetime) -> Transition:
    key = AlertKey("bounce-rate", scope, Indicator.BOUNCE_RATE)
    return Transition(key, time, before, after, "200 of 1,000 emails bounced")


def many_identities(number: int) -> Mapping[Query, Series | Gap]:
    """Return the counts of an account whose rates differ every day, so that nothing is short."""

    def varying(seed: int, base: int, spread: int) -> Series:
        return series(*[base + (seed * 7919 + day * 104_729) % spread for day in range(60)])

    scopes = [ACCOUNT, *(ACCOUNT.at_provider(isp) for isp in KNOWN_ISPS)]
    scopes += [Scope(identity=f"newsletter-{each:03}.example.com") for each in range(number)]
    return {
        Query(metric, scope): varying(seed, 1_000, 9_000) if is_volume else varying(seed, 1, 300)
        for seed, scope in enumerate(scopes, 1)
        for metric in METRICS
        if (is_volume := metric in {Metric.SEND, Metric.DELIVERY_COMPLAINT}) is not None
    }
