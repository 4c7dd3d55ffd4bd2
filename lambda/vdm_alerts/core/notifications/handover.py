"""What a run of one target leaves to the step that delivers for its fleet."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Digest, Notification
from vdm_alerts.core.notifications.service_notification import ServiceNotification
from vdm_alerts.core.notifications.weekly_summary import WeeklySummary


@dataclass(frozen=True, slots=True)
class Handover:
    """The notifications of a target that are due, and the state that they belong to.

    None of them is the digest of a target: see `separate_notifications`.
    """

    target: Target
    at: datetime
    """The time of the run."""
    is_state_saved: bool
    """Whether the state of the run is saved. It is not if the history was unavailable."""
    notifications: tuple[Notification, ...]
    """What is due, the worst first. It may be empty."""

    def without(self, sent: Collection[Notification]) -> "Handover":
        """Return the handover with what is left after *sent*."""
        left = tuple(each for each in self.notifications if each not in sent)
        return replace(self, notifications=left)


def separate_notifications(due: Iterable[Notification]) -> Iterator[Notification]:
    """Yield each of *due*, and the incidents of a digest, because a fleet has its own digests.

    Each can be delivered without the others.
    """
    for notification in due:
        match notification:
            case Digest(coverage=None, incidents=incidents):
                yield from incidents
            case _:
                yield notification


def still_due(handover: Handover, state: StoredState) -> Sequence[Notification]:
    """Return what of *handover* is still due, given the stored *state*.

    Nothing is due if a later run has saved: it has its own handover. If an earlier try of the same
    delivery has saved, what it delivered is not due. Everything else is, also if its attempt is not
    stored, because a save can stop between two transactions.
    """
    if state.last_run != handover.at:
        return ()
    return [each for each in handover.notifications if not _is_delivered(each, state)]


def _is_delivered(notification: Notification, state: StoredState) -> bool:
    """Return whether the delivery of *notification* is stored."""
    match notification:
        case IncidentNotification(id=incident, sequence=sequence):
            is_open = any(alert.incident == incident for alert in state.alerts.values())
            return not is_open or state.sequences.get(incident, 0) >= sequence
        case Digest():
            return state.summary_sent
        case ServiceNotification(sequence=sequence):
            return state.service_sequence >= sequence
        case WeeklySummary(day=day):
            return day not in state.open_weekly_requests
