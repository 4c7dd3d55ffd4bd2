"""An example of each kind of notification, as a message in every format."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

from builders import HOTMAIL, NEWS_IDENTITY, NOW, TARGET, a_rule, firing

from vdm_alerts.adapters.aws.ses_account import ENFORCEMENT
from vdm_alerts.adapters.aws.ses_metrics import VDM_IS_OFF
from vdm_alerts.adapters.aws.ssm_parameters import invalid_text_finding
from vdm_alerts.core.alerts.alert import Alert, Ok
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.trend import Trend
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Inconclusive,
    Subject,
    Unknown,
    Verdict,
)
from vdm_alerts.core.model.account import SesPlan
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.muting.silences import (
    InvalidSilenceError,
    Silences,
    expired_findings,
    parse_silence,
)
from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.grouping import Contributors
from vdm_alerts.core.notifications.incidents import IncidentNotification, incident_notifications
from vdm_alerts.core.notifications.notification import Digest, Notification, first_summary
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import Message, render
from vdm_alerts.core.notifications.service_notification import service_notification
from vdm_alerts.core.observations.coverage import Coverage
from vdm_alerts.core.planning.contributor import Contributor
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.rule import Rule, Threshold
from vdm_alerts.core.rules.rule_set import LAST_VALID_APPLIES
from vdm_alerts_cli.demo import DEMO_SCENARIO
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules
from vdm_alerts_cli.simulate import simulate
from vdm_local.scenario import load_scenario

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
SHOP, OFFERS = Scope(identity="shop.example.com"), Scope(identity="offers.example.com")
NEWSLETTER = Scope(configuration_set="newsletter")
YESTERDAY = NOW.date() - timedelta(days=1)
_SCENARIOS = Path(__file__).parent / "scenarios"
_THRESHOLDS = {
    Indicator.BOUNCE_RATE: {WARNING: 0.05, CRITICAL: 0.1},
    Indicator.COMPLAINT_RATE: {WARNING: 0.001, CRITICAL: 0.005},
    Indicator.DELIVERY_RATE: {WARNING: 0.9, CRITICAL: 0.8},
}


class Example:
    """An incident, built scope by scope."""

    def __init__(self, indicator: Indicator = Indicator.BOUNCE_RATE) -> None:
        self.indicator = indicator
        self.alerts: list[Alert] = []
        self.verdicts: list[Verdict] = []
        self.contributors: dict[Scope, Contributor] = {}

    def breached(
        self,
        scope: Scope,
        rate: Rate,
        severity: Severity = WARNING,
        *,
        notified: Severity | None = None,
        days: float = 0,
    ) -> "Example":
        """Add an open alert above its threshold; *days* is how long it has been open."""
        threshold = Threshold(severity, _THRESHOLDS[self.indicator][severity])
        evidence = Evidence(rate, Window(1), 0.997, YESTERDAY)
        verdict = Breached(Subject(self.indicator, scope), threshold, evidence)
        return self.add(self.alert(scope, severity, notified, days), verdict)

    def good(self, alert: Alert, rate: Rate | None) -> "Example":
        """Add *alert* with a rate in range, or without email."""
        evidence = Evidence(rate, Window(7), None, YESTERDAY) if rate else None
        subject = Subject(self.indicator, alert.scope)
        threshold = Threshold(WARNING, _THRESHOLDS[self.indicator][WARNING])
        return self.add(alert, Healthy(subject, threshold, Window(7), evidence))

    def inconclusive(self, alert: Alert, rate: Rate) -> "Example":
        """Add *alert* with too few emails to tell."""
        subject = Subject(self.indicator, alert.scope)
        threshold = Threshold(WARNING, _THRESHOLDS[self.indicator][WARNING])
        evidence = Evidence(rate, Window(7), None, YESTERDAY)
        return self.add(alert, Inconclusive(subject, threshold, Window(7), evidence))

    def unreadable(self, alert: Alert) -> "Example":
        """Add *alert* without data."""
        return self.add(alert, Unknown(Subject(self.indicator, alert.scope), Gap.UNAVAILABLE))

    def add(self, alert: Alert, verdict: Verdict) -> "Example":
        """Add *alert* with *verdict*."""
        self.alerts.append(alert)
        self.verdicts.append(verdict)
        return self

    def caused_by(self, scope: Scope, contributor: Scope, rate: Rate, share: float) -> "Example":
        """Make *contributor* the main contributor to the breach of *scope*."""
        is_only_cause = share > 0.8
        self.contributors[scope] = Contributor(
            contributor, share, Evidence(rate, Window(1), None, YESTERDAY), is_only_cause
        )
        return self

    def alert(
        self,
        scope: Scope,
        severity: Severity = WARNING,
        notified: Severity | None = None,
        days: float = 0,
    ) -> Alert:
        """Return an open alert; *notified* is the severity of its last notification."""
        alert = firing(scope, severity, notified=notified, since=NOW - timedelta(days=days))
        return replace(alert, indicator=self.indicator, rule=self.rule.name)

    @property
    def rule(self) -> Rule:
        """The rule of the incident."""
        levels = _THRESHOLDS[self.indicator]
        return a_rule(
            self.indicator.key.replace("_", "-"),
            indicator=self.indicator,
            warning=f"{levels[WARNING] * 100:g}%",
            critical=f"{levels[CRITICAL] * 100:g}%",
            remind_after=(timedelta(days=1), timedelta(days=3)),
        )

    def incident(self) -> IncidentNotification:
        """Return the notification."""
        contributors: Contributors = {
            alert.key: self.contributors[alert.scope]
            for alert in self.alerts
            if alert.scope in self.contributors
        }
        verdicts = {
            alert.key: verdict for alert, verdict in zip(self.alerts, self.verdicts, strict=True)
        }
        (incident,) = incident_notifications(
            self.alerts, {self.rule.name: self.rule}, verdicts, contributors, {}, {}, NOW
        )
        return replace(incident, last_day=YESTERDAY)


def message_of(notification: Notification | DeliveryTest, runbook_url: str = "") -> Message:
    return render(notification, Links(TARGET, runbook_url), NOW)


def resolved(alert: Alert) -> Alert:
    """Return *alert* after it was resolved now."""
    return replace(alert, state=Ok(), resolved_at=(*alert.resolved_at, NOW))


def with_notified_rate(alert: Alert, rate: Rate) -> Alert:
    """Return *alert* whose last notification reported *rate*."""
    assert alert.last_notified
    figures = ReportedFigures(rate, Window(1), YESTERDAY)
    return replace(alert, last_notified=replace(alert.last_notified, figures=figures))


@cache
def _simulated(scenario: str) -> Sequence[Sequence[Message]]:
    path = DEMO_SCENARIO if scenario == "demo" else _SCENARIOS / f"{scenario}.toml"
    return [run.messages for run in simulate(load_scenario(path), read_rules(DEFAULT_RULES))]


def simulated(scenario: str, run: int, number: int = 0) -> Callable[[], Message]:
    """Return a function that returns a message of a run of a scenario."""
    return lambda: _simulated(scenario)[run][number]


def new_scope_in_an_open_incident() -> IncidentNotification:
    example = Example()
    example.breached(NEWS_IDENTITY, Rate(1_300, 10_000), CRITICAL, notified=CRITICAL, days=1)
    return example.breached(HOTMAIL, Rate(600, 10_000)).incident()


def reminder_with_a_scope_below_its_threshold() -> IncidentNotification:
    """Return misleading case 2: Yahoo is below, and was critical; the identity is above."""
    example = Example(Indicator.COMPLAINT_RATE)
    yahoo = example.alert(Scope(isp="Yahoo"), WARNING, CRITICAL, days=2)
    example.inconclusive(yahoo, Rate(32, 45_136))
    example.breached(OFFERS, Rate(62, 10_000), CRITICAL, notified=CRITICAL, days=2)
    return example.incident()


def partly_resolved() -> IncidentNotification:
    """Return misleading case 3: the account is resolved, the identity is not."""
    example = Example(Indicator.COMPLAINT_RATE)
    example.good(resolved(example.alert(ACCOUNT, WARNING, WARNING, days=0.5)), Rate(30, 100_000))
    return example.breached(OFFERS, Rate(49, 10_000), notified=WARNING, days=0.5).incident()


def resolved_but_above_again() -> IncidentNotification:
    example = Example()
    return example.good(
        resolved(example.alert(NEWS_IDENTITY, WARNING, WARNING, days=2)), Rate(8, 100)
    ).incident()


def closed_without_email() -> IncidentNotification:
    example = Example()
    alert = resolved(example.alert(NEWS_IDENTITY, CRITICAL, CRITICAL, days=10))
    return example.good(alert, None).incident()


def unreadable_reminder() -> IncidentNotification:
    example = Example()
    alert = example.alert(NEWS_IDENTITY, WARNING, WARNING, days=1)
    return example.unreadable(with_notified_rate(alert, Rate(600, 10_000))).incident()


def account_caused_by_one_configuration_set() -> IncidentNotification:
    """Return misleading case 1: set bulk has nearly all bounces, set receipts the higher rate."""
    example = Example()
    receipts, bulk = Scope(configuration_set="receipts"), Scope(configuration_set="bulk")
    example.breached(ACCOUNT, Rate(9_060, 80_000), CRITICAL)
    example.breached(receipts, Rate(60, 400), CRITICAL)
    example.breached(bulk, Rate(9_000, 75_000), CRITICAL)
    return example.caused_by(ACCOUNT, bulk, Rate(9_000, 75_000), 0.993).incident()


def low_delivery_rate() -> IncidentNotification:
    example = Example(Indicator.DELIVERY_RATE)
    example.breached(HOTMAIL, Rate(1_700, 2_000), notified=None)
    example.breached(NEWS_IDENTITY, Rate(6_000, 8_000), CRITICAL, notified=WARNING, days=1)
    at_hotmail = NEWS_IDENTITY.at_provider("Hotmail")
    example.caused_by(NEWS_IDENTITY, at_hotmail, Rate(700, 2_000), 0.65)
    trend = Trend(
        (Rate(98, 100), Rate(97, 100), Rate(98, 100), None, Rate(96, 100), Rate(9, 10), Rate(3, 4)),
        YESTERDAY,
    )
    return replace(example.incident(), trend=trend)


def provider_without_an_own_alert() -> IncidentNotification:
    example = Example()
    for number in range(3):
        sender = Scope(identity=f"customer-{number}.example.com")
        example.breached(sender, Rate(90 - number, 1_000), WARNING)
        at_hotmail = sender.at_provider("Hotmail")
        example.caused_by(sender, at_hotmail, Rate(80, 100), 0.9)
    return example.incident()


def history_unavailable() -> IncidentNotification:
    incident = Example().breached(NEWS_IDENTITY, Rate(600, 10_000)).incident()
    return replace(incident, has_history=False, id=f"{incident.id}-unremembered-05ace4ac3ec1214c")


def history_damaged() -> IncidentNotification:
    example = Example().breached(NEWS_IDENTITY, Rate(600, 10_000))
    example.alerts = [replace(alert, history_lost=True) for alert in example.alerts]
    return example.incident()


def ended_incidents() -> Digest:
    resolved_scopes = [
        replace(
            Example()
            .good(resolved(Example().alert(scope, WARNING, WARNING, days=2)), Rate(10, 1_000))
            .incident(),
            id=f"bounce-rate-{number}",
        )
        for number, scope in enumerate((NEWS_IDENTITY, SHOP))
    ]
    return Digest("digest-0e91a25ae15a5244", 1, (*resolved_scopes, closed_without_email()))


def summary(
    incidents: Sequence[IncidentNotification] = (),
    unreadable: int = 0,
    silenced: Sequence[Severity] = (),
) -> Digest:
    coverage = Coverage(
        ("bounce-rate", "complaint-rate"),
        {(): 1, NEWS_IDENTITY.kind: 3, NEWSLETTER.kind: 3, HOTMAIL.kind: 11},
        rates=28,
        unreadable=unreadable,
        queries=107,
        plan=SesPlan.ESSENTIALS,
    )
    return first_summary(incidents, coverage, {}, silenced)


def findings_of_rules_and_silences() -> list[Finding]:
    """Return an invalid rule with a valid version, one without, and two silences."""
    findings = []
    for name, text in {"bounce-rate": _INVALID_RULE, "mine": "indicator bounce_rate"}.items():
        try:
            parse_rule(name, text, f"/vdm-alerts/rules/{name}")
        except InvalidRuleError as error:
            findings.append(invalid_text_finding("rule", error))
    findings[0] = findings[0].with_effect(LAST_VALID_APPLIES, blocks_monitoring=False)
    findings[1] = findings[1].with_effect("it is not applied", blocks_monitoring=True)
    try:
        parse_silence("move", 'until = "2026-03-20"\nreason = ""', "/vdm-alerts/silences/move")
    except InvalidSilenceError as error:
        invalid = invalid_text_finding("silence", error)
        findings.append(invalid.with_effect("it mutes nothing", blocks_monitoring=False))
    text = 'rule = "*"\nuntil = 2026-03-02T08:00:00Z\nreason = "Move"\nauthor = "delivery team"'
    expired = parse_silence("old", text, "/vdm-alerts/silences/old")
    return [*findings, *expired_findings(Silences([expired]), NOW)]


_INVALID_RULE = """
indicator = "bounce_rat"
scopes = ["account", "identiy"]
warning = "0,5%"
critical = 10
hold = "5m"
"""


def service_message(
    findings: Sequence[Finding],
    notified: Sequence[Finding] = (),
    unreadable: frozenset[FindingSource] = frozenset(),
    *,
    has_open_alerts: bool = False,
) -> Message:
    notification = service_notification(
        findings,
        notified,
        1 if notified else 0,
        unreadable_sources=unreadable,
        has_open_alerts=has_open_alerts,
    )
    assert notification
    return message_of(notification)


EXAMPLES: Mapping[str, Callable[[], Message]] = {
    "warning": simulated("demo", 2),
    "critical": simulated("tenant-set-and-domain", 1),
    "critical-account-above-level-of-ses": simulated("silence-of-no-rule", 1),
    "critical-account-caused-by-one-set": lambda: message_of(
        account_caused_by_one_configuration_set()
    ),
    "escalated": simulated("demo", 5),
    "new-scope": lambda: message_of(new_scope_in_an_open_incident()),
    "reminder": simulated("demo", 6),
    "reminder-with-scope-below-threshold": lambda: message_of(
        reminder_with_a_scope_below_its_threshold()
    ),
    "reminder-unreadable": lambda: message_of(unreadable_reminder()),
    "deescalated": simulated("escalation", 5),
    "partly-resolved": lambda: message_of(partly_resolved()),
    "resolved": simulated("demo", 9),
    "resolved-above-again": lambda: message_of(resolved_but_above_again()),
    "closed-without-email": lambda: message_of(closed_without_email()),
    "closed-sender-deleted": simulated("identity-gone", 2),
    "closed-rule-deleted": simulated("rule-deleted", 2),
    "revised": simulated("revised", 2),
    "baseline": simulated("baseline-stays", 1),
    "plain-comparison": simulated("escalation", 1),
    "complaints": simulated("demo", 11),
    "missing-email": simulated("email-stops-with-a-rule", 2),
    "low-delivery-rate": lambda: message_of(low_delivery_rate()),
    "common-provider": simulated("provider-refuses-30-customers", 1),
    "common-provider-without-own-alert": lambda: message_of(provider_without_an_own_alert()),
    "flapping": simulated("flapping", 5),
    "history-unavailable": lambda: message_of(history_unavailable()),
    "history-damaged": lambda: message_of(history_damaged()),
    "runbook-link": lambda: message_of(history_damaged(), "https://wiki.example.com/vdm-alerts"),
    "ses-rate-with-vdm-off": simulated("ses-rate-with-vdm-off", 4),
    "ses-rate-and-counts": simulated("ses-rate-decides-severity", 1),
    "ses-rate-new-scope": simulated("ses-rate-and-counts", 2),
    "ses-rate-keeps-open": simulated("ses-rate-and-counts", 3),
    "ses-rate-resolved": simulated("ses-rate-with-vdm-off", 6),
    "ses-rate-stale": simulated("ses-rate-stale", 3),
    "digest": simulated("many-causes", 1, 4),
    "digest-of-ended-incidents": lambda: message_of(ended_incidents()),
    "summary": simulated("demo", 0),
    "summary-with-incidents": simulated("first-run", 0),
    "summary-with-silenced-alerts": lambda: message_of(summary(silenced=(WARNING, CRITICAL))),
    "summary-with-unreadable-rates": lambda: message_of(summary(unreadable=6)),
    "weekly-good": simulated("weekly-good", 8),
    "weekly-bad": simulated("weekly-bad", 8),
    "weekly-with-open-alerts": simulated("demo", 7),
    "test": lambda: message_of(DeliveryTest(NOW)),
    "service-problems": lambda: service_message(findings_of_rules_and_silences()),
    "service-vdm-off": lambda: service_message([VDM_IS_OFF]),
    "service-new-problem-beside-a-worse-one": lambda: service_message(
        [ENFORCEMENT["SHUTDOWN"], *findings_of_rules_and_silences()[:1]], [ENFORCEMENT["SHUTDOWN"]]
    ),
    "service-some-fixed": lambda: service_message(
        findings_of_rules_and_silences()[:2], findings_of_rules_and_silences()
    ),
    "service-all-fixed": lambda: service_message([], findings_of_rules_and_silences()),
    "service-all-fixed-with-open-alerts": lambda: service_message(
        [], findings_of_rules_and_silences(), has_open_alerts=True
    ),
    "service-fixed-while-unreadable": lambda: service_message(
        [], [replace(VDM_IS_OFF, source=FindingSource.ACCOUNT)], frozenset({FindingSource.METRICS})
    ),
}
"""A function for each example, by its name."""
