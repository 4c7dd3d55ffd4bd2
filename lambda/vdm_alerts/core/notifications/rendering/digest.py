"""The content of a notification about several incidents: a digest, or the first summary."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from vdm_alerts.core.evaluation.explanation import counts_phrase
from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.account import SesPlan
from vdm_alerts.core.model.metrics import Dimension, Kind
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.model.wording import count_of, enumeration, number_of
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import MAX_MESSAGES, Digest
from vdm_alerts.core.notifications.rendering import incident as one_incident
from vdm_alerts.core.notifications.rendering import subjects
from vdm_alerts.core.notifications.rendering.content import Content, fitting
from vdm_alerts.core.notifications.rendering.incident import MAX_LISTED
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.opening import opening
from vdm_alerts.core.notifications.rendering.steps import incident_steps
from vdm_alerts.core.observations.coverage import Coverage

_MAX_SCOPES_PER_INCIDENT = 5
"""Scopes in the paragraph of one incident; the rest are counted."""

MAX_INCIDENTS_SIZE = 24_000
"""Bytes of the incidents in the text; the rest are counted."""

RUNS_PER_MONTH = 730
"""Runs in a month, with one run an hour."""

_PRICES: Mapping[SesPlan | None, str] = {
    SesPlan.ESSENTIALS: "Your SES plan, Essentials, includes queries.",
    SesPlan.PRO: "Your SES plan is Pro; AWS publishes no price of queries for it.",
    SesPlan.ENTERPRISE: "Your SES plan is Enterprise; AWS publishes no price of queries for it.",
    SesPlan.NONE: "Your SES account has no plan, so SES might charge for queries. AWS publishes no "
    "price.",
    None: "The plan of your SES account is unknown. Without a plan, SES might charge for queries. "
    "AWS publishes no price.",
}
"""What each plan says about the price of queries.

