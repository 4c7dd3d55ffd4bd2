"""What a run of one target leaves to the step that delivers for its fleet."""

from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.notification import Notification


@dataclass(frozen=True, slots=True)
class Handover:
    """The notifications of a target that are due, and the state that they belong to."""

    target: Target
    at: datetime
    """The time of the run."""
    version: int | None
    """The version of the saved state; None if the history was unavailable, so none is saved.

    A state of another version is of a later run, which has its own handover.
    """
    notifications: tuple[Notification, ...]
    """What is due, the worst first. It may be empty."""
