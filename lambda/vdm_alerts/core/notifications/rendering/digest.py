"""The text about several incidents: a digest, or the first summary."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from vdm_alerts.core.model.account import SesPlan
from vdm_alerts.core.model.metrics import Dimension, Kind
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.model.wording import count_of
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest
from vdm_alerts.core.notifications.rendering import email, subjects
from vdm_alerts.core.notifications.rendering.email import MAX_LISTED
from vdm_alerts.core.observations.coverage import Coverage

_MAX_SCOPES_PER_INCIDENT = 5
"""Scopes in the paragraph of one incident; the rest are counted."""

RUNS_PER_MONTH = 730
"""Runs in a month, with one run an hour."""

_PRICES: Mapping[SesPlan | None, str] = {
    SesPlan.ESSENTIALS: "Your SES plan, Essentials, includes queries.",
    SesPlan.PRO: "Your SES plan is Pro; AWS publishes no price of queries for it.",
    SesPlan.ENTERPRISE: "Your SES plan is Enterprise; AWS publishes no price of queries for it.",
    SesPlan.NONE: "Your SES account has no plan, so SES may charge for queries; AWS publishes no "
    "price.",
    None: "The plan of your SES account is unknown. Without a plan, SES may charge for queries; "
    "AWS publishes no price.",
}
"""What each plan says about the price of queries.

Source: https://aws.amazon.com/ses/pricing/ and the announcement of the plans on 2026-07-21.
"""


def digest_subject(digest: Digest) -> str:
    """Return the subject, uncut, without account and Region."""
    tag = "ENDED" if digest.is_unproven else str(digest.severity or "OK")
    count = len(digest.incidents)
    if digest.coverage is None:
        return f"[{tag}] {count} more: {subjects.incident_headline(digest.incidents[0])}, ..."
    if not digest.incidents:
        status = (
            "there is nothing else to tell"
            if digest.has_open_alerts
            else "nothing is beyond a threshold"
        )
        return f"[{tag}] VDM Alerts is watching, and {status}"
    if count == 1:
        headline = subjects.incident_headline(digest.incidents[0])
        return f"[{tag}] VDM Alerts is watching: {headline}"
    return f"[{tag}] VDM Alerts is watching: {count} incidents at first sight"


def digest_text(digest: Digest, target: Target, now: datetime) -> str:
    """Return the body of the email about *digest*."""
    parts = paragraphs(digest)
    if digest.severity:
        steps = email.remediation_steps(digest.incidents[0], target)
        numbered = (f"  {number}. {step}" for number, step in enumerate(steps, 1))
        parts.append("\n".join(["What to do about the first:", *numbered]))
    parts.append(
        f"{target}, {format_time(now)}.\n{digest.id.capitalize()}, message {digest.sequence}."
    )
    return "\n\n".join(parts) + "\n"


def paragraphs(digest: Digest) -> list[str]:
    """Return a paragraph per incident; in a summary the coverage first."""
    coverage = []
    if digest.coverage:
        coverage = [_coverage_paragraph(digest.coverage), _queries_paragraph(digest.coverage)]
    if digest.coverage and not digest.incidents:
        coverage.append(_nothing_found(digest))
    omitted = len(digest.incidents) - MAX_LISTED
    return [
        *coverage,
        *map(_incident_paragraph, digest.incidents[:MAX_LISTED]),
        *([f"And {omitted:,} more."] if omitted > 0 else []),
    ]


def _nothing_found(summary: Digest) -> str:
    """Return the sentence of a summary without incidents."""
    if summary.has_open_alerts:
        return "Nothing else is beyond a threshold than what you were told of or silenced."
    return "Nothing is beyond a threshold, as far as one can be sure of it."


def _incident_paragraph(incident: IncidentNotification) -> str:
    lines = [
        subjects.incident_subject(incident),
        email.verdict_sentence(incident),
        *email.contributor_paragraph(incident),
        *email.other_scopes(incident, _MAX_SCOPES_PER_INCIDENT),
        f"Incident {incident.id}, message {incident.sequence}.",
    ]
    return "\n".join(lines)


def _coverage_paragraph(coverage: Coverage) -> str:
    kinds = sorted(coverage.scopes.items(), key=lambda item: _kind_order(item[0]))
    unreadable = (
        f" {coverage.unreadable:,} of {coverage.rates:,} rates could not be read yet."
        if coverage.unreadable
        else ""
    )
    return (
        f"VDM Alerts has begun to watch {_enumeration(list(_scope_counts(kinds)))}, by the "
        f"{'rule' if len(coverage.rules) == 1 else 'rules'} {_enumeration(coverage.rules)}. "
        "From now on you hear of what gets worse, of what goes on, now and then, and of what is "
        f"over.{unreadable}"
    )


def _queries_paragraph(coverage: Coverage) -> str:
    """Return the number of queries, and what is known about their price."""
    price = _PRICES[coverage.plan]
    return (
        f"This run made {coverage.queries:,} queries of VDM. With one run an hour, that is about "
        f"{coverage.queries * RUNS_PER_MONTH:,} a month. {price} The context key queriesPerDay "
        "limits them."
    )


def _scope_counts(kinds: Sequence[tuple[Kind, int]]) -> Iterator[str]:
    """Yield the number of scopes of each kind, such as "2 identities"."""
    for kind, count in kinds:
        if not kind:
            yield "the account"
            continue
        yield count_of(kind, count)


def _kind_order(kind: Kind) -> tuple[int, ...]:
    """Return a sort key: account, senders, providers, combinations."""
    dimensions = list(Dimension)
    return (len(kind), *(dimensions.index(dimension) for dimension in kind))


def _enumeration(names: Sequence[str]) -> str:
    """Return *names* as a sentence lists them, such as "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