Source: https://aws.amazon.com/ses/pricing/ and the announcement of the plans on 2026-07-21.
"""


def digest_content(digest: Digest, links: Links, now: datetime) -> Content:
    """Return the content of a digest or of the first summary."""
    worst = digest.incidents[0] if digest.incidents and digest.incidents[0].severity else None
    name = "Summary" if digest.coverage else f"Digest {digest.id.removeprefix('digest-')}"
    return Content(
        headline=digest_subject(digest),
        paragraphs=tuple(_paragraphs(digest)),
        entries=tuple(_entries(digest, now)),
        steps_title=(
            "What to do:" if len(digest.incidents) == 1 else "What to do about the first incident:"
        ),
        steps=incident_steps(worst, links) if worst else (),
        background=(_queries_paragraph(digest.coverage),) if digest.coverage else (),
        links=(links.messages, links.for_indicator(worst.indicator)) if worst else (),
        reference=(
            f"{links.target}. Run {format_time(now)}. {name}, notification {digest.sequence}.",
        ),
    )


def digest_subject(digest: Digest) -> str:
    """Return the subject, uncut, without account and Region."""
    if digest.coverage is None:
        return _subject_of_more(digest)
    tag, status = _summary_status(digest, digest.coverage)
    return f"[{tag}] VDM Alerts is monitoring: {status}"


def _subject_of_more(digest: Digest) -> str:
    number = number_of("more incident", len(digest.incidents))
    if digest.severity is None:
        tag = "CLOSED" if any(incident.is_unproven for incident in digest.incidents) else "RESOLVED"
        return f"[{tag}] {number} ended: {_ends(digest.incidents)}"
    worst = subjects.short_phrase(digest.incidents[0])
    return f"[{digest.severity}] {number}; worst: {worst}"


def _ends(incidents: Sequence[IncidentNotification]) -> str:
    """Return how many *incidents* were resolved, and how many were closed without proof."""
    closed = sum(incident.is_unproven for incident in incidents)
    resolved = len(incidents) - closed
    counts = [(resolved, "resolved"), (closed, "closed")]
    return ", ".join(f"{count:,} {how}" for count, how in counts if count)


def _summary_status(summary: Digest, coverage: Coverage) -> tuple[str, str]:
    """Return the tag of a summary, and what it has found. It is OK only if nothing is open."""
    if summary.incidents:
        number = number_of("incident", len(summary.incidents))
        return str(summary.severity), f"{number} already open"
    if summary.silenced_alerts:
        verb = "is" if summary.silenced_alerts == 1 else "are"
        alerts = number_of("silenced alert", summary.silenced_alerts)
        return str(summary.severity), f"{alerts} {verb} open"
    if coverage.unreadable:
        rates = f"{coverage.unreadable:,} of {number_of('rate', coverage.rates)}"
        return str(summary.severity), f"{rates} not readable yet"
    return "OK", "no rate is above its threshold"


def _paragraphs(digest: Digest) -> Iterator[str]:
    """Yield what a summary has found and what it covers; or why there is a digest."""
    if digest.coverage:
        yield from _status_paragraphs(digest, digest.coverage)
        yield _coverage_paragraph(digest.coverage)
    else:
        order = ", worst first" if digest.severity else ""
        yield (
            f"More incidents are due than fit into {MAX_MESSAGES} notifications. These are the "
            f"remaining {len(digest.incidents):,}{order}."
        )


def _entries(digest: Digest, now: datetime) -> Iterator[str]:
    """Yield the incidents that fit into an email, and the number of the others."""
    texts = (
        "\n   ".join(_incident_lines(number, incident, now))
        for number, incident in enumerate(digest.incidents[:MAX_LISTED], 1)
    )
    entries = fitting(texts, MAX_INCIDENTS_SIZE, lambda text: len(text.encode()))
    yield from entries
    if (omitted := len(digest.incidents) - len(entries)) > 0:
        yield f"And {omitted:,} more."


def _incident_lines(number: int, incident: IncidentNotification, now: datetime) -> Iterator[str]:
    """Yield the lines about one incident."""
    yield f"{number}. {subjects.incident_subject(incident)}"
    evidence = None if incident.primary.ses_rate else incident.primary.evidence
    if isinstance(incident.primary.verdict, Breached) and evidence and not incident.provider:
        yield f"Data: {counts_phrase(evidence, incident.indicator)}."
    else:
        yield opening(incident, now)
    yield from one_incident.contributor_paragraph(incident)
    for listing in one_incident.other_scopes(incident, _MAX_SCOPES_PER_INCIDENT):
        yield listing.title
        yield from (f"- {item}" for item in listing.items)
    if not incident.has_history:
        yield one_incident.history_warning(incident)
    yield f"Incident {incident.id}, notification {incident.sequence}."


def _coverage_paragraph(coverage: Coverage) -> str:
    kinds = sorted(coverage.scopes.items(), key=lambda item: _kind_order(item[0]))
    rules = "rule" if len(coverage.rules) == 1 else "rules"
    return (
        f"VDM Alerts now monitors {enumeration(list(_scope_counts(kinds)))}, with the {rules} "
        f"{enumeration(coverage.rules)}. You get a notification when a rate crosses a threshold, "
        "gets worse, or is resolved, and reminders while an alert is open."
    )


def _status_paragraphs(summary: Digest, coverage: Coverage) -> Iterator[str]:
    """Yield what the first run has found, the worst first."""
    if summary.incidents:
        verb = "is" if len(summary.incidents) == 1 else "are"
        number = number_of("incident", len(summary.incidents))
        yield f"{number} {verb} already open, as listed below."
    if summary.silenced_alerts:
        alerts = number_of("open alert", summary.silenced_alerts)
        them = "it" if summary.silenced_alerts == 1 else "them"
        yield f"Silences mute {alerts}. You get no notification about {them} until they end."
    elif not summary.incidents and not coverage.unreadable:
        yield "No rate is above its threshold with the confidence that the rules require."
    if coverage.unreadable:
        yield (
            f"{coverage.unreadable:,} of {number_of('rate', coverage.rates)} could not be read "
            "yet, so they are unknown. VDM Alerts reads them again at the next runs."
        )


def _queries_paragraph(coverage: Coverage) -> str:
    """Return the number of queries, and what is known about their price."""
    return (
        f"Cost: this run made {coverage.queries:,} queries of VDM. With one run an hour, that is "
        f"about {coverage.queries * RUNS_PER_MONTH:,} a month. {_PRICES[coverage.plan]} To limit "
        "them, deploy with the context key queriesPerDay."
    )


def _scope_counts(kinds: Sequence[tuple[Kind, int]]) -> Iterator[str]:
    """Yield the number of scopes of each kind, such as "2 identities"."""
    for kind, count in kinds:
        yield count_of(kind, count) if kind else "the account"


def _kind_order(kind: Kind) -> tuple[int, ...]:
    """Return a sort key: account, senders, providers, combinations."""
    dimensions = list(Dimension)
    return (len(kind), *(dimensions.index(dimension) for dimension in kind))
