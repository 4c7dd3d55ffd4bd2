"""The sentences of a message about what is wrong beside the rates."""

from collections.abc import Iterator
from datetime import datetime

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.notifications.notification import ServiceNotification
from vdm_alerts.core.notifications.rendering.email import MAX_LISTED
from vdm_alerts.core.notifications.rendering.remediation import fix_text


def subject(trouble: ServiceNotification) -> str:
    """Return the worst of what is wrong in one line, and how much else is."""
    if trouble.is_all_clear:
        return f"[OK] {all_clear(trouble).removesuffix('.')}"
    if not trouble.new:
        better = f"{trouble.severity}, partly resolved" if trouble.severity else "OK"
        return f"[{better}] No longer so: {trouble.fixed[0].headline}"
    worst, *more = trouble.findings
    weight = str(worst.severity)
    if worst.severity != trouble.severity:
        weight = f"{trouble.severity}, new {weight}"
    return f"[{weight}] {worst.headline}{f', and {len(more)} more' if more else ''}"


def text(trouble: ServiceNotification, target: Target, now: datetime) -> str:
    """Return the whole e-mail about what is wrong beside the rates."""
    parts = [all_clear(trouble)] if trouble.is_all_clear else []
    for number, finding in enumerate(trouble.findings[:MAX_LISTED], 1):
        if trouble.new and number == len(trouble.new) + 1:
            parts.append("Still so:")
        stop = "" if finding.fix else "."
        details = "".join(f"\n{line}" for line in _details(finding))
        parts.append(
            f"{number}. {sentence(finding)}{details}\n   {fix_text(finding, target)}{stop}"
        )
    if (more := len(trouble.findings) - MAX_LISTED) > 0:
        parts.append(f"And {more:,} more.")
    parts += [*notes(trouble), f"{target}, {format_time(now)}."]
    return "\n\n".join(parts) + "\n"


def notes(trouble: ServiceNotification) -> Iterator[str]:
    """Yield a paragraph on what is so no longer, and what silence means meanwhile."""
    if any(finding.blocks_monitoring for finding in trouble.findings):
        yield (
            "Until that is mended VDM Alerts cannot do all of its work, and its silence does not "
            "mean that all is well."
        )
    if trouble.fixed:
        yield "\n".join(["No longer so:", *_gone(trouble)])


def _details(finding: Finding) -> Iterator[str]:
    lines = finding.details.splitlines()
    yield from lines[:MAX_LISTED]
    if (more := len(lines) - MAX_LISTED) > 0:
        yield f"  and {more:,} more"
    if lines:
        yield ""


def _gone(trouble: ServiceNotification) -> Iterator[str]:
    for finding in trouble.fixed[:MAX_LISTED]:
        yield f"  {sentence(finding)}"
    if (more := len(trouble.fixed) - MAX_LISTED) > 0:
        yield f"  and {more:,} more"


def sentence(finding: Finding) -> str:
    """Return what happened, with one full stop; the words may be AWS's, and have one."""
    return f"{finding.headline.removesuffix('.')}."


def all_clear(trouble: ServiceNotification) -> str:
    """Return that nothing is wrong any more, unless it is a rate."""
    return "All else is in order again." if trouble.has_open_alerts else "All is in order again."
