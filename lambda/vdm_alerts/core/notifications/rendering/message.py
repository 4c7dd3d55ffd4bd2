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
    subject = _subject_line(subjects.incident_subject(incident), target)
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
        attributes=attributes,
    )


def _digest_message(digest: Digest, target: Target, now: datetime) -> Message:
    subject = _subject_line(digest_text.digest_subject(digest), target)
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
        attributes=attributes,
    )


def _service_message(notification: ServiceNotification, target: Target, now: datetime) -> Message:
    subject = _subject_line(service.service_subject(notification), target)
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


def _subject_line(subject: str, target: Target) -> str:
    """Return *subject* and *target* in printable ASCII, as SNS allows.

    If *subject* is too long, its end is cut. The target is never cut.
    """
    suffix = f" - {target.account} {target.region}"
    printable = "".join(letter if " " <= letter <= "~" else "?" for letter in subject)
    limit = MAX_SUBJECT - len(suffix)
    if len(printable) > limit:
        printable = f"{printable[: limit - 3]}..."
    return printable + suffix
