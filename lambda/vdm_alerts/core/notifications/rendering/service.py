"""The sentences of a message about what is wrong beside the rates."""

from collections.abc import Iterator
from datetime import datetime

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.timefmt import stamp
from vdm_alerts.core.notifications.notification import Trouble
from vdm_alerts.core.notifications.rendering.email import MOST_SHOWN
from vdm_alerts.core.notifications.rendering.remediation import fix_text


def subject(trouble: Trouble) -> str:
    """Return the worst of what is wrong in one line, and how much else is."""
    if trouble.is_end:
        return f"[OK] {in_order(trouble).removesuffix('.')}"
    if not trouble.fresh:
        better = f"{trouble.severity}, partly resolved" if trouble.severity else "OK"
        return f"[{better}] No longer so: {trouble.gone[0].told}"
    worst, *more = trouble.findings
    weight = str(worst.severity)
    if worst.severity != trouble.severity:
        weight = f"{trouble.severity}, new {weight}"
    return f"[{weight}] {worst.told}{f', and {len(more)} more' if more else ''}"


def text(trouble: Trouble, origin: Target, now: datetime) -> str:
    """Return the whole e-mail about what is wrong beside the rates."""
    parts = [in_order(trouble)] if trouble.is_end else []
    for number, finding in enumerate(trouble.findings[:MOST_SHOWN], 1):
        if trouble.fresh and number == len(trouble.fresh) + 1:
            parts.append("Still so:")
        stop = "" if finding.fix else "."
        details = "".join(f"\n{line}" for line in _details(finding))
        parts.append(
            f"{number}. {sentence(finding)}{details}\n   {fix_text(finding, origin)}{stop}"
        )
    if (more := len(trouble.findings) - MOST_SHOWN) > 0:
        parts.append(f"And {more:,} more.")
    parts += [*beside(trouble), f"{origin}, {stamp(now)}."]
    return "\n\n".join(parts) + "\n"


def beside(trouble: Trouble) -> Iterator[str]:
    """Yield a paragraph on what is so no longer, and what silence means meanwhile."""
    if any(finding.hinders for finding in trouble.findings):
        yield (
            "Until that is mended VDM Alerts cannot do all of its work, and its silence does not "
            "mean that all is well."
        )
    if trouble.gone:
        yield "\n".join(["No longer so:", *_gone(trouble)])


def _details(finding: Finding) -> Iterator[str]:
    lines = finding.details.splitlines()
    yield from lines[:MOST_SHOWN]
    if (more := len(lines) - MOST_SHOWN) > 0:
        yield f"  and {more:,} more"
    if lines:
        yield ""


def _gone(trouble: Trouble) -> Iterator[str]:
    for finding in trouble.gone[:MOST_SHOWN]:
        yield f"  {sentence(finding)}"
    if (more := len(trouble.gone) - MOST_SHOWN) > 0:
        yield f"  and {more:,} more"


def sentence(finding: Finding) -> str:
    """Return what happened, with one full stop; the words may be AWS's, and have one."""
    return f"{finding.told.removesuffix('.')}."


def in_order(trouble: Trouble) -> str:
    """Return that nothing is wrong any more, unless it is a rate."""
    return "All else is in order again." if trouble.beside else "All is in order again."
