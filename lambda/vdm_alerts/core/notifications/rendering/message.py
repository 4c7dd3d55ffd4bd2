"""The SNS message of a notification: subject, attributes, formats."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.fleet import FleetDigest
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest, Notification
from vdm_alerts.core.notifications.rendering import payload
from vdm_alerts.core.notifications.rendering.amazon_q import amazon_q_notification
from vdm_alerts.core.notifications.rendering.commands import fix_step
from vdm_alerts.core.notifications.rendering.content import Step
from vdm_alerts.core.notifications.rendering.delivery_test import delivery_test_content
from vdm_alerts.core.notifications.rendering.digest import digest_content
from vdm_alerts.core.notifications.rendering.fleet import fleet_content
from vdm_alerts.core.notifications.rendering.incident import incident_content
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.plain_text import plain_text
from vdm_alerts.core.notifications.rendering.service import service_content
from vdm_alerts.core.notifications.rendering.weekly import weekly_content
from vdm_alerts.core.notifications.rendering.weekly_payload import weekly_fields
from vdm_alerts.core.notifications.service_notification import ServiceNotification
from vdm_alerts.core.notifications.weekly_summary import WeeklySummary

MAX_SUBJECT = 99
"""Characters in a subject. SNS allows less than 100, without line breaks and control characters.

Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""
MAX_SMS = 128
"""Characters in a text message.

SNS sends more than 140 ASCII characters as several text messages. They include the prefix
"VDM ALERTS> ", which SNS makes of the topic's display name.

Source: https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html
"""

_EMOJI: Mapping[Severity | None, str] = {
    Severity.CRITICAL: ":rotating_light:",
    Severity.WARNING: ":warning:",
    None: ":white_check_mark:",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered notification. Each subscription receives one of the formats."""

    subject: str
    """The subject of the email: printable ASCII, at most `MAX_SUBJECT` characters."""
    text: str
    """The body of the email, in plain text."""
    amazon_q: str
    """The JSON of an Amazon Q custom notification, for a chat channel."""
    payload: str
    """The JSON for machines."""
    sms: str
    """The text message: printable ASCII, at most `MAX_SMS` characters."""
    attributes: Mapping[str, str]
    """The SNS message attributes, by which a subscription can filter."""


def render(
    notification: Notification | FleetDigest | DeliveryTest, links: Links, now: datetime
) -> Message:
    """Return *notification* in every format. *now* is the time of the run.

    *links* are those of its target; for a fleet digest, those of the hub.
    """
    match notification:
        case IncidentNotification() as incident:
            attributes = {
                **_attributes("incident", incident, links.target),
                "reason": incident.reason.value,
                "rule": incident.rule_name,
                "indicator": incident.indicator.key,
            }
            content = incident_content(incident, links, now)
            fields = payload.incident_fields(incident, now)
            emoji = _emoji(incident)
        case Digest() as digest:
            kind = "summary" if digest.coverage else "digest"
            attributes = {**_attributes(kind, digest, links.target), "reason": kind.upper()}
            content = digest_content(digest, links, now)
            fields = payload.digest_fields(digest, links, now)
            emoji = _emoji(digest)
        case ServiceNotification() as service:
            attributes = _attributes("service", service, links.target)
            content = service_content(service, links, now)
            fields = payload.service_fields(service, links)
            emoji = _EMOJI[service.severity]
        case WeeklySummary() as summary:
            attributes = {**_attributes("weekly", summary, links.target), "reason": "WEEKLY"}
            content = weekly_content(summary, links, now)
            fields = weekly_fields(summary, now)
            emoji = _EMOJI[summary.severity]
        case FleetDigest() as fleet:
            attributes = {**_attributes("fleet", fleet, links.target), "reason": "FLEET"}
            content = fleet_content(fleet, links, now)
            fields = payload.fleet_fields(fleet)
            emoji = _EMOJI[fleet.severity]
        case DeliveryTest() as test:
            attributes = {**_attributes("test", test, links.target), "reason": "TEST"}
            content = delivery_test_content(test, links)
            fields = {"id": test.id, "sequence": test.sequence}
            emoji = ":test_tube:"
        case _:
            assert_never(notification)
    subject = _subject_line(content.headline, links.target)
    thread = f"{links.target.account}:{links.target.region}:{notification.id}"
    chat_steps = _chat_steps(notification, links) or content.steps
    return Message(
        subject=subject,
        text=plain_text(content),
        amazon_q=amazon_q_notification(
            f"{emoji} {subject}", content, chat_steps, thread, notification.sequence
        ),
        payload=payload.payload_text(
            {**attributes, **_fleet_names(links.target)}, now, subject, content, fields
        ),
        sms=_text_message(content.headline, links.target),
        attributes=attributes,
    )


def _attributes(
    kind: str, notification: Notification | FleetDigest | DeliveryTest, target: Target
) -> dict[str, str]:
    """Return the message attributes that every notification has."""
    return {
        "kind": kind,
        "account": target.account,
        "region": target.region,
        "severity": str(notification.severity) if notification.severity else "OK",
    }


def _fleet_names(target: Target) -> dict[str, object]:
    """Return the alias and the tags of *target* as fields of the payload, if it has any."""
    fields: dict[str, object] = {"alias": target.alias, "tags": dict(target.tags)}
    return {name: value for name, value in fields.items() if value}


def _chat_steps(
    notification: Notification | FleetDigest | DeliveryTest, links: Links
) -> tuple[Step, ...]:
    """Return the fixes of findings, which a chat message lists as next steps."""
    if not isinstance(notification, ServiceNotification):
        return ()
    return tuple(fix_step(finding, links) for finding in notification.findings)


def _emoji(notification: IncidentNotification | Digest) -> str:
    """Return the emoji of the severity; a neutral one for an unproven end."""
    return ":white_circle:" if notification.is_unproven else _EMOJI[notification.severity]


def _subject_line(headline: str, target: Target) -> str:
    """Return *headline* and *target* in printable ASCII, as SNS allows.

    If *headline* is too long, its end is cut. The target is never cut.
    """
    suffix = _target_suffix(target)
    return _shorten(_printable(headline), MAX_SUBJECT - len(suffix)) + suffix


def _text_message(headline: str, target: Target) -> str:
    """Return *headline* in printable ASCII, with *target* if both fit into a text message."""
    printable = _printable(headline)
    with_target = printable + _target_suffix(target)
    return with_target if len(with_target) <= MAX_SMS else _shorten(printable, MAX_SMS)


def _target_suffix(target: Target) -> str:
    alias = f" {_printable(target.alias)}" if target.alias else ""
    return f" -{alias} {target.account} {target.region}"


def _printable(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
