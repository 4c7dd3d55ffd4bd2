"""The outbox: notifications are saved as attempted, published, then saved as delivered.

A run can die between any two steps. The next run goes on from what the table holds:

1. It dies before `Outbox.record_attempts`: nothing was sent. The notifications are still due.
2. It dies after that, before a notification is published: the notification is still due, and is
   sent with the id and sequence number that the attempt recorded.
3. It dies after a notification is published, before `Outbox.record_deliveries`: the notification is
   sent once more, with the same id and sequence number. That is the only duplicate.
4. It dies after that: everything is delivered and saved.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import History, HistoryUnavailable, StoredState
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import OperationFailedError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.delivery import mark_attempted, mark_delivered
from vdm_alerts.core.notifications.notification import Notification
from vdm_alerts.core.notifications.rendering.message import render
from vdm_alerts.ports import Notifier, StateStore

_log = logging.getLogger(__name__)


class NotificationsUnsentError(VdmAlertsError):
    """Some notifications could not be sent. They stay due; everything else is done."""

    def __init__(self, unsent: int, due: int) -> None:
        """Say how many of the *due* notifications were not sent."""
        super().__init__(f"{unsent} of {due} messages could not be sent")


class Outbox:
    """Sends notifications of *target*, and saves which were attempted and delivered."""

    def __init__(
        self,
        store: StateStore,
        notifier: Notifier,
        target: Target,
        history: History,
        state: StoredState,
        transitions: Sequence[Transition],
    ) -> None:
        """Begin with *history*, which the table holds, and *state*, which is to replace it.

        *transitions* are written together with the first save.
        """
        self.history = history
        self.state = state
        self._store = store
        self._notifier = notifier
        self._target = target
        self._unsaved_transitions = transitions

    def record_attempts(self, due: Sequence[Notification], now: datetime) -> History:
        """Save the state, and that each of *due* may have been sent from now on.

        Returns the history as it is then: unavailable if it cannot be saved.
        """
        if due and not isinstance(self.history, HistoryUnavailable):
            try:
                self._save(mark_attempted(self.state, due, now), self.history)
            except OperationFailedError as error:
                self.history = HistoryUnavailable(error.finding)
        return self.history

    def publish(self, due: Sequence[Notification], now: datetime) -> list[Notification]:
        """Send each of *due*, and return those that were sent for certain."""
        return [notice for notice in due if self._is_sent(notice, now)]

    def record_deliveries(self, sent: Sequence[Notification], now: datetime) -> StoredState:
        """Save that *sent* are delivered, and return the state.

        Nothing is saved while the history is unavailable. Raises Superseded, AccessDenied or
        Unavailable.
        """
        delivered = mark_delivered(self.state, sent, now)
        if isinstance(self.history, HistoryUnavailable):
            self.state = delivered
        else:
            self._save(delivered, self.history)
        return self.state

    def _save(self, state: StoredState, replaced: StoredState) -> None:
        saved = self._store.save(self._target, state, replaced, self._unsaved_transitions)
        self.history = self.state = saved
        self._unsaved_transitions = ()

    def _is_sent(self, notice: Notification, now: datetime) -> bool:
        try:
            message = render(notice, self._target, now)
            self._notifier.publish(message)
        except OperationFailedError as error:
            _log.error("not sent, still due: %s: %s", notice.id, error)
            return False
        except Exception:  # noqa: BLE001 - one notification must not stop those after it
            _log.exception("not sent, still due, because of an unknown error: %s", notice.id)
            return False
        _log.info("sent: %s", message.subject)
        return True
