"""From a notice to the messages that are sent: for a mail reader, a chat channel and a machine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

from vdm_alerts.core.metrics import Scope
from vdm_alerts.core.reading.culprits import Culprit
from vdm_alerts.core.reputation import Ahead, Estimate
from vdm_alerts.core.rules import Severity
from vdm_alerts.core.telling import prose
from vdm_alerts.core.telling.notices import Affected, Incident, Notice, Trouble
from vdm_alerts.core.telling.prose import Origin
from vdm_alerts.core.verdicts import Breached, Evidence

LONGEST_SUBJECT = 99
"""Characters SNS takes in a subject: less than 100, none of them a line break or control.

Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""
LONGEST_CHAT = 2_500
"""Characters of a chat message's text: Slack cuts the text of a block at 3,000.

Source: https://docs.slack.dev/reference/block-kit/blocks/section-block
"""
MOST_FINDINGS = 50
"""Findings in the machine's document."""
MOST_STEPS = 10
"""Next steps in a chat message."""
MOST_LISTED = 200
"""Scopes in the machine's document: at under 500 bytes each, far below the 256 KiB of SNS."""
DOCUMENT_SCHEMA = 1
"""The version of the machine's document; it rises when a reader would have to change."""

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


def compose(notice: Notice, origin: Origin, now: datetime) -> Message:
    """Put *notice* into words, as of *now*."""
    match notice:
        case Incident():
            return _about_incident(notice, origin, now)
        case Trouble():
            return _about_trouble(notice, origin, now)
        case _:
            assert_never(notice)


def _about_incident(incident: Incident, origin: Origin, now: datetime) -> Message:
    subject = _subject(prose.incident_subject(incident), origin)
    indicator = incident.rule.indicator
    figures = {
        "kind": "incident",
        "account": origin.account,
        "region": origin.region,
        "severity": incident.severity.name if incident.severity else "OK",
        "reason": incident.reason.name,
        "rule": incident.rule.name,
        "indicator": indicator.key,
    }
    return Message(
        subject=subject,
        text=prose.incident_text(incident, origin, now),
        chat=_chat(
            thread=f"{origin.account}:{origin.region}:{incident.id}",
            sequence=incident.sequence,
            title=f"{_emoji(incident)} {subject}",
            paragraphs=[
                prose.headline(incident),
                *prose.blame(incident),
                *prose.judged_by_ses(incident),
                *prose.others(incident),
                f"{prose.footer(incident, origin, now)} Rule {incident.rule.name}.",
            ],
            steps=prose.steps(incident, origin) if incident.severity else (),
        ),
        document=_document(
            figures,
            now,
            id=incident.id,
            sequence=incident.sequence,
            remembered=incident.remembered,
            parameter=incident.rule.source,
            culprit=_behind(incident.culprit) if incident.culprit else None,
            estimate=_estimated(incident.estimate) if incident.estimate else None,
            affected=[_plain(one) for one in incident.affected[:MOST_LISTED]],
            affected_total=len(incident.affected),
        ),
        attributes=figures,
    )


def _about_trouble(trouble: Trouble, origin: Origin, now: datetime) -> Message:
    subject = _subject(prose.trouble_subject(trouble), origin)
    figures = {
        "kind": "service",
        "account": origin.account,
        "region": origin.region,
        "severity": trouble.severity.name if trouble.severity else "OK",
    }
    listed = trouble.findings[:MOST_FINDINGS]
    findings = [{"what": one.what, "remedy": one.mending} for one in listed]
    return Message(
        subject=subject,
        text=prose.trouble_text(trouble, origin, now),
        chat=_chat(
            thread=f"{origin.account}:{origin.region}:service",
            sequence=trouble.sequence,
            title=f"{_EMOJI[trouble.severity]} {subject}",
            paragraphs=[f"{one.what}. {one.details}" for one in trouble.findings]
            or ["All is in order again."],
            steps=[one.mending for one in trouble.findings],
        ),
        document=_document(
            figures,
            now,
            id="service",
            sequence=trouble.sequence,
            findings=findings,
            gone=[{"what": one.what} for one in trouble.gone],
        ),
        attributes=figures,
    )


