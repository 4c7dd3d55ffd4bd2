"""The content of a notification about several targets of a fleet."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.rates import percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import FLEET, Target
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.model.wording import WORDING, number_of
from vdm_alerts.core.notifications.fleet import (
    MAX_MESSAGES_PER_HOUR,
    FleetDigest,
    TargetNotification,
    Topic,
)
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest
from vdm_alerts.core.notifications.rendering.commands import fix_step, is_in_ses
from vdm_alerts.core.notifications.rendering.content import (
    Content,
    Link,
    Step,
    fitting,
    listed,
)
from vdm_alerts.core.notifications.rendering.digest import digest_subject
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.sentences import capitalized
from vdm_alerts.core.notifications.rendering.service import sentence, service_subject
from vdm_alerts.core.notifications.rendering.steps import incident_steps
from vdm_alerts.core.notifications.rendering.subjects import incident_subject
from vdm_alerts.core.notifications.rendering.weekly import weekly_subject
from vdm_alerts.core.notifications.rendering.weekly_tables import rate_of_week
from vdm_alerts.core.notifications.service_notification import ServiceNotification
from vdm_alerts.core.notifications.weekly_summary import WeeklySummary

MAX_ENTRIES_SIZE = 24_000
"""Bytes of the entries in the text. The targets of the others are only named."""
MAX_NAMED = 20
"""Targets that one problem names in the text; the rest are counted, and named below."""


def fleet_content(digest: FleetDigest, links: Links, now: datetime) -> Content:
    """Return the content of *digest*. *links* are those of the hub."""
    entries, named = _entries(digest, links)
    others = [target for target in digest.targets if target not in named]
    worst = _worst_incident(digest)
    return Content(
        headline=fleet_subject(digest),
        paragraphs=(_overview(digest),),
        entries=tuple(entries),
        steps_title=_steps_title(worst),
        steps=_steps(worst),
        listings=listed("Also affected:", [target_name(each) for each in others], len(others)),
        links=tuple(_links(digest, links)),
        reference=(
            f"Hub: {links.target}. Execution {format_time(now)}. Fleet notification {digest.id}.",
        ),
    )


def fleet_subject(digest: FleetDigest) -> str:
    """Return the subject, uncut, without account and Region."""
    return f"[{_tag(digest)}] {_phrase(digest)}"


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


def _tag(digest: FleetDigest) -> str:
    """Return the text in brackets: the severity, or that incidents have ended."""
    has_incidents = any(
        isinstance(part.notification, IncidentNotification) for part in digest.parts
    )
    return "RESOLVED" if has_incidents and digest.severity is None else tag_of(digest.severity)


def tag_of(severity: Severity | None) -> str:
    """Return *severity* in words; OK if nothing is wrong."""
    return str(severity) if severity else "OK"


def _phrase(digest: FleetDigest) -> str:
    targets = number_of("target", len(digest.targets))
    match digest.topic:
        case Topic.PROVIDER:
            return f"{capitalized(_noun(digest))} {_range(digest)}at {digest.provider}: {targets}"
        case Topic.SUMMARY:
            return f"VDM Alerts is monitoring {targets}: {_open_incidents(digest)}"
        case Topic.WEEKLY:
            return f"Weekly summary of {targets}: {_weeks_phrase(digest)}"
        case Topic.SERVICE:
            return f"{_service_phrase(digest)}: {targets}"
        case Topic.OTHERS:
            return f"{number_of('more notification', len(digest.parts))}: {targets}"


def _noun(digest: FleetDigest) -> str:
    return WORDING[digest.indicator].noun if digest.indicator else "rate"


def _range(digest: FleetDigest) -> str:
    """Return the lowest and the highest rate of the targets, such as "6% to 20% ", or nothing."""
    rates = [
        incident.provider.rate.value if incident.provider else incident.primary.value
        for part in digest.parts
        if isinstance(incident := part.notification, IncidentNotification)
    ]
    known = [rate for rate in rates if rate is not None]
    if not known or digest.severity is None:
        return ""
    low, high = percent(min(known)), percent(max(known))
    return f"{low} " if low == high else f"{low} to {high} "


def _open_incidents(digest: FleetDigest) -> str:
    """Return how many incidents the first summaries of *digest* have."""
    incidents = sum(
        len(part.notification.incidents)
        for part in digest.parts
        if isinstance(part.notification, Digest)
    )
    if incidents:
        return f"{number_of('incident', incidents)} already open"
    return (
        "no rate is above its threshold" if digest.severity is None else "not all is readable yet"
    )


def _weeks_phrase(digest: FleetDigest) -> str:
    """Return how many alerts and problems are open in the weekly summaries of *digest*."""
    weeks = [part.notification for part in digest.parts]
    summaries = [week for week in weeks if isinstance(week, WeeklySummary)]
    alerts = sum(len(week.open_alerts) for week in summaries)
    problems = sum(len(week.findings) for week in summaries)
    counts = [(alerts, "alert"), (problems, "problem")]
    phrases = [number_of(noun, count) for count, noun in counts if count]
    return f"{' and '.join(phrases)} open" if phrases else "no alert is open"


def _service_phrase(digest: FleetDigest) -> str:
    problems = list(_by_finding(digest, fixed=False))
    if not problems:
        return "Problems fixed"
    others = f", and {number_of('more problem', len(problems) - 1)}" if len(problems) > 1 else ""
    return f"{problems[0].headline}{others}"


def _overview(digest: FleetDigest) -> str:
    """Return why these targets are in one notification."""
    targets = number_of("target", len(digest.targets))
    match digest.topic:
        case Topic.PROVIDER if digest.severity is None:
            return f"The {_noun(digest)} at {digest.provider} is in range again in {targets}."
        case Topic.PROVIDER:
            return (
                f"The {_noun(digest)} changed at {digest.provider} in {targets}, so the cause is "
                "probably common to them: the mailbox provider, or something that these accounts "
                "share, such as an IP pool, a domain, or a list of recipients."
            )
        case Topic.SUMMARY:
            return (
                f"VDM Alerts now monitors {targets} of your fleet. You get a notification when a "
                "rate crosses a threshold, gets worse, or is resolved, and reminders while an "
                "alert is open."
            )
        case Topic.WEEKLY:
            return "This is the week of each target, those with problems first."
        case Topic.SERVICE:
            return "These problems are new or fixed. Each of them names its targets."
        case Topic.OTHERS:
            return (
                f"VDM Alerts sends at most {MAX_MESSAGES_PER_HOUR} notifications an hour, and more "
                f"are due. These are the remaining {len(digest.parts):,}, the worst first."
            )


def _worst_incident(digest: FleetDigest) -> TargetNotification | None:
    """Return the first part, if that is an open incident."""
    first = digest.parts[0]
    is_open = isinstance(first.notification, IncidentNotification) and first.severity
    return first if is_open else None


def _steps_title(part: TargetNotification | None) -> str:
    if part is None:
        return ""
    return f"What to do in {target_name(part.target)}, with credentials of this account:"


def _steps(part: TargetNotification | None) -> tuple[Step, ...]:
    if part is None or not isinstance(part.notification, IncidentNotification):
        return ()
    return incident_steps(part.notification, Links(part.target))


def _entries(digest: FleetDigest, links: Links) -> tuple[Sequence[str], set[Target]]:
    """Return the entries that fit, and the targets that they name."""
    if digest.topic is Topic.SERVICE:
        found = list(_service_entries(digest, links))
    else:
        found = [
            ("\n   ".join(_part_lines(number, part)), {part.target})
            for number, part in enumerate(digest.parts, 1)
        ]
    shown = fitting(found, MAX_ENTRIES_SIZE, lambda entry: len(entry[0].encode()))
    named = {target for _, targets in shown for target in targets}
    return [text for text, _ in shown], named


def _part_lines(number: int, part: TargetNotification) -> Iterator[str]:
    """Yield the lines about one target."""
    yield f"{number}. {target_name(part.target)}: {headline_of(part)}"
    match part.notification:
        case IncidentNotification() as incident:
            yield f"Incident {incident.id}, notification {incident.sequence}."
        case Digest(incidents=incidents):
            yield from (f"- {incident_subject(incident)}" for incident in incidents)
        case ServiceNotification(findings=findings):
            yield from (f"- {sentence(finding)}" for finding in findings)
        case WeeklySummary() as summary:
            yield from _week_lines(summary)


def _week_lines(summary: WeeklySummary) -> Iterator[str]:
    """Yield the rates of the account in this week and the week before, and what is open."""
    rates = summary.figures.rates if summary.figures else ()
    if rates:
        yield ", ".join(
            f"{WORDING[rate.indicator].noun}: {rate_of_week(rate.this_week)} "
            f"({rate_of_week(rate.week_before)} the week before)"
            for rate in rates
        )
    yield from (f"- {sentence(finding)}" for finding in summary.findings)


def _service_entries(digest: FleetDigest, links: Links) -> Iterator[tuple[str, set[Target]]]:
    """Yield each problem with its targets, those that are new first, and what is fixed."""
    for number, (finding, targets) in enumerate(_by_finding(digest, fixed=False).items(), 1):
        names = _names(targets)
        fix, *others = fix_step(finding, replace(links, target=targets[0], hub=links.target)).lines
        if finding.fix and is_in_ses(finding.fix) and len(targets) > 1:
            others.append("The other targets need the same with their credentials and Regions.")
        lines = [
            f"{number}. {sentence(finding)}",
            *([f"   {number_of('target', len(targets))}: {names}"] if names else []),
            *([f"   Effect: {finding.effect}."] if finding.effect else []),
            f"   Fix: {fix}",
            *(f"     {line}" for line in others),
        ]
        yield "\n".join(lines), set(targets[:MAX_NAMED])
    for finding, targets in _by_finding(digest, fixed=True).items():
        yield f"Fixed: {sentence(finding)} {_names(targets)}".rstrip(), set(targets[:MAX_NAMED])


def _names(targets: Sequence[Target]) -> str:
    """Return the names of the first *targets*, and the number of the others; "" for the fleet."""
    if all(target.account == FLEET for target in targets):
        return ""
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


def _links(digest: FleetDigest, links: Links) -> Iterator[Link]:
    if digest.indicator:
        yield links.for_indicator(digest.indicator)
    elif digest.topic is Topic.SERVICE:
        yield links.for_service()
