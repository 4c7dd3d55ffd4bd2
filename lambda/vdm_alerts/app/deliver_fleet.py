"""The delivery step of a fleet: group what is due in all targets, and send it.

Each target has its own state, lease and outbox, so an error of one target changes nothing in
another. The order is that of a single target: save the attempts of every target, publish, save the
deliveries. What is not sent stays due, in the next try of this step or in the next execution.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from vdm_alerts.app.evaluate import Lease
from vdm_alerts.app.hand_over import UnsavedOutbox
from vdm_alerts.app.notify import NotificationsUnsentError, Outbox, publish
from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.alerts.stored_state import HistoryUnavailable, StoredState
from vdm_alerts.core.fleet.answers import (
    BLIND_KEYS,
    BUSY,
    REMOVAL_KEYS,
    BlindTarget,
    TargetAnswer,
    blind_key,
    blind_targets,
    removal_key,
    removals_finding,
    removed_finding,
)
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.report import FleetReport
from vdm_alerts.core.model.deadline import Deadline, NoDeadline
from vdm_alerts.core.model.errors import LeaseHeldError, StaleStateError, VdmAlertsError
from vdm_alerts.core.model.findings import MAX_SUBJECTS, Finding, OperationFailedError
from vdm_alerts.core.model.target import Target, fleet_of
from vdm_alerts.core.muting.quiet_hours import QuietHours
from vdm_alerts.core.notifications.fleet import (
    FleetDigest,
    FleetMessage,
    TargetNotification,
    fleet_messages,
    parts_of,
)
from vdm_alerts.core.notifications.handover import Handover, still_due
from vdm_alerts.core.notifications.notification import Notification
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.service_notification import (
    FLEET_SERVICE,
    ServiceNotification,
    service_notification,
)
from vdm_alerts.ports import FleetPorts

_log = logging.getLogger(__name__)

_UNSAVED = Finding(
    key="history",
    what="The alert history was unavailable in the run of the target",
    remedy="Read the log of the function",
)
"""Why nothing is saved about a handover without a state."""


class DeliveryTimeOverError(VdmAlertsError):
    """The time of the delivery step is over before it could take a target."""

    def __init__(self) -> None:
        super().__init__("the time of the delivery is over")


@dataclass(frozen=True, slots=True)
class Execution:
    """What the delivery step knows of its execution."""

    expected: Sequence[FleetTarget]
    """The targets that were listed."""
    answers: Mapping[Target, TargetAnswer]
    """The answers of those that answered."""
    is_complete: bool = True
    """Whether these are all targets of the fleet. An event of SES is about one of them."""


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """How the delivery step sends."""

    limit: int
    """The most notifications of this execution."""
    deadline: Deadline = field(default_factory=NoDeadline)
    """Until when further targets are taken. What is due in the others stays due."""
    quiet_hours: QuietHours | None = None
    """The daily hours in which only urgent notifications are sent."""
    runbook_url: str = ""
    """The URL of the runbook. If empty, notifications name the file of the runbook."""


@dataclass(slots=True)
class _Delivery:
    """What is due in one target, and the outbox by which its state is saved."""

    target: Target
    outbox: Outbox
    notifications: Sequence[Notification]

    @property
    def parts(self) -> Sequence[TargetNotification]:
        return [TargetNotification(self.target, each) for each in self.notifications]


def deliver_fleet(
    ports: FleetPorts,
    hub: Target,
    execution: Execution,
    now: datetime,
    lease: Lease,
    options: DeliveryOptions,
) -> FleetReport:
    """Send what is due in the targets of *execution*, and return the report of the fleet.

    *now* is the time of this step, and *lease* is taken for each target with something due.

    Raises NotificationsUnsentError if something could not be sent. It stays due.
    """
    blind = blind_targets(execution.expected, execution.answers)
    for target in blind:
        _log.warning("%s is not monitored: %s: %s", target.target, target.reason, target.details)
    with ExitStack() as stack:
        step = _Step(ports, now, lease, options, stack)
        deliveries = [
            *step.target_deliveries(execution),
            *step.fleet_delivery(hub, blind, execution),
        ]
        attempted = [each for each in deliveries if step.is_attempted(each)]
        messages = fleet_messages(
            [part for each in attempted for part in each.parts], options.limit
        )
        sent = [message for message in messages if step.is_sent(message, hub)]
        sent_parts = [part for message in sent for part in parts_of(message)]
        for each in attempted:
            step.record_deliveries(each, sent_parts)
        step.save_known_targets(execution, sent_parts)
    report = FleetReport(
        targets=len(execution.expected),
        evaluated=len(execution.expected) - len(blind),
        blind=tuple(each.target for each in blind),
        notifications_due=sum(len(each.notifications) for each in deliveries),
        messages_sent=len(sent),
        unsent=step.failures + len(messages) - len(sent),
        messages_failed=len(messages) - len(sent),
        is_complete=execution.is_complete,
    )
    ports.recorder.record_fleet(hub, report)
    if report.unsent:
        raise NotificationsUnsentError(report.unsent, report.unsent + len(sent))
    return report


class _Step:
    """One delivery step: its ports, its time, and what failed in it."""

    def __init__(
        self,
        ports: FleetPorts,
        now: datetime,
        lease: Lease,
        options: DeliveryOptions,
        stack: ExitStack,
    ) -> None:
        self.failures = 0
        """How many targets could not be handled. What is due in them stays due."""
        self._ports, self._now, self._lease = ports, now, lease
        self._runbook_url, self._stack = options.runbook_url, stack
        self._deadline = options.deadline
        self._removed: dict[Target, Finding] | None = None
        """The finding about each removed target that is not notified yet; None if unknown."""
        self._is_quiet = options.quiet_hours is not None and options.quiet_hours.include(now)

    def target_deliveries(self, execution: Execution) -> Iterator[_Delivery]:
        """Yield what is due in each target that answered, under its lease."""
        aliases = {each.target: each.target for each in execution.expected}
        for target, answer in execution.answers.items():
            if not answer.due:
                continue
            if self._deadline.remaining() <= timedelta():
                self._record_failure(target, DeliveryTimeOverError())
                continue
            try:
                handover = self._ports.handovers.get(aliases.get(target, target))
                delivery = self._delivery_of(handover)
            except VdmAlertsError as error:
                self._record_failure(target, error)
                continue
            if delivery.notifications:
                yield delivery

    def fleet_delivery(
        self, hub: Target, blind: Sequence[BlindTarget], execution: Execution
    ) -> Iterator[_Delivery]:
        """Yield the notification about *blind* and removed targets, if one is due.

        An execution that is not complete knows nothing about the other targets.
        """
        if not execution.is_complete:
            return
        fleet = fleet_of(hub)
        try:
            stored = self._load(fleet)
            state = self._find_removed(execution, stored)
            service = self._fleet_notification(blind, execution, state)
        except VdmAlertsError as error:
            self._record_failure(fleet, error)
            return
        may_wait = self._is_quiet and service and not service.is_urgent
        if service and not may_wait and self._has_subscribers():
            yield _Delivery(fleet, self._outbox(fleet, stored, state), [service])
        elif state != stored:
            yield _Delivery(fleet, self._outbox(fleet, stored, state), [])

    def is_attempted(self, delivery: _Delivery) -> bool:
        """Save the attempts of *delivery*, and return whether they may be published."""
        was_known = not isinstance(delivery.outbox.history, HistoryUnavailable)
        try:
            history = delivery.outbox.record_attempts(delivery.notifications, self._now)
        except StaleStateError as error:
            self._record_failure(delivery.target, error)
            return False
        if was_known and isinstance(history, HistoryUnavailable):
            self._record_failure(delivery.target, OperationFailedError(history.finding))
            return False
        return True

    def is_sent(self, message: FleetMessage, hub: Target) -> bool:
        """Publish *message*, and return whether SNS confirmed it."""
        match message:
            case TargetNotification(target, notification):
                shown = hub if target == fleet_of(hub) else target
                links = Links(shown, self._runbook_url, hub)
                return publish(self._ports.notifier, notification, links, self._now)
            case FleetDigest() as digest:
                links = Links(hub, self._runbook_url)
                return publish(self._ports.notifier, digest, links, self._now)

    def record_deliveries(self, delivery: _Delivery, sent: Sequence[TargetNotification]) -> None:
        """Save which notifications of *delivery* are *sent*."""
        own = [part.notification for part in sent if part.target == delivery.target]
        try:
            delivery.outbox.record_deliveries(own, self._now)
        except (OperationFailedError, StaleStateError) as error:
            self._record_failure(delivery.target, error)

    def save_known_targets(self, execution: Execution, sent: Sequence[TargetNotification]) -> None:
        """Save which targets the recipients know of: those of *execution*.

        A removed target stays among them until a notification about it is *sent*.
        """
        if not execution.is_complete or self._removed is None:
            return
        notified = {
            finding
            for part in sent
            if isinstance(part.notification, ServiceNotification)
            for finding in part.notification.findings
        }
        unnotified = [each for each, finding in self._removed.items() if finding not in notified]
        current = [each.target for each in execution.expected]
        try:
            self._ports.known_targets.save([*current, *unnotified])
        except OperationFailedError as error:
            _log.warning("targets of the fleet not saved; a removed one may be unknown: %s", error)

    def _find_removed(self, execution: Execution, stored: StoredState) -> StoredState:
        """Find the targets that the recipients know of and that are not in *execution*.

        Those whose removal is notified in *stored* are left out. Return *stored* without earlier
        removals, so that another removal of the same targets is notified. If the known targets are
        unreadable, the next execution finds the removed ones.
        """
        current = {each.target for each in execution.expected}
        try:
            absent = [each for each in self._ports.known_targets.load() if each not in current]
        except OperationFailedError as error:
            _log.warning("targets of the last execution unreadable: %s", error)
            return stored
        notified = {finding.key for finding in stored.findings if finding.is_confirmed}
        removed = [target for target in absent if removal_key(target) not in notified]
        keys = {removal_key(target) for target in absent}
        if len(removed) > MAX_SUBJECTS:
            finding = removals_finding(removed)
            keys.add(finding.key)
            self._removed = {} if finding.key in notified else dict.fromkeys(removed, finding)
            for target in self._removed:
                _log.warning("%s is no longer in the fleet", target)
        else:
            self._removed = {
                target: removed_finding(target, self._open_alerts(target)) for target in removed
            }
        findings = tuple(
            finding
            for finding in stored.findings
            if finding.key in keys or not finding.key.startswith(REMOVAL_KEYS)
        )
        return replace(stored, findings=findings)

    def _fleet_notification(
        self, blind: Sequence[BlindTarget], execution: Execution, state: StoredState
    ) -> ServiceNotification | None:
        """Return the notification that is due about *blind* and removed targets, or None.

        A removed target is blind no longer, and not fixed either: once its removal is notified, the
        problem is withdrawn.
        """
        removed = self._removed or {}
        current = {blind_key(each.target) for each in execution.expected}
        gone = [
            finding
            for finding in state.findings
            if finding.key.startswith(BLIND_KEYS) and finding.key not in current
        ]
        service = service_notification(
            [*(each.finding for each in blind), *dict.fromkeys(removed.values())],
            [finding for finding in state.findings if finding not in gone],
            state.service_sequence,
            state.attempts.get(FLEET_SERVICE),
            has_open_alerts=any(each.open_alerts for each in execution.answers.values()),
        )
        if service is None:
            return None
        unnotified = {
            blind_key(target)
            for target, finding in removed.items()
            if finding not in service.findings
        }
        unchecked = [each for each in gone if self._removed is None or each.key in unnotified]
        return replace(
            service,
            id=FLEET_SERVICE,
            unchecked=(*service.unchecked, *unchecked),
            withdrawn=tuple(each for each in gone if each not in unchecked),
        )

    def _open_alerts(self, target: Target) -> int | None:
        """Return how many alerts are open in *target*; None if its state is unreadable."""
        try:
            alerts = self._ports.store.load(target).alerts.values()
        except VdmAlertsError:
            return None
        return sum(isinstance(alert.state, Firing) for alert in alerts)

    def _has_subscribers(self) -> bool:
        """Return whether anyone is subscribed, or that is unknown. Each target checks that too."""
        try:
            return self._ports.notifier.subscribers(NoDeadline()) > 0
        except OperationFailedError:
            return True

    def _delivery_of(self, handover: Handover) -> _Delivery:
        """Return what is still due of *handover*: nothing if a later run has its own."""
        if not handover.is_state_saved:
            return _Delivery(
                handover.target, self._unsaved_outbox(handover), handover.notifications
            )
        state = self._load(handover.target)
        due = still_due(handover, state)
        return _Delivery(handover.target, self._outbox(handover.target, state, state), due)

    def _load(self, target: Target) -> StoredState:
        """Take the lease of *target* for the rest of the step, and return its state."""
        store, lease = self._ports.store, self._lease
        self._stack.enter_context(store.lease(target, lease.until, lease.taken, lease.owner))
        return store.load(target)

    def _outbox(self, target: Target, stored: StoredState, state: StoredState) -> Outbox:
        links = Links(target, self._runbook_url)
        return Outbox(self._ports.store, self._ports.notifier, links, stored, state, ())

    def _unsaved_outbox(self, handover: Handover) -> Outbox:
        ports, links = self._ports, Links(handover.target, self._runbook_url)
        return UnsavedOutbox(
            ports.handovers, ports.store, ports.notifier, links, handover, _UNSAVED
        )

    def _record_failure(self, target: Target, error: Exception) -> None:
        self.failures += 1
        is_expected = isinstance(error, LeaseHeldError)
        why = BUSY if is_expected else error
        _log.warning("%s: notifications unsent, due at the next execution: %s", target, why)