def _emoji(incident: Incident) -> str:
    """Return a sign for *incident*; an end for want of mail is not shown as good news."""
    return ":mailbox_with_no_mail:" if incident.faded else _EMOJI[incident.severity]


def _subject(news: str, origin: Origin) -> str:
    """Return *news* and where from, as SNS takes a subject: printable ASCII, in length too."""
    place = f" - {origin.account} {origin.region}"
    printable = "".join(letter if " " <= letter <= "~" else "?" for letter in news)
    longest = LONGEST_SUBJECT - len(place)
    if len(printable) > longest:
        printable = f"{printable[: longest - 3]}..."
    return printable + place


def _chat(
    thread: str, sequence: int, title: str, paragraphs: Sequence[str], steps: Sequence[str]
) -> str:
    """Return an Amazon Q custom notification; anything else on the topic Q would drop.

    Source: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    """
    notification = {
        "version": "1.0",
        "source": "custom",
        "id": f"{thread}:{sequence}",
        "content": {
            "textType": "client-markdown",
            "title": _escaped(title),
            "description": _fitting("\n\n".join(paragraphs)),
            "nextSteps": [_escaped(step) for step in steps[:MOST_STEPS]],
        },
        "metadata": {"threadId": thread, "summary": _escaped(title)},
    }
    return json.dumps(notification, ensure_ascii=False)


def _fitting(text: str) -> str:
    """Return *text*, escaped, cut to what a chat shows."""
    if len(_escaped(text)) <= LONGEST_CHAT:
        return _escaped(text)
    kept = text[:LONGEST_CHAT]
    while len(_escaped(kept)) >= LONGEST_CHAT:
        kept = kept[:-50]
    return f"{_escaped(kept)}…"


def _escaped(text: str) -> str:
    """Return *text* so that no name in it becomes a mention, or a link under another name."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _document(figures: Mapping[str, str], now: datetime, **more: object) -> str:
    document = {"schema": DOCUMENT_SCHEMA, **figures, "at": now.isoformat(), **more}
    return json.dumps(document, ensure_ascii=False)


def _plain(one: Affected) -> dict[str, Any]:
    """Return one scope of an incident for a machine; a figure that is not known is null."""
    return {
        "scope": _named(one.alert.scope),
        "severity": one.severity.name if one.severity else "OK",
        "since": one.since.isoformat() if one.since else None,
        "threshold": one.verdict.threshold.share if isinstance(one.verdict, Breached) else None,
        **_figures(one.evidence),
    }


def _behind(culprit: Culprit) -> dict[str, Any]:
    """Return who is behind an incident, with how much of it, a fraction, for a machine."""
    scope = _named(culprit.scope)
    return {"scope": scope, "share": culprit.share, **_figures(culprit.evidence)}


def _estimated(found: Estimate) -> dict[str, Any]:
    """Return the estimate of the rate that SES goes by; a limit out of sight is null away."""
    return {
        **_figures(Evidence(found.rate, found.window)),
        "review": _ahead(found.review),
        "pause": _ahead(found.pause),
    }


def _ahead(ahead: Ahead) -> dict[str, Any]:
    hours = None if ahead.time is None else round(ahead.time / timedelta(hours=1), 1)
    return {"limit": ahead.limit, "mails": ahead.mails, "hours": hours}


def _named(scope: Scope) -> dict[str, str]:
    return {key.value: value for key, value in scope.dimensions.items()}


def _figures(evidence: Evidence | None) -> dict[str, Any]:
    return {
        "rate": evidence.rate.value if evidence else None,
        "events": evidence.rate.events if evidence else None,
        "volume": evidence.rate.volume if evidence else None,
        "window_days": evidence.window.days if evidence else None,
        "sure": evidence.sure if evidence else None,
    }
