"""The content of a notification about several targets of a fleet."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import FLEET, Target
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.model.wording import WORDING, number_of
from vdm_alerts.core.notifications.fleet import FleetDigest, TargetNotification, Topic
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest
from vdm_alerts.core.notifications.rendering.commands import fix_step
from vdm_alerts.core.notifications.rendering.content import Content, Link, Listing, fitting
from vdm_alerts.core.notifications.rendering.digest import digest_subject
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.opening import opening
from vdm_alerts.core.notifications.rendering.service import sentence, service_subject
from vdm_alerts.core.notifications.rendering.subjects import incident_subject
from vdm_alerts.core.notifications.rendering.weekly import weekly_subject
from vdm_alerts.core.notifications.service_notification import ServiceNotification
from vdm_alerts.core.notifications.weekly_summary import WeeklySummary

MAX_ENTRIES_SIZE = 24_000
"""Bytes of the entries in the text. The targets of the others are only named."""
MAX_NAMED = 20
"""Targets that one problem names in the text; the rest are counted, and named below."""


def fleet_content(digest: FleetDigest, links: Links, now: datetime) -> Content:
    """Return the content of *digest*. *links* are those of the hub."""
    entries, named = _entries(digest, now)
    others = [target for target in digest.targets if target not in named]
    listings = [Listing("Also affected:", tuple(map(target_name, others)))] if others else []
    return Content(
        headline=fleet_subject(digest),
        paragraphs=(_overview(digest),),
        entries=tuple(entries),
        listings=tuple(listings),
        links=tuple(_links(digest, links)),
        reference=(
            f"{links.target}. Execution {format_time(now)}. Fleet notification {digest.id}.",
        ),
    )


def fleet_subject(digest: FleetDigest) -> str:
    """Return the subject, uncut, without account and Region."""
    targets = number_of("target", len(digest.targets))
    return f"[{tag_of(digest.severity)}] {_phrase(digest)} in {targets}"


def target_name(target: Target) -> str:
    """Return the alias, account and Region of *target*, such as "shop, 111111111111 eu-west-1"."""
    if target.account == FLEET:
        return "the fleet"
    alias = f"{escape_invisible(target.alias)}, " if target.alias else ""
    return f"{alias}{target.account} {target.region}"


def headline_of(part: TargetNotification) -> str:
    """Return the subject of *part*, uncut, without account and Region."""
    match part.notification:
        case IncidentNotification() as incident:
            return incident_subject(incident)
        case Digest() as digest:
            return digest_subject(digest)
        case ServiceNotification() as service:
            return service_subject(service)
        case WeeklySummary() as summary:
            return weekly_subject(summary)


def tag_of(severity: Severity | None) -> str:
    """Return *severity* in words; OK if nothing is wrong."""
    return str(severity) if severity else "OK"


def _phrase(digest: FleetDigest) -> str:
    match digest.topic:
        case Topic.PROVIDER:
            noun = WORDING[digest.indicator].noun if digest.indicator else "rate"
            return f"{noun[0].upper()}{noun[1:]} at {digest.provider}"
        case Topic.SUMMARY:
            return "VDM Alerts is monitoring: first summary"
        case Topic.WEEKLY:
            return "Weekly summary"
        case Topic.SERVICE:
            return _service_phrase(digest)
        case Topic.OTHERS:
            return number_of("more notification", len(digest.parts))


def _service_phrase(digest: FleetDigest) -> str:
    problems = list(_problems(digest))
    if not problems:
        return "VDM Alerts: problems fixed"
    others = f", and {number_of('more problem', len(problems) - 1)}" if len(problems) > 1 else ""
    return f"{problems[0].headline}{others}"


def _overview(digest: FleetDigest) -> str:
    """Return why these targets are in one notification."""
    match digest.topic:
        case Topic.PROVIDER:
            return (
                f"The same rate changed at {digest.provider} in "
                f"{number_of('target', len(digest.targets))}, so the cause is probably there: a "
                "change at the mailbox provider, or something that these accounts share, such as "
                "an IP pool or a list of recipients."
            )
        case Topic.SUMMARY:
            return (
                f"VDM Alerts now monitors {number_of('more target', len(digest.targets))} of your "
                "fleet. You get a notification when a rate crosses a threshold, gets worse, or is "
                "resolved, and reminders while an alert is open."
            )
        case Topic.WEEKLY:
            return "This is the week of each target, those with problems first."
        case Topic.SERVICE:
            return "These problems are new or fixed. Each names its targets."
        case Topic.OTHERS:
            return (
                "More notifications are due than VDM Alerts sends in an hour. These are the "
                f"remaining {len(digest.parts):,}, the worst first."
            )


def _entries(digest: FleetDigest, now: datetime) -> tuple[Sequence[str], set[Target]]:
    """Return the entries that fit, and the targets that they name."""
    if digest.topic is Topic.SERVICE:
        found = list(_service_entries(digest))
    else:
        found = [
            ("\n   ".join(_part_lines(number, part, now)), {part.target})
            for number, part in enumerate(digest.parts, 1)
        ]
    shown = fitting(found, MAX_ENTRIES_SIZE, lambda entry: len(entry[0].encode()))
    named = {target for _, targets in shown for target in targets}
    return [text for text, _ in shown], named


def _part_lines(number: int, part: TargetNotification, now: datetime) -> Iterator[str]:
    """Yield the lines about one target."""
    yield f"{number}. {target_name(part.target)}: {headline_of(part)}"
    match part.notification:
        case IncidentNotification() as incident:
            yield opening(incident, now)
            yield f"Incident {incident.id}, notification {incident.sequence}."
        case Digest(incidents=incidents):
            yield from (f"- {incident_subject(incident)}" for incident in incidents)
        case ServiceNotification(findings=findings):
            yield from (f"- {sentence(finding)}" for finding in findings)
        case WeeklySummary():
            pass


def _service_entries(digest: FleetDigest) -> Iterator[tuple[str, set[Target]]]:
    """Yield each problem with its targets, those that are new first, and what is fixed."""
    for number, (finding, targets) in enumerate(_by_finding(digest, fixed=False).items(), 1):
        fix, *others = fix_step(finding, targets[0]).lines
        lines = [
            f"{number}. {sentence(finding)}",
            f"   {number_of('target', len(targets))}: {_names(targets)}",
            *([f"   Effect: {finding.effect}."] if finding.effect else []),
            f"   Fix: {fix}",
            *(f"     {line}" for line in others),
        ]
        yield "\n".join(lines), set(targets[:MAX_NAMED])
    for finding, targets in _by_finding(digest, fixed=True).items():
        yield f"Fixed: {sentence(finding)} {_names(targets)}", set(targets[:MAX_NAMED])


def _names(targets: Sequence[Target]) -> str:
    """Return the names of the first *targets*, and the number of the others."""
    names = "; ".join(map(target_name, targets[:MAX_NAMED]))
    others = len(targets) - MAX_NAMED
    return f"{names}; and {others:,} more" if others > 0 else names


def _by_finding(digest: FleetDigest, *, fixed: bool) -> dict[Finding, Sequence[Target]]:
    """Return the targets of each finding that is open, or *fixed*; the most frequent first."""
    groups: defaultdict[Finding, list[Target]] = defaultdict(list)
    for part in digest.parts:
        if isinstance(part.notification, ServiceNotification):
            findings = part.notification.fixed if fixed else part.notification.findings
            for finding in findings:
                groups[finding].append(part.target)
    ordered = sorted(groups, key=lambda finding: (-finding.severity, -len(groups[finding])))
    return {finding: groups[finding] for finding in ordered}


def _problems(digest: FleetDigest) -> Sequence[Finding]:
    return list(_by_finding(digest, fixed=False))


def _links(digest: FleetDigest, links: Links) -> Iterator[Link]:
    if digest.indicator:
        yield links.for_indicator(digest.indicator)
    elif digest.topic is Topic.SERVICE:
        yield links.for_service()
