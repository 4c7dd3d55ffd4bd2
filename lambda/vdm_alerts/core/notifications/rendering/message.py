"""The SNS message of a notification: subject, attributes, formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest, Notification
from vdm_alerts.core.notifications.rendering import digest as digest_text
from vdm_alerts.core.notifications.rendering import email, payload, service, subjects
from vdm_alerts.core.notifications.rendering.amazon_q import amazon_q_notification
from vdm_alerts.core.notifications.rendering.remediation import fix_text
from vdm_alerts.core.notifications.service_notification import ServiceNotification

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


def render(notification: Notification, target: Target, now: datetime) -> Message:
    """Return *notification* in every format. *now* is the time of the run."""
    match notification:
        case IncidentNotification():
            return _incident_message(notification, target, now)
        case Digest():
            return _digest_message(notification, target, now)
        case ServiceNotification():
            return _service_message(notification, target, now)
        case _:
            assert_never(notification)


def _incident_message(incident: IncidentNotification, target: Target, now: datetime) -> Message:
    headline = subjects.incident_subject(incident)
    subject = _subject_line(headline, target)
    attributes = {
        **_attributes("incident", incident, target),
        "reason": incident.reason.value,
        "rule": incident.rule_name,
        "indicator": incident.indicator.key,
    }
    return Message(
        subject=subject,
        text=email.incident_text(incident, target, now),
        amazon_q=_chat(
            incident,
            target,
            f"{_emoji(incident)} {subject}",
            paragraphs=[
                email.verdict_sentence(incident),
                *email.contributor_paragraph(incident),
                *email.account_risk(incident),
                *email.other_scopes(incident),
                f"{email.footer(incident, target, now)} Rule {incident.rule_name}.",
            ],
            steps=email.remediation_steps(incident, target) if incident.severity else (),
        ),
        payload=payload.payload_text(attributes, now, payload.incident_fields(incident)),
        sms=_text_message(headline, target),
        attributes=attributes,
    )


def _digest_message(digest: Digest, target: Target, now: datetime) -> Message:
    headline = digest_text.digest_subject(digest)
    subject = _subject_line(headline, target)
    kind = "summary" if digest.coverage else "digest"
    attributes = {**_attributes(kind, digest, target), "reason": kind.upper()}
    worst = digest.incidents[0] if digest.severity else None
    return Message(
        subject=subject,
        text=digest_text.digest_text(digest, target, now),
        amazon_q=_chat(
            digest,
            target,
            f"{_emoji(digest)} {subject}",
            paragraphs=digest_text.paragraphs(digest),
            steps=email.remediation_steps(worst, target) if worst else (),
        ),
        payload=payload.payload_text(attributes, now, payload.digest_fields(digest)),
        sms=_text_message(headline, target),
        attributes=attributes,
    )


def _service_message(notification: ServiceNotification, target: Target, now: datetime) -> Message:
    headline = service.service_subject(notification)
    subject = _subject_line(headline, target)
    attributes = _attributes("service", notification, target)
    all_clear = [service.all_clear(notification)] if notification.is_all_clear else []
    findings = [
        f"{service.sentence(finding)} {finding.details}".strip()
        for finding in notification.findings
    ]
    return Message(
        subject=subject,
        text=service.service_text(notification, target, now),
        amazon_q=_chat(
            notification,
            target,
            f"{_EMOJI[notification.severity]} {subject}",
            paragraphs=[*all_clear, *findings, *service.notes(notification)],
            steps=[fix_text(finding, target) for finding in notification.findings],
        ),
        payload=payload.payload_text(attributes, now, payload.service_fields(notification, target)),
        sms=_text_message(headline, target),
        attributes=attributes,
    )


def _attributes(kind: str, notification: Notification, target: Target) -> dict[str, str]:
    """Return the message attributes that every notification has."""
    return {
        "kind": kind,
        "account": target.account,
        "region": target.region,
        "severity": str(notification.severity) if notification.severity else "OK",
    }


def _chat(
    notification: Notification,
    target: Target,
    title: str,
    paragraphs: Sequence[str],
    steps: Sequence[str],
) -> str:
    thread = f"{target.account}:{target.region}:{notification.id}"
    return amazon_q_notification(thread, notification.sequence, title, paragraphs, steps)


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
    return f" - {target.account} {target.region}"


def _printable(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
