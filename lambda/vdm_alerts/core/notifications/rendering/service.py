"""The content of a notification about findings: problems of VDM Alerts or of the SES account."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.model.wording import number_of
from vdm_alerts.core.notifications.rendering.commands import fix_step
from vdm_alerts.core.notifications.rendering.content import Content, Link, fitting, listed
from vdm_alerts.core.notifications.rendering.incident import MAX_LISTED
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.service_notification import ServiceNotification

MAX_FINDINGS_SIZE = 24_000
"""Bytes of the findings in the text; the rest are counted."""


def service_content(notification: ServiceNotification, links: Links, now: datetime) -> Content:
    """Return the content of a notification about findings."""
    fixed = [sentence(finding) for finding in notification.fixed[:MAX_LISTED]]
    return Content(
        headline=service_subject(notification),
        paragraphs=tuple(_paragraphs(notification)),
        entries=tuple(_entries(notification, links)),
        listings=listed("Fixed:", fixed, len(notification.fixed)),
        links=tuple(_links(notification, links)),
        reference=(_reference(notification, links, now),),
    )


def _links(notification: ServiceNotification, links: Links) -> Iterator[Link]:
    if any(finding.source is FindingSource.ACCOUNT for finding in notification.findings):
        yield links.account
    if notification.findings:
        yield links.for_service()


def _reference(notification: ServiceNotification, links: Links, now: datetime) -> str:
    run = f"{links.target}. Run {format_time(now)}."
    return f"{run} Service notification {notification.sequence}."


def service_subject(notification: ServiceNotification) -> str:
    """Return the subject, uncut, without account and Region.

    The headline is the first new finding and the number of others, or how many are fixed.
    """
    fixed, still_open = len(notification.fixed), notification.count
    if not notification.findings:
        is_clear = notification.is_all_clear and not notification.has_open_alerts
        tag = "OK" if is_clear else "RESOLVED"
        return f"[{tag}] VDM Alerts: {number_of('problem', fixed)} fixed"
    tag = str(notification.severity)
    if not notification.new:
        problems = number_of("problem", fixed)
        return f"[{tag}] VDM Alerts: {problems} fixed, {still_open:,} still open"
    first, others = notification.findings[0], still_open - 1
    is_milder = first.severity != notification.severity
    headline = f"New problem: {first.headline}" if is_milder else first.headline
    more = f", and {number_of('more problem', others)}" if others > 0 else ""
    return f"[{tag}] {headline}{more}"


def _paragraphs(notification: ServiceNotification) -> Iterator[str]:
    if not notification.findings:
        yield closing_sentence(notification)
        return
    yield from coverage_warning(notification)
    yield _overview(notification)


def _overview(notification: ServiceNotification) -> str:
    """Return how many problems are new, fixed and still open."""
    new, fixed = len(notification.new), len(notification.fixed)
    counts = {"new": new, "fixed": fixed, "still open": notification.count - new}
    return (
        f"Problems: {', '.join(f'{count:,} {state}' for state, count in counts.items() if count)}."
    )


def _entries(notification: ServiceNotification, links: Links) -> Iterator[str]:
    """Yield the findings that fit into an email, and the number of the others."""
    texts = (
        "\n".join(_finding_lines(number, finding, links))
        for number, finding in enumerate(notification.findings[:MAX_LISTED], 1)
    )
    listed_texts = fitting(texts, MAX_FINDINGS_SIZE, lambda text: len(text.encode()))
    for number, text in enumerate(listed_texts, 1):
        if notification.new and number == len(notification.new) + 1:
            yield "Still open:"
        yield text
    if (omitted := notification.count - len(listed_texts)) > 0:
        yield f"And {omitted:,} more."


def _finding_lines(number: int, finding: Finding, links: Links) -> Iterator[str]:
    """Yield the problem, its details, its effect and its fix, one line each."""
    yield f"{number}. {sentence(finding)}"
    details = finding.details.splitlines()
    yield from (f"     {line.removeprefix('  ')}" for line in details[:MAX_LISTED])
    if (omitted := len(details) - MAX_LISTED) > 0:
        yield f"     and {omitted:,} more"
    if finding.effect:
        yield f"   Effect: {finding.effect}."
    fix, *others = fix_step(finding, links).lines
    yield f"   Fix: {fix}"
    yield from (f"     {line}" for line in others)


def coverage_warning(notification: ServiceNotification) -> Iterator[str]:
    """Yield a warning if some email is not monitored because of a finding."""
    blocking = [finding.blocks_monitoring for finding in notification.findings]
    numbers = [number for number, blocks in enumerate(blocking[:MAX_LISTED], 1) if blocks]
    unlisted = sum(blocking[MAX_LISTED:])
    if numbers:
        problems = "problem" if len(numbers) == 1 else "problems"
        verb = "is" if len(numbers) + unlisted == 1 else "are"
        others = f", and {unlisted:,} more," if unlisted else ""
        yield (
            f"Not everything is monitored until {problems} {_ranges(numbers)}{others} {verb} "
            "fixed: a missing alert does not mean that all rates are normal."
        )


def _ranges(numbers: Sequence[int]) -> str:
    """Return *numbers*, which ascend, with those in a row as a range: "1 to 3, 5"."""
    groups = [[*group] for _, group in groupby(enumerate(numbers), lambda each: each[1] - each[0])]
    runs = [[number for _, number in group] for group in groups]
    return ", ".join(f"{run[0]} to {run[-1]}" if run[1:] else f"{run[0]}" for run in runs)


def closing_sentence(notification: ServiceNotification) -> str:
    """Return what is known after all findings are fixed. It must not hide an open alert."""
    if not notification.is_all_clear:
        return "All reported problems are fixed. VDM Alerts could not check everything in this run."
    if notification.has_open_alerts:
        return "All reported problems are fixed. Alerts about rates are still open."
    return "All reported problems are fixed, and no alert is open."


def sentence(finding: Finding) -> str:
    """Return the headline with one period, also after quoted AWS text."""
    return f"{finding.headline.removesuffix('.')}."
