"""From a notice to the messages that are sent: for a mail reader, a chat channel and a machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.incidents import Incident
from vdm_alerts.core.notifications.notification import Digest, Notice, Trouble
from vdm_alerts.core.notifications.rendering import digest as digest_text
from vdm_alerts.core.notifications.rendering import email, payload, service, subjects
from vdm_alerts.core.notifications.rendering.amazon_q import chat
from vdm_alerts.core.notifications.rendering.remediation import fix_text

LONGEST_SUBJECT = 99
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
    document: str
    attributes: Mapping[str, str]


def compose(notice: Notice, origin: Target, now: datetime) -> Message:
    """Put *notice* into words, as of *now*."""
    match notice:
        case Incident():
            return _about_incident(notice, origin, now)
        case Digest():
            return _about_several(notice, origin, now)
        case Trouble():
            return _about_trouble(notice, origin, now)
        case _:
            assert_never(notice)


def _about_incident(incident: Incident, origin: Target, now: datetime) -> Message:
    subject = _subject(subjects.subject(incident), origin)
    figures = {
        **_figures("incident", incident, origin),
        "reason": incident.reason.value,
        "rule": incident.rule,
        "indicator": incident.indicator.key,
    }
    return Message(
        subject=subject,
        text=email.incident_text(incident, origin, now),
        chat=_chat(
            incident,
            origin,
            f"{_emoji(incident)} {subject}",
            paragraphs=[
                email.headline(incident),
                *email.blame(incident),
                *email.judged_by_ses(incident),
                *email.others(incident),
                f"{email.footer(incident, origin, now)} Rule {incident.rule}.",
            ],
            steps=email.steps(incident, origin) if incident.severity else (),
        ),
        document=payload.document(figures, now, payload.of_incident(incident)),
        attributes=figures,
    )


def _about_several(digest: Digest, origin: Target, now: datetime) -> Message:
    subject = _subject(digest_text.subject(digest), origin)
    kind = "summary" if digest.watch else "digest"
    figures = {**_figures(kind, digest, origin), "reason": kind.upper()}
    worst = digest.incidents[0] if digest.severity else None
    return Message(
        subject=subject,
        text=digest_text.text(digest, origin, now),
        chat=_chat(
            digest,
            origin,
            f"{_emoji(digest)} {subject}",
            paragraphs=digest_text.paragraphs(digest),
            steps=email.steps(worst, origin) if worst else (),
        ),
        document=payload.document(figures, now, payload.of_digest(digest)),
        attributes=figures,
    )


def _about_trouble(trouble: Trouble, origin: Target, now: datetime) -> Message:
    subject = _subject(service.subject(trouble), origin)
    figures = _figures("service", trouble, origin)
    return Message(
        subject=subject,
        text=service.text(trouble, origin, now),
        chat=_chat(
            trouble,
            origin,
            f"{_EMOJI[trouble.severity]} {subject}",
            paragraphs=[
                *([service.in_order(trouble)] if trouble.is_end else []),
                *(f"{service.sentence(one)} {one.details}".strip() for one in trouble.findings),
                *service.beside(trouble),
            ],
            steps=[fix_text(one, origin) for one in trouble.findings],
        ),
        document=payload.document(figures, now, payload.of_trouble(trouble, origin)),
        attributes=figures,
    )


def _figures(kind: str, notice: Notice, origin: Target) -> dict[str, str]:
    return {
        "kind": kind,
        "account": origin.account,
        "region": origin.region,
        "severity": str(notice.severity) if notice.severity else "OK",
    }


def _chat(
    notice: Notice, origin: Target, title: str, paragraphs: Sequence[str], steps: Sequence[str]
) -> str:
    thread = f"{origin.account}:{origin.region}:{notice.id}"
    return chat(thread, notice.sequence, title, paragraphs, steps)


def _emoji(notice: Incident | Digest) -> str:
    """Return a sign for *notice*; an end that proves nothing is not shown as good news."""
    return ":white_circle:" if notice.faded else _EMOJI[notice.severity]


def _subject(news: str, origin: Target) -> str:
    """Return *news* and where from, as SNS takes a subject: printable ASCII, in length too."""
    place = f" - {origin.account} {origin.region}"
    printable = "".join(letter if " " <= letter <= "~" else "?" for letter in news)
    longest = LONGEST_SUBJECT - len(place)
    if len(printable) > longest:
        printable = f"{printable[: longest - 3]}..."
    return printable + place
