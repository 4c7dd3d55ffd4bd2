"""Builders of test objects: a test states only the values that matter to it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3

from vdm_alerts.app.evaluate import Lease
from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing, LastNotified
from vdm_alerts.core.evaluation.prior_state import OpenAlert, PriorState
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Inconclusive,
    Subject,
    Unknown,
)
from vdm_alerts.core.model.metrics import Dimension, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.run_report import PUBLISHED_FIGURES, RunReport
from vdm_alerts.core.planning.contributor import Contributor
from vdm_alerts.core.planning.roster import SenderRecord
from vdm_alerts.core.rules.rule import MinimumConfidence, PlainComparison, Rule, Threshold
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
TODAY = NOW.date()
HOUR = timedelta(hours=1)
NEWS_IDENTITY = Scope(identity="news.example.com")
HOTMAIL = Scope(isp="Hotmail")
MONITORED_KINDS = frozenset(
    {(), (Dimension.IDENTITY,), (Dimension.CONFIGURATION_SET,), (Dimension.ISP,)}
)
NEWS_BOUNCE_RATE = Subject(Indicator.BOUNCE_RATE, NEWS_IDENTITY)
WARNING_THRESHOLD = Threshold(Severity.WARNING, 0.05)
TARGET = Target("111122223333", "eu-west-1")
SUBJECT_SUFFIX = " - 111122223333 eu-west-1"
"""The end of the subject of every notification."""
LEASE = Lease(NOW, NOW + timedelta(minutes=15))


def a_table() -> Any:
    """Return a DynamoDB table with the keys of the stack's table. Needs moto's AWS."""
    return boto3.resource("dynamodb").create_table(
        TableName="vdm-alerts",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
        ],
        BillingMode="PAY_PER_REQUEST",
    )


NO_CONTRIBUTORS: dict[AlertKey, Contributor] = {}
"""The main contributors if no breach has one."""


def fraction_of(percentage: str) -> float:
    """Return a percentage such as "5%" as a fraction."""
    return float(percentage.removesuffix("%")) / 100


def a_rate(percentage: str, of: int = 10_000) -> Rate:
    return Rate(round(fraction_of(percentage) * of), of)


def a_rule(
    name: str = "bounce-rate",
    *,
    indicator: Indicator = Indicator.BOUNCE_RATE,
    warning: str | None = "5%",
    critical: str | None = "10%",
    windows: tuple[int, ...] = (3,),
    min_volume: int = 200,
    min_events: int = 10,
    **options: Any,
) -> Rule:
    """Return a rule that compares counted rates, unless *options* has another confidence."""
    levels = ((Severity.WARNING, warning), (Severity.CRITICAL, critical))
    return Rule(
        name=name,
        source=f"/vdm-alerts/rules/shipped/{name}",
        indicator=indicator,
        windows=tuple(Window(days) for days in windows),
        thresholds=tuple(
            Threshold(severity, fraction_of(level)) for severity, level in levels if level
        ),
        min_volume=min_volume,
        min_events=min_events,
        **{
            "scopes": MONITORED_KINDS,
            "confidence": PlainComparison(),
            "arrival_curve": DEFAULT_CURVES[indicator.counted],
            **options,
        },
    )


def a_confidence_rule(name: str = "bounce-rate", **options: Any) -> Rule:
    """Return a rule with the default confidence, windows and minimum counts."""
    windows = options.pop("windows", (1, 2, 4, 7))
    defaults = {"min_volume": 1, "min_events": 2, "confidence": MinimumConfidence(0.02)}
    return a_rule(name, windows=windows, **{**defaults, **options})


def an_open_alert(
    since: datetime, severity: Severity = Severity.WARNING, **options: Any
) -> PriorState:
    """Return the prior state of a series with an alert that opened at *since*."""
    defaults = {"severity_since": since, "opened_from": since.date()}
    return PriorState(open_alert=OpenAlert(severity, since, **{**defaults, **options}))


def a_series(*counts: int, ending: date = TODAY) -> Series:
    """Return a series of daily *counts*; the last count is of the day *ending*."""
    days = (ending - timedelta(days=age) for age in range(len(counts) - 1, -1, -1))
    return Series(dict(zip(days, counts, strict=True)))


def a_sender_record(
    volume: int = 0,
    at: datetime = NOW,
    *,
    drilled_down: tuple[str, ...] = (),
    rejected: bool = False,
) -> SenderRecord:
    """Return a sender that was read at the time *at*.

    *drilled* names the rules with a drill-down by provider at that time. If *refused*, SES rejected
    the name of the sender at that time.
    """
    return SenderRecord(at, at, volume, dict.fromkeys(drilled_down, at), at if rejected else None)


def evidence(percentage: str, of: int = 10_000, days: int = 3) -> Evidence:
    return Evidence(a_rate(percentage, of), Window(days))


def breached(percentage: str = "6%", severity: Severity = Severity.WARNING) -> Breached:
    threshold = {Severity.WARNING: "5%", Severity.CRITICAL: "10%"}[severity]
    return Breached(
        NEWS_BOUNCE_RATE, Threshold(severity, fraction_of(threshold)), evidence(percentage)
    )


def healthy(percentage: str = "1%") -> Healthy:
    """Return a healthy verdict by the days through yesterday."""
    through_yesterday = replace(evidence(percentage), last_day=TODAY - timedelta(days=1))
    return Healthy(NEWS_BOUNCE_RATE, WARNING_THRESHOLD, Window(3), through_yesterday)


def healthy_without_emails() -> Healthy:
    return Healthy(NEWS_BOUNCE_RATE, WARNING_THRESHOLD, Window(3), None)


def inconclusive() -> Inconclusive:
    return Inconclusive(NEWS_BOUNCE_RATE, WARNING_THRESHOLD, Window(3), evidence("5.1%"))


def unknown(gap: Gap = Gap.UNAVAILABLE) -> Unknown:
    return Unknown(NEWS_BOUNCE_RATE, gap)


def firing(
    scope: Scope = NEWS_IDENTITY,
    severity: Severity = Severity.WARNING,
    *,
    notified: Severity | None = None,
    sequence: int = 1,
    since: datetime = NOW,
) -> Alert:
    """Return a firing alert; *notified* is the severity of its last notification, if any."""
    return Alert(
        "bounce-rate",
        scope,
        Indicator.BOUNCE_RATE,
        Firing(
            severity,
            since,
            threshold_share={Severity.WARNING: 0.05, Severity.CRITICAL: 0.1}[severity],
            opened_from=since.date() - timedelta(days=2),
        ),
        LastNotified(notified, since, sequence, since) if notified else None,
        "bounce-rate-20260312T0900Z",
    )


def a_run_report(figure: int = 0, **figures: Any) -> RunReport:
    """Return a report whose published figures are *figure*, unless they are in *figures*."""
    return RunReport(**{**dict.fromkeys(PUBLISHED_FIGURES, figure), **figures})
