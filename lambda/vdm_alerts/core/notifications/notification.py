"""The kinds of notification, and how many of them one run sends."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from vdm_alerts.core.alerts.sequence import SendAttempt, next_sequence
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.incidents import IncidentNotification, fingerprint_of
from vdm_alerts.core.observations.coverage import Coverage

SERVICE, SUMMARY = "service", "summary"
"""The ids of all service notifications, and of the first summary."""
MAX_MESSAGES = 5
"""Notifications in one run. The last one is a digest of all remaining incidents."""


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
    def is_urgent(self) -> bool:
        """Whether a new finding is critical: quiet hours do not delay it."""
        return any(finding.severity is Severity.CRITICAL for finding in self.new)

    @property
    def is_all_clear(self) -> bool:
        """Whether there are no findings, and everything is readable."""
        return not (self.findings or self.is_incomplete)

    @property
    def fingerprint(self) -> str:
        """A hash of the content, by which a retry is recognized."""
        findings = [
            [finding.key, finding.what, finding.details, *finding.subjects]
            for finding in self.findings
        ]
        fixed = [["gone", finding.key] for finding in self.fixed]
        all_clear = [["beside", self.has_open_alerts]] if self.is_all_clear else []
        return fingerprint_of([*findings, *fixed, *all_clear])

    @property
    def findings_when_attempted(self) -> tuple[Finding, ...]:
        """The findings as stored before the notification is published.

        New and fixed findings are unconfirmed. If the delivery fails, both are due again.
        """
        open_findings = (
            replace(finding, is_confirmed=finding not in self.new) for finding in self.findings
        )
        fixed = (replace(finding, is_confirmed=False) for finding in self.fixed)
        return (*open_findings, *fixed, *self.unchecked)

    @property
    def findings_when_delivered(self) -> tuple[Finding, ...]:
        """The findings as stored once the notification is delivered."""
        return (*self.findings, *self.unchecked)


@dataclass(frozen=True, slots=True)
class Digest:
    """One notification about several incidents, or the first summary."""

    id: str
    """`SUMMARY`, or an id from the incidents of the digest."""
    sequence: int
    """The number of the notification, from 1. A retry has the same number."""
    incidents: tuple[IncidentNotification, ...]
    """The incidents, the worst first. A summary may have none."""
    coverage: Coverage | None = None
    """What is monitored, in the summary of the first run; None in any other digest."""
    has_open_alerts: bool = False
    """Whether any alert is firing, in these incidents or elsewhere (silenced, for example)."""

    @property
    def severity(self) -> Severity | None:
        """The worst severity of any incident now; None if no incident is open."""
        return max(
            (incident.severity for incident in self.incidents if incident.severity), default=None
        )

    @property
    def is_unproven(self) -> bool:
        """Whether all incidents ended without proof."""
        return bool(self.incidents) and all(incident.is_unproven for incident in self.incidents)

    @property
    def is_urgent(self) -> bool:
        """Whether any incident is urgent."""
        return any(incident.is_urgent for incident in self.incidents)

    @property
    def fingerprint(self) -> str:
        """A hash of the content, by which a retry is recognized."""
        incidents = [
            [incident.id, incident.sequence, incident.fingerprint] for incident in self.incidents
        ]
        return fingerprint_of(incidents or [["beside", self.has_open_alerts]])


Notification: TypeAlias = IncidentNotification | Digest | ServiceNotification


def numbered_notifications(notification: Notification) -> Sequence[Notification]:
    """Return the parts of *notification* that have a stored sequence number.

    In a digest, each incident has one. In the summary, the summary itself has one too.
    """
    match notification:
        case Digest(coverage=None):
            return notification.incidents
        case Digest():
            return (notification, *notification.incidents)
        case IncidentNotification() | ServiceNotification():
            return (notification,)


def incidents_of(notification: Notification) -> Sequence[IncidentNotification]:
    """Return the incidents that *notification* is about."""
    match notification:
        case IncidentNotification():
            return (notification,)
        case Digest(incidents=incidents):
            return incidents
        case ServiceNotification():
            return ()


def first_summary(
    incidents: Sequence[IncidentNotification],
    coverage: Coverage,
    attempts: Mapping[str, SendAttempt],
    *,
    has_open_alerts: bool = False,
) -> Digest:
    """Return the first summary: what is monitored, and all open incidents.

    The summary replaces one notification per incident that exists when VDM Alerts is deployed.
    *attempts* are notifications whose delivery is unconfirmed, by id. *has_open_alerts* is true
    also for alerts that were notified before, or are silenced.
    """
    summary = Digest(SUMMARY, 0, tuple(incidents), coverage, has_open_alerts)
    return replace(summary, sequence=next_sequence(0, attempts.get(SUMMARY), summary.fingerprint))


def limit_messages(
    incidents: Sequence[IncidentNotification], other_messages: int
) -> list[Notification]:
    """Return the notifications about *incidents*, within `MAX_MESSAGES`.

    If there are more incidents than the limit allows, the last notification is a digest.
    *other_messages* is the number of further notifications in the same run. The id
    of the digest depends on its content alone, so that a retry has the same id.
    """
    limit = MAX_MESSAGES - other_messages
    if len(incidents) <= limit:
        return list(incidents)
    alone, shared = incidents[: limit - 1], tuple(incidents[limit - 1 :])
    content = fingerprint_of([incident.id, incident.sequence] for incident in shared)
    return [*alone, Digest(f"digest-{content}", 1, shared)]


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

    *notified* are the findings of earlier notifications, unconfirmed ones included.
    *last_sequence* is the number of the last delivered notification, and *attempt* a later one
    whose delivery is unconfirmed.
    """
    lasting = [finding for finding in findings if not finding.transient]
    new = [finding for finding in lasting if not any(map(finding.is_known_from, notified))]
    unchanged = [finding for finding in lasting if finding not in new]
    unchecked, fixed = _absent_findings(lasting, notified, unreadable_sources)
    if not (new or fixed):
        return None
    hides_findings = any(finding.transient and finding.blocks_monitoring for finding in findings)
    notification = ServiceNotification(
        sequence=0,
        findings=(*_worst_first(new), *_worst_first(unchanged)),
        fixed=tuple(fixed),
        unchecked=tuple(unchecked),
        new=tuple(_worst_first(new)),
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


def _worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: -finding.severity)
