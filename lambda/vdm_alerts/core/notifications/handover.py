"""What a run of one target leaves to the step that delivers for its fleet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.notification import Notification, numbered_notifications
from vdm_alerts.core.notifications.weekly_summary import is_weekly_summary_due


@dataclass(frozen=True, slots=True)
class Handover:
    """The notifications of a target that are due, and the state that they belong to."""

    target: Target
    at: datetime
    """The time of the run."""
    version: int | None
    """The version of the saved state; None if the history was unavailable, so none is saved."""
    notifications: tuple[Notification, ...]
    """What is due, the worst first. It may be empty."""


def still_due(handover: Handover, state: StoredState) -> Sequence[Notification]:
    """Return what of *handover* is still due, given the stored *state*.

    Nothing is due if a later run has saved: it has its own handover. If an earlier try of the same
    delivery has saved, what it delivered is not due, and what it only attempted is.
    """
    if state.last_run != handover.at:
        return ()
    if state.version == handover.version:
        return handover.notifications
    return [each for each in handover.notifications if _is_unconfirmed(each, state)]


def _is_unconfirmed(notification: Notification, state: StoredState) -> bool:
    """Return whether an attempt of *notification* is stored, and no delivery."""
    numbered = numbered_notifications(notification)
    if not numbered:
        return is_weekly_summary_due(state)
    attempts = (state.attempts.get(each.id) for each in numbered)
    return any(
        attempt is not None and attempt.sequence == each.sequence
        for attempt, each in zip(attempts, numbered, strict=True)
    )
