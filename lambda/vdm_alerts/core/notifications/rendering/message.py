"""From a notice to the messages that are sent: for a mail reader, a chat channel and a machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest, Notification, ServiceNotification
from vdm_alerts.core.notifications.rendering import digest as digest_text
from vdm_alerts.core.notifications.rendering import email, payload, service, subjects
from vdm_alerts.core.notifications.rendering.amazon_q import amazon_q_notification
from vdm_alerts.core.notifications.rendering.remediation import fix_text

MAX_SUBJECT = 99
"""Characters SNS takes in a subject: less than 100, none of them a line break or control.

Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

_EMOJI: Mapping[Severity | None, str] = {
    Severity.CRITICAL: ":rotating_light:",
    Severity.WARNING: ":warning:",
    None: ":white_check_mark:",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message in all its forms.

    *text* is prose, *chat* the JSON of an Amazon Q custom notification, *document* the JSON for
    machines, *attributes* what subscribers can filter by.
    """

    subject: str
    text: str
    chat: str
    payload: str
    attributes: Mapping[str, str]


def render(notice: Notification, target: Target, now: datetime) -> Message:
    """Put *notice* into words, as of *now*."""
    match notice:
        case IncidentNotification():
            return _about_incident(notice, target, now)
        case Digest():
            return _about_several(notice, target, now)
        case ServiceNotification():
            return _about_service(notice, target, now)
        case _:
            assert_never(notice)


def _about_incident(incident: IncidentNotification, target: Target, now: datetime) -> Message:
    subject = _subject(subjects.subject(incident), target)
    figures = {
        **_figures("incident", incident, target),
        "reason": incident.reason.value,
        "rule": incident.rule_name,
        "indicator": incident.indicator.key,
    }
    return Message(
        subject=subject,
        text=email.incident_text(incident, target, now),
        chat=_chat(
            incident,
            target,
            f"{_emoji(incident)} {subject}",
            paragraphs=[
                email.headline(incident),
                *email.contributor_paragraph(incident),
                *email.account_risk(incident),
                *email.other_scopes(incident),
                f"{email.footer(incident, target, now)} Rule {incident.rule_name}.",
            ],
            steps=email.remediation_steps(incident, target) if incident.severity else (),
        ),
        payload=payload.payload_text(figures, now, payload.incident_fields(incident)),
        attributes=figures,
    )


def _about_several(digest: Digest, target: Target, now: datetime) -> Message:
    subject = _subject(digest_text.subject(digest), target)
    kind = "summary" if digest.coverage else "digest"
    figures = {**_figures(kind, digest, target), "reason": kind.upper()}
    worst = digest.incidents[0] if digest.severity else None
    return Message(
        subject=subject,
        text=digest_text.text(digest, target, now),
        chat=_chat(
            digest,
            target,
            f"{_emoji(digest)} {subject}",
            paragraphs=digest_text.paragraphs(digest),
            steps=email.remediation_steps(worst, target) if worst else (),
        ),
        payload=payload.payload_text(figures, now, payload.digest_fields(digest)),
        attributes=figures,
    )


def _about_service(trouble: ServiceNotification, target: Target, now: datetime) -> Message:
    subject = _subject(service.subject(trouble), target)
    figures = _figures("service", trouble, target)
    return Message(
        subject=subject,
        text=service.text(trouble, target, now),
        chat=_chat(
            trouble,
            target,
            f"{_EMOJI[trouble.severity]} {subject}",
            paragraphs=[
                *([service.all_clear(trouble)] if trouble.is_all_clear else []),
                *(f"{service.sentence(one)} {one.details}".strip() for one in trouble.findings),
                *service.notes(trouble),
            ],
            steps=[fix_text(one, target) for one in trouble.findings],
        ),
        payload=payload.payload_text(figures, now, payload.service_fields(trouble, target)),
        attributes=figures,
    )


def _figures(kind: str, notice: Notification, target: Target) -> dict[str, str]:
    return {
        "kind": kind,
        "account": target.account,
        "region": target.region,
        "severity": str(notice.severity) if notice.severity else "OK",
    }


def _chat(
    notice: Notification,
    target: Target,
    title: str,
    paragraphs: Sequence[str],
    steps: Sequence[str],
) -> str:
    thread = f"{target.account}:{target.region}:{notice.id}"
    return amazon_q_notification(thread, notice.sequence, title, paragraphs, steps)


def _emoji(notice: IncidentNotification | Digest) -> str:
    """Return a sign for *notice*; an end that proves nothing is not shown as good news."""
    return ":white_circle:" if notice.is_unproven else _EMOJI[notice.severity]


def _subject(news: str, target: Target) -> str:
    """Return *news* and where from, as SNS takes a subject: printable ASCII, in length too."""
    place = f" - {target.account} {target.region}"
    printable = "".join(letter if " " <= letter <= "~" else "?" for letter in news)
    longest = MAX_SUBJECT - len(place)
    if len(printable) > longest:
        printable = f"{printable[: longest - 3]}..."
    return printable + place
