"""Digests, what all kinds of notification share, and how many of them one run sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from vdm_alerts.core.alerts.sequence import SendAttempt, next_sequence
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.incidents import IncidentNotification, fingerprint_of
from vdm_alerts.core.notifications.service_notification import ServiceNotification
from vdm_alerts.core.notifications.weekly_summary import WeeklySummary
from vdm_alerts.core.observations.coverage import Coverage

SUMMARY = "summary"
"""The id of the first summary."""
MAX_MESSAGES = 5
"""Notifications in one run. The last one is a digest of all remaining incidents."""


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
    silenced_alerts: int = 0
    """How many alerts of a silence are firing, in a summary."""
    silenced_severity: Severity | None = None
    """The worst severity of these alerts; None without any."""

    @property
    def severity(self) -> Severity | None:
        """The worst severity of any open alert; None if none is open.

        A summary that could not read all rates is a WARNING at least: these rates are unknown.
        """
        severities = [incident.severity for incident in self.incidents]
        is_incomplete = self.coverage is not None and self.coverage.unreadable > 0
        unread = Severity.WARNING if is_incomplete else None
        known = filter(None, (*severities, self.silenced_severity, unread))
        return max(known, default=None)

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
        return fingerprint_of(incidents or [["silenced", self.silenced_alerts > 0]])


NumberedNotification: TypeAlias = IncidentNotification | Digest | ServiceNotification
"""A notification that can have a stored sequence number."""
Notification: TypeAlias = NumberedNotification | WeeklySummary


def numbered_notifications(notification: Notification) -> Sequence[NumberedNotification]:
    """Return the parts of *notification* that have a stored sequence number.

    In a digest, each incident has one. In the first summary, the summary itself has one too. A
    weekly summary has none: its id says which one it is.
    """
    match notification:
        case Digest(coverage=None):
            return notification.incidents
        case Digest():
            return (notification, *notification.incidents)
        case IncidentNotification() | ServiceNotification():
            return (notification,)
        case WeeklySummary():
            return ()


def incidents_of(notification: Notification) -> Sequence[IncidentNotification]:
    """Return the incidents that *notification* is about."""
    match notification:
        case IncidentNotification():
            return (notification,)
        case Digest(incidents=incidents):
            return incidents
        case ServiceNotification() | WeeklySummary():
            return ()


def first_summary(
    incidents: Sequence[IncidentNotification],
    coverage: Coverage,
    attempts: Mapping[str, SendAttempt],
    silenced: Sequence[Severity] = (),
) -> Digest:
    """Return the first summary: what is monitored, and all open incidents.

    The summary replaces one notification per incident that exists when VDM Alerts is deployed.
    *attempts* are notifications whose delivery is unconfirmed, by id. *silenced* are the severities
    of the alerts that are firing and muted by a silence.
    """
    summary = Digest(
        SUMMARY, 0, tuple(incidents), coverage, len(silenced), max(silenced, default=None)
    )
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
