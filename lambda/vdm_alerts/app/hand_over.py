"""The outboxes of a target of a fleet.

`HandoverOutbox` saves the state, and leaves the sending to the fleet. The state is saved without
any attempt, so every notification is still due. `deliver_fleet` sends them later in the same
execution. If it does not, the next run of the target finds them due again.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from vdm_alerts.app.notify import Outbox
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import History, HistoryUnavailable, StoredState
from vdm_alerts.core.model.findings import Finding, OperationFailedError
from vdm_alerts.core.notifications.delivery import mark_delivered
from vdm_alerts.core.notifications.handover import Handover, separate_notifications
from vdm_alerts.core.notifications.notification import Notification
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.ports import HandoverStore, Notifier, StateStore

_log = logging.getLogger(__name__)


class HandoverOutbox(Outbox):
    """An outbox that sends nothing: it stores what is due for the step that sends."""

    def __init__(
        self,
        handovers: HandoverStore,
        store: StateStore,
        notifier: Notifier,
        links: Links,
        history: History,
        state: StoredState,
        transitions: Sequence[Transition],
    ) -> None:
        """Create an outbox that puts what is due into *handovers*. The rest is as for `Outbox`."""
        super().__init__(store, notifier, links, history, state, transitions)
        self._handovers = handovers

    def record_attempts(self, due: Sequence[Notification], now: datetime) -> History:
        """Save the state, in which nothing of *due* is marked. Raises StaleStateError."""
        del due
        if not isinstance(self.history, HistoryUnavailable):
            try:
                self._save(mark_delivered(self.state, (), now), self.history)
            except OperationFailedError as error:
                self.history = HistoryUnavailable(error.finding)
        return self.history

    def publish(self, due: Sequence[Notification], now: datetime) -> list[Notification]:
        """Hand *due* over, and return it; return nothing if that fails. All of it stays due."""
        is_saved = not isinstance(self.history, HistoryUnavailable)
        separate = tuple(separate_notifications(due))
        try:
            self._handovers.put(Handover(self._links.target, now, is_saved, separate))
        except OperationFailedError as error:
            _log.error("notifications not handed over, due at the next run: %s", error)
            return []
        return list(due)

    def record_deliveries(self, sent: Sequence[Notification], now: datetime) -> StoredState:
        """Return the state, which is saved already: what is handed over is not delivered."""
        del sent, now
        return self.state


class UnsavedOutbox(Outbox):
    """The outbox of a handover without a state: what is sent is deleted from the handover.

    So another try of the delivery does not send it again.
    """

    def __init__(
        self,
        handovers: HandoverStore,
        store: StateStore,
        notifier: Notifier,
        links: Links,
        handover: Handover,
        finding: Finding,
    ) -> None:
        """Create an outbox for *handover*, which is in *handovers*. *finding* says why."""
        super().__init__(store, notifier, links, HistoryUnavailable(finding), StoredState(), ())
        self._handovers, self._handover = handovers, handover

    def record_deliveries(self, sent: Sequence[Notification], now: datetime) -> StoredState:
        """Delete *sent* from the handover. Raises AccessDeniedError or UnavailableError."""
        del now
        if sent:
            self._handovers.put(self._handover.without(sent))
        return self.state
