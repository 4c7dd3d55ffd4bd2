"""Tests of the provider that is the common cause for several senders."""

from dataclasses import replace

from builders import (
    HOTMAIL,
    NEWS_IDENTITY,
    NOW,
    SUBJECT_SUFFIX,
    TARGET,
    a_rule,
    breached,
    evidence,
    firing,
)

from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.evaluation.verdicts import Subject
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.incidents import IncidentNotification, incident_notifications
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import render
from vdm_alerts.core.planning.contributor import Contributor

SENDERS = [Scope(identity=f"{name}.example.com") for name in "abc"]


def the_incident(
    *alerts: Alert, causes: int = 3, is_only_cause: bool = True
) -> IncidentNotification:
    """Return the notification. Hotmail is the cause of the first *causes* of SENDERS."""
    contributors = {
        firing(sender).key: Contributor(
            sender.at_provider("Hotmail"), 0.9, evidence("80%", of=1_000), is_only_cause
        )
        for sender in SENDERS[:causes]
    }
    verdicts = {
        alert.key: replace(
            breached("20%", Severity.CRITICAL), subject=Subject(Indicator.BOUNCE_RATE, alert.scope)
        )
        for alert in alerts
    }
    (incident,) = incident_notifications(
        alerts, {"bounce-rate": a_rule()}, verdicts, contributors, {}, {}, NOW
    )
    return incident


def test_breached_provider_leads_and_the_subject_names_it() -> None:
    incident = the_incident(
        *(firing(sender, Severity.CRITICAL) for sender in SENDERS), firing(HOTMAIL)
    )
    assert incident.provider is not None
    assert incident.primary.alert.scope == HOTMAIL
    message = render(incident, Links(TARGET), NOW)
    assert message.subject == (
        f"[CRITICAL] Bounce rate 20% (above 10%) at Hotmail: 3 identities{SUBJECT_SUFFIX}"
    )
    assert (
        "3 identities are above the threshold because of bounces at Hotmail, their common cause."
        in message.text
    )
    assert "1. Check whether Hotmail blocks you" in message.text


def test_provider_leads_when_only_a_sender_is_new() -> None:
    known = [firing(scope, notified=Severity.WARNING) for scope in (HOTMAIL, *SENDERS[:2])]
    incident = the_incident(*known, firing(SENDERS[2]))
    assert incident.reason is Reason.FIRING
    assert incident.primary.alert.scope == HOTMAIL


def test_provider_that_is_not_breached_is_named_with_the_rate_of_the_senders() -> None:
    incident = the_incident(*map(firing, SENDERS))
    assert incident.provider is not None
    assert (incident.provider.rate, incident.provider.kind) == (
        Rate(2_400, 3_000),
        (Dimension.IDENTITY,),
    )
    message = render(incident, Links(TARGET), NOW)
    assert message.subject == f"[WARNING] Bounce rate 80% at Hotmail: 3 identities{SUBJECT_SUFFIX}"
    assert message.text.startswith(
        "3 identities are above the threshold because of bounces at Hotmail, their common cause. "
        "Together, their bounce rate there is 80% (2,400 of 3,000). "
    )


def test_sender_that_was_not_investigated_counts() -> None:
    incident = the_incident(*map(firing, SENDERS), firing(NEWS_IDENTITY))
    assert incident.provider is not None
    assert incident.provider.senders == 4


def test_address_of_an_affected_domain_does_not_count() -> None:
    address = Scope(identity="anna@a.example.com")
    incident = the_incident(*map(firing, SENDERS), firing(address))
    assert incident.provider is not None
    assert incident.provider.senders == 3


def test_too_few_senders_have_no_common_provider() -> None:
    assert the_incident(*map(firing, SENDERS), causes=2).provider is None
    assert the_incident(firing(SENDERS[0]), firing(HOTMAIL), causes=1).provider is None
    assert the_incident(*map(firing, SENDERS[:2]), firing(HOTMAIL), causes=2).provider is not None


def test_provider_is_no_common_cause_if_the_senders_are_bad_elsewhere_too() -> None:
    incident = the_incident(*map(firing, SENDERS), firing(HOTMAIL), is_only_cause=False)
    assert incident.provider is None


def test_account_leads_its_incident() -> None:
    incident = the_incident(*map(firing, SENDERS), firing(HOTMAIL), firing(ACCOUNT))
    assert incident.provider is None
    assert incident.primary.alert.scope == ACCOUNT
