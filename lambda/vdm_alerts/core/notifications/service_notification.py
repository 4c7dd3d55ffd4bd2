"""The notification about findings: when it is due, and what it contains."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from vdm_alerts.core.alerts.sequence import SendAttempt, next_sequence
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.incidents import fingerprint_of

MAX_FINDINGS = 50
"""The findings of a notification. They are stored in one item, with those that are fixed."""
OMITTED = "findings"
"""The key of the finding that counts those beyond `MAX_FINDINGS`."""
SERVICE = "service"
"""The id of all service notifications of a target."""
FLEET_SERVICE = "fleet-service"
"""The id of those of a fleet. They name the hub, which can be a target, too."""


@dataclass(frozen=True, slots=True)
class ServiceNotification:
    """A notification about findings: problems other than a rate."""

    sequence: int
    """The number of the notification, from 1. A retry has the same number."""
    findings: tuple[Finding, ...]
    """The open findings, new ones first, each group the worst first. Empty if all are fixed."""
    fixed: tuple[Finding, ...] = ()
    """The notified findings that no longer exist."""
    unchecked: tuple[Finding, ...] = ()
    """The notified findings whose source is unreadable: they may still exist."""
    withdrawn: tuple[Finding, ...] = ()
    """The notified findings that ended without a fix, as one of `findings` says."""
    new: tuple[Finding, ...] = ()
    """Those of `findings` that no delivered notification had."""
    is_incomplete: bool = False
    """Whether something is unreadable, so that there may be further findings."""
    has_open_alerts: bool = False
    """Whether an alert is firing at the same time."""
    id: str = SERVICE
    """The id of the thread."""

    @property
    def severity(self) -> Severity | None:
        """The worst severity of the open findings; None if there are none."""
        return max((finding.severity for finding in self.findings), default=None)

    @property
    def count(self) -> int:
        """The number of open findings, with those that are only counted."""
        return sum(finding.omitted if finding.key == OMITTED else 1 for finding in self.findings)

    @property
    def is_urgent(self) -> bool:
        """Whether a new finding is critical: quiet hours do not delay it."""
        return any(finding.severity is Severity.CRITICAL for finding in self.new)

    @property
    def is_all_clear(self) -> bool:
        """Whether there are no findings, and everything is readable."""
        return not (self.findings or self.is_incomplete)

    @property
    def fingerprint(self) -> str:
        """A hash of the content, by which a retry is recognized.

        It has all that makes a finding new if it changes.
        """
        findings = [
            [
                finding.key,
                finding.what,
                finding.details,
                finding.severity,
                finding.blocks_monitoring,
                finding.omitted,
                *finding.subjects,
            ]
            for finding in self.findings
        ]
        fixed = [["gone", finding.key] for finding in self.fixed]
        all_clear = [["beside", self.has_open_alerts]] if self.is_all_clear else []
        return fingerprint_of([*findings, *fixed, *all_clear])

    @property
    def findings_when_attempted(self) -> tuple[Finding, ...]:
        """The findings as stored before the notification is published.

        New and fixed findings are unconfirmed. If the delivery fails, both are due again. The
        recipients then still believe that the withdrawn ones exist.
        """
        open_findings = (
            replace(finding, is_confirmed=finding not in self.new) for finding in self.findings
        )
        fixed = (replace(finding, is_confirmed=False) for finding in self.fixed)
        return (*open_findings, *fixed, *self.unchecked, *self.withdrawn)

    @property
    def findings_when_delivered(self) -> tuple[Finding, ...]:
        """The findings as stored once the notification is delivered."""
        return (*self.findings, *self.unchecked)


def service_notification(
    findings: Sequence[Finding],
    notified: Sequence[Finding],
    last_sequence: int,
    attempt: SendAttempt | None = None,
    *,
    unreadable_sources: Collection[FindingSource] = (),
    has_open_alerts: bool = False,
) -> ServiceNotification | None:
    """Return the notification that is due about *findings*, or None.

    A notification is due if a finding is new or has changed, or if a notified finding is fixed. A
    transient finding causes no notification. While a source is unreadable, none of its findings
    counts as fixed.

    At most `MAX_FINDINGS` are listed or stored, and every one that `_is_always_listed`, or that has
    changed since it was listed. The others are counted in a finding of their own, and are listed
    once others are fixed.

    *notified* are the findings of earlier notifications, unconfirmed ones included.
    *last_sequence* is the number of the last delivered notification, and *attempt* a later one
    whose delivery is unconfirmed.
    """
    lasting = [finding for finding in findings if not finding.transient]
    new: list[Finding] = []
    unchanged: list[Finding] = []
    for finding in lasting:
        is_known = any(map(finding.is_known_from, notified))
        (unchanged if is_known else new).append(finding)
    listed = [finding for finding in notified if finding.key != OMITTED]
    unchecked, fixed = _absent_findings(lasting, listed, unreadable_sources)
    limit = MAX_FINDINGS - len(unchanged) - len(unchecked) - len(fixed)
    new, omitted = _split(new, limit, {finding.key for finding in listed})
    if omitted:
        others = _omitted_findings(omitted)
        if any(map(others.is_known_from, notified)):
            # A payload cuts the end of a list that critical findings made too long.
            unchanged.insert(0, others)
        else:
            new.append(others)
    if not (new or fixed):
        return None
    hides_findings = any(finding.transient and finding.blocks_monitoring for finding in findings)
    notification = ServiceNotification(
        sequence=0,
        findings=(*new, *_worst_first(unchanged)),
        fixed=tuple(fixed),
        unchecked=tuple(unchecked),
        new=tuple(new),
        is_incomplete=bool(unreadable_sources) or hides_findings,
        has_open_alerts=has_open_alerts,
    )
    sequence = next_sequence(last_sequence, attempt, notification.fingerprint)
    return replace(notification, sequence=sequence)


def _absent_findings(
    findings: Sequence[Finding],
    notified: Sequence[Finding],
    unreadable_sources: Collection[FindingSource],
) -> tuple[Sequence[Finding], Sequence[Finding]]:
    """Return the notified findings that are unchecked, and those fixed.

    A one-shot finding is never fixed. A finding without a source was stored by an earlier version,
    and is unchecked while any source is unreadable.
    """
    keys = {finding.key for finding in findings}
    absent = [finding for finding in notified if finding.key not in keys]
    unchecked = [
        finding
        for finding in absent
        if finding.source in unreadable_sources or (unreadable_sources and not finding.source)
    ]
    fixed = [finding for finding in absent if finding not in unchecked and not finding.one_shot]
    return unchecked, fixed


def _split(
    new: Sequence[Finding], limit: int, listed_keys: Collection[str]
) -> tuple[list[Finding], list[Finding]]:
    """Return the *new* findings to list, and those to count: with their count, at most *limit*.

    Those that are always listed come first. Then come those that have changed since they were
    listed as one of *listed_keys*. They stay listed, so that their end will be notified.
    """
    ordered = sorted(
        _worst_first(new),
        key=lambda finding: (_is_always_listed(finding), finding.key in listed_keys),
        reverse=True,
    )
    stay_listed = sum(_is_always_listed(finding) or finding.key in listed_keys for finding in new)
    places = len(new) if len(new) <= limit else max(stay_listed, limit - 1)
    return ordered[:places], ordered[places:]


def _is_always_listed(finding: Finding) -> bool:
    """Return whether *finding* is critical, or about the subscriptions, so that there are few.

    The end of a subscription counts as notified by any notification.
    """
    return finding.severity is Severity.CRITICAL or finding.source is FindingSource.SUBSCRIBERS


def _omitted_findings(omitted: Sequence[Finding]) -> Finding:
    """Return the finding that counts the *omitted* ones."""
    return Finding(
        key=OMITTED,
        what="More problems exist than one notification lists",
        remedy="Fix the listed problems; then you are notified of the others",
        severity=max(finding.severity for finding in omitted),
        blocks_monitoring=any(finding.blocks_monitoring for finding in omitted),
        one_shot=True,
        omitted=len(omitted),
    )


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: -finding.severity)
