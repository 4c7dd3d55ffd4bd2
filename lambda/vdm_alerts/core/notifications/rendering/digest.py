"""The sentences of a message about several incidents, the first one ever among them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from vdm_alerts.core.model.metrics import Dimension, Kind
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.model.wording import KIND_NAMES
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest
from vdm_alerts.core.notifications.rendering import email, subjects
from vdm_alerts.core.notifications.rendering.email import MAX_LISTED
from vdm_alerts.core.observations.coverage import Coverage

_MAX_SCOPES_EACH = 5
"""Scopes listed to a person of each of several incidents; the rest are counted."""


def subject(digest: Digest) -> str:
    """Return the news in one line, its weight first."""
    weight = "ENDED" if digest.is_unproven else str(digest.severity or "OK")
    count = len(digest.incidents)
    if digest.coverage is None:
        return f"[{weight}] {count} more: {subjects.headline(digest.incidents[0])}, ..."
    if not digest.incidents:
        news = (
            "there is nothing else to tell"
            if digest.has_open_alerts
            else "nothing is beyond a threshold"
        )
        return f"[{weight}] VDM Alerts is watching, and {news}"
    if count == 1:
        return f"[{weight}] VDM Alerts is watching: {subjects.headline(digest.incidents[0])}"
    return f"[{weight}] VDM Alerts is watching: {count} incidents at first sight"


def text(digest: Digest, target: Target, now: datetime) -> str:
    """Return the whole e-mail."""
    parts = paragraphs(digest)
    if digest.severity:
        worst = digest.incidents[0]
        numbered = (
            f"  {number}. {step}"
            for number, step in enumerate(email.remediation_steps(worst, target), 1)
        )
        parts.append("\n".join(["What to do about the first:", *numbered]))
    parts.append(
        f"{target}, {format_time(now)}.\n{digest.id.capitalize()}, message {digest.sequence}."
    )
    return "\n\n".join(parts) + "\n"


def paragraphs(digest: Digest) -> list[str]:
    """Return what there is to watch, if that is to be said, and a paragraph for each incident."""
    watching = [_coverage_paragraph(digest.coverage)] if digest.coverage else []
    if digest.coverage and not digest.incidents:
        but = "else is beyond a threshold than what you were told of or silenced"
        nothing = (
            but
            if digest.has_open_alerts
            else "is beyond a threshold, as far as one can be sure of it"
        )
        watching.append(f"Nothing {nothing}.")
    more = len(digest.incidents) - MAX_LISTED
    return [
        *watching,
        *map(_paragraph, digest.incidents[:MAX_LISTED]),
        *([f"And {more:,} more."] if more > 0 else []),
    ]


def _paragraph(incident: IncidentNotification) -> str:
    lines = [
        subjects.subject(incident),
        email.headline(incident),
        *email.contributor_paragraph(incident),
        *email.other_scopes(incident, _MAX_SCOPES_EACH),
        f"Incident {incident.id}, message {incident.sequence}.",
    ]
    return "\n".join(lines)


def _coverage_paragraph(watch: Coverage) -> str:
    kinds = sorted(watch.scopes.items(), key=lambda each: _place(each[0]))
    unread = f" {watch.unreadable:,} of {watch.rates:,} rates could not be read yet."
    return (
        f"VDM Alerts has begun to watch {_listed(list(_counted(kinds)))}, by the "
        f"{'rule' if len(watch.rules) == 1 else 'rules'} {_listed(watch.rules)}. From now on you "
        "hear of what gets worse, of what goes on, now and then, and of what is over."
        f"{unread if watch.unreadable else ''}"
    )


def _counted(kinds: Sequence[tuple[Kind, int]]) -> Iterator[str]:
    for kind, count in kinds:
        if not kind:
            yield "the account"
            continue
        name, *others = (KIND_NAMES[dimension] for dimension in kind)
        plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
        where = "".join(f" at a {other}" for other in others)
        yield f"{count:,} {name if count == 1 else plural}{where}"


def _place(kind: Kind) -> tuple[int, ...]:
    return (len(kind), *(list(Dimension).index(one) for one in kind))


def _listed(names: Sequence[str]) -> str:
    """Return *names* as a sentence lists them."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
