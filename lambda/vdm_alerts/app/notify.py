"""The outbox: notifications are saved as attempted, published, then saved as delivered.

If a run dies, its lease blocks the next run until the lease expires. The next run continues from
what the table holds. The result depends on where the run died:

1. Before `Outbox.record_attempts` saves: nothing is sent and nothing is saved. The next run finds
   the same notifications due.
2. After `Outbox.record_attempts`, before a notification is published: the notification is still
   due. The next run sends it with the id and the sequence number that the attempt recorded.
3. After a notification is published, before `Outbox.record_deliveries` saves: the notification is
   still due. The next run sends it again, with the same id and sequence number.
4. After `Outbox.record_deliveries`: every notification that was sent is saved as delivered. Only
   the sender roster, the log, the run report and the metrics can be missing.

In cases 2 and 3, a notification whose content has changed since the attempt gets the next sequence
number instead. A run whose second save fails is like case 3. This case and a publish whose response
is lost cause the only duplicates.

If the history is unavailable, nothing is saved, so each run notifies again under a new id.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import History, HistoryUnavailable, StoredState
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import OperationFailedError
from vdm_alerts.core.notifications.delivery import mark_attempted, mark_delivered
from vdm_alerts.core.notifications.fleet import FleetDigest
from vdm_alerts.core.notifications.notification import Notification
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import render
from vdm_alerts.ports import Notifier, StateStore

_log = logging.getLogger(__name__)


class NotificationsUnsentError(VdmAlertsError):
    """Some notifications could not be sent. They stay due, and the rest of the run is done."""

    def __init__(self, unsent: int, due: int) -> None:
        """Create the error for *unsent* of *due* notifications."""
        super().__init__(
            f"{unsent} of {due} notifications are unsent. Effect: the next run sends them. Fix: "
            "see the errors before this one in the log."
        )


class Outbox:
    """An outbox: it sends notifications, and saves which were attempted and delivered."""

    def __init__(
        self,
        store: StateStore,
        notifier: Notifier,
        links: Links,
        history: History,
        state: StoredState,
        transitions: Sequence[Transition],
    ) -> None:
        """Create an outbox for one run of the target of *links*.

        *history* is what the table holds, and *state* is what replaces it. The first save also
        writes *transitions*.
        """
        self.history = history
        """What the table holds; unavailable if the table failed."""
        self.state = state
        """The state of this run. It is the stored state after each save."""
        self._store = store
        self._notifier = notifier
        self._links = links
        self._unsaved_transitions = transitions

    def record_attempts(self, due: Sequence[Notification], now: datetime) -> History:
        """Save the state, in which each of *due* is marked as attempted.

        Return the history after the save. It is unavailable if the save failed. Without *due*,
        nothing is saved before `record_deliveries`. Raises StaleStateError.
        """
        if due and not isinstance(self.history, HistoryUnavailable):
            try:
                self._save(mark_attempted(self.state, due, now), self.history)
            except OperationFailedError as error:
                self.history = HistoryUnavailable(error.finding)
        return self.history

    def publish(self, due: Sequence[Notification], now: datetime) -> list[Notification]:
        """Send each of *due*, and return the notifications that SNS confirmed."""
        return [each for each in due if publish(self._notifier, each, self._links, now)]

    def record_deliveries(self, sent: Sequence[Notification], now: datetime) -> StoredState:
        """Save the state, in which *sent* is marked as delivered, and return it.

        Nothing is saved while the history is unavailable. Raises StaleStateError,
        AccessDeniedError or UnavailableError.
        """
        delivered = mark_delivered(self.state, sent, now)
        if isinstance(self.history, HistoryUnavailable):
            self.state = delivered
        else:
            self._save(delivered, self.history)
        return self.state

    def _save(self, state: StoredState, replacing: StoredState) -> None:
        saved = self._store.save(self._links.target, state, replacing, self._unsaved_transitions)
        self.history = self.state = saved
        self._unsaved_transitions = ()


def publish(
    notifier: Notifier, notification: Notification | FleetDigest, links: Links, now: datetime
) -> bool:
    """Send *notification*, and return whether SNS confirmed it."""
    try:
        message = render(notification, links, now)
        notifier.publish(message)
    except OperationFailedError as error:
        _log.error("notification unsent, due at the next run: %s: %s", notification.id, error)
        return False
    except Exception:  # noqa: BLE001 - one notification must not stop those after it
        _log.exception(
            "notification unsent, due at the next run: %s: unexpected error", notification.id
        )
        return False
    _log.info("notification sent: %s", message.subject)
    return True


OutboxFactory: TypeAlias = Callable[
    [StateStore, Notifier, Links, History, StoredState, Sequence[Transition]], Outbox
]
"""What creates an outbox: `Outbox` itself, or another function of the same arguments."""
