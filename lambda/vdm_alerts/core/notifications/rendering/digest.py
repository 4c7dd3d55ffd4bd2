"""The sentences of a message about several incidents, the first one ever among them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from vdm_alerts.core.model.metrics import Dimension, Kind
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import stamp
from vdm_alerts.core.model.wording import KIND_NAMES
from vdm_alerts.core.notifications.incidents import Incident
from vdm_alerts.core.notifications.notification import Digest
from vdm_alerts.core.notifications.rendering import email, subjects
from vdm_alerts.core.notifications.rendering.email import MOST_SHOWN
from vdm_alerts.core.observations.coverage import Watch

_MOST_OF_EACH = 5
"""Scopes listed to a person of each of several incidents; the rest are counted."""


def subject(digest: Digest) -> str:
    """Return the news in one line, its weight first."""
    weight = "ENDED" if digest.faded else str(digest.severity or "OK")
    count = len(digest.incidents)
    if digest.watch is None:
        return f"[{weight}] {count} more: {subjects.news(digest.incidents[0])}, ..."
    if not digest.incidents:
        news = "there is nothing else to tell" if digest.beside else "nothing is beyond a threshold"
        return f"[{weight}] VDM Alerts is watching, and {news}"
    if count == 1:
        return f"[{weight}] VDM Alerts is watching: {subjects.news(digest.incidents[0])}"
    return f"[{weight}] VDM Alerts is watching: {count} incidents at first sight"


def text(digest: Digest, origin: Target, now: datetime) -> str:
    """Return the whole e-mail."""
    parts = paragraphs(digest)
    if digest.severity:
        worst = digest.incidents[0]
        numbered = (
            f"  {number}. {step}" for number, step in enumerate(email.steps(worst, origin), 1)
        )
        parts.append("\n".join(["What to do about the first:", *numbered]))
    parts.append(f"{origin}, {stamp(now)}.\n{digest.id.capitalize()}, message {digest.sequence}.")
    return "\n\n".join(parts) + "\n"


def paragraphs(digest: Digest) -> list[str]:
    """Return what there is to watch, if that is to be said, and a paragraph for each incident."""
    watching = [_watching(digest.watch)] if digest.watch else []
    if digest.watch and not digest.incidents:
        but = "else is beyond a threshold than what you were told of or silenced"
        nothing = but if digest.beside else "is beyond a threshold, as far as one can be sure of it"
        watching.append(f"Nothing {nothing}.")
    more = len(digest.incidents) - MOST_SHOWN
    return [
        *watching,
        *map(_paragraph, digest.incidents[:MOST_SHOWN]),
        *([f"And {more:,} more."] if more > 0 else []),
    ]


def _paragraph(incident: Incident) -> str:
    lines = [
        subjects.subject(incident),
        email.headline(incident),
        *email.blame(incident),
        *email.others(incident, _MOST_OF_EACH),
        f"Incident {incident.id}, message {incident.sequence}.",
    ]
    return "\n".join(lines)


def _watching(watch: Watch) -> str:
    kinds = sorted(watch.scopes.items(), key=lambda each: _place(each[0]))
    unread = f" {watch.unread:,} of {watch.rates:,} rates could not be read yet."
    return (
        f"VDM Alerts has begun to watch {_listed(list(_counted(kinds)))}, by the "
        f"{'rule' if len(watch.rules) == 1 else 'rules'} {_listed(watch.rules)}. From now on you "
        "hear of what gets worse, of what goes on, now and then, and of what is over."
        f"{unread if watch.unread else ''}"
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
