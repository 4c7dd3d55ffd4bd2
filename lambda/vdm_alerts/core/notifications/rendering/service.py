"""The text about findings: problems of VDM Alerts or of the SES account."""

from collections.abc import Iterator
from datetime import datetime

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.notifications.rendering.email import MAX_LISTED
from vdm_alerts.core.notifications.rendering.remediation import fix_text
from vdm_alerts.core.notifications.service_notification import ServiceNotification


def service_subject(notification: ServiceNotification) -> str:
    """Return the subject, uncut, without account and Region.

    The headline is the first new finding and the number of others, or the first fixed finding.
    """
    if notification.is_all_clear:
        return f"[OK] {all_clear(notification).removesuffix('.')}"
    if not notification.new:
        severity = notification.severity
        tag = f"{severity}, partly resolved" if severity else "OK"
        return f"[{tag}] No longer so: {notification.fixed[0].headline}"
    first, others = notification.findings[0], notification.count - 1
    tag = str(first.severity)
    if first.severity != notification.severity:
        tag = f"{notification.severity}, new {tag}"
    return f"[{tag}] {first.headline}{f', and {others} more' if others > 0 else ''}"


def service_text(notification: ServiceNotification, target: Target, now: datetime) -> str:
    """Return the body of the email about *notification*."""
    parts = [all_clear(notification)] if notification.is_all_clear else []
    for number, finding in enumerate(notification.findings[:MAX_LISTED], 1):
        if notification.new and number == len(notification.new) + 1:
            parts.append("Still so:")
        stop = "" if finding.fix else "."  # A copied command must not end with a period.
        details = "".join(f"\n{line}" for line in _detail_lines(finding))
        parts.append(
            f"{number}. {sentence(finding)}{details}\n   {fix_text(finding, target)}{stop}"
        )
    if len(notification.findings) > MAX_LISTED:
        parts.append(f"And {notification.count - MAX_LISTED:,} more.")
    parts += [*notes(notification), f"{target}, {format_time(now)}."]
    return "\n\n".join(parts) + "\n"


def notes(notification: ServiceNotification) -> Iterator[str]:
    """Yield a warning if monitoring is incomplete, and the fixed findings."""
    if any(finding.blocks_monitoring for finding in notification.findings):
        yield (
            "Until that is mended VDM Alerts cannot do all of its work, and its silence does not "
            "mean that all is well."
        )
    if notification.fixed:
        yield "\n".join(["No longer so:", *_fixed_lines(notification)])


def sentence(finding: Finding) -> str:
    """Return the headline with one period, also after quoted AWS text."""
    return f"{finding.headline.removesuffix('.')}."


def all_clear(notification: ServiceNotification) -> str:
    """Return the all-clear, which must not hide that an alert is firing."""
    is_rate_open = notification.has_open_alerts
    return "All else is in order again." if is_rate_open else "All is in order again."


def _detail_lines(finding: Finding) -> Iterator[str]:
    lines = finding.details.splitlines()
    yield from lines[:MAX_LISTED]
    if (omitted := len(lines) - MAX_LISTED) > 0:
        yield f"  and {omitted:,} more"
    if lines:
        yield ""


def _fixed_lines(notification: ServiceNotification) -> Iterator[str]:
    for finding in notification.fixed[:MAX_LISTED]:
        yield f"  {sentence(finding)}"
    if (omitted := len(notification.fixed) - MAX_LISTED) > 0:
        yield f"  and {omitted:,} more"
