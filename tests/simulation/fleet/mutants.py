"""Mutants of a fleet: its delivery with one guarantee broken on purpose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from simulation.fleet.world import HUB
from simulation.mutants import Mutant
from vdm_alerts.adapters.aws import execution_files
from vdm_alerts.app import deliver_fleet, hand_over, notify
from vdm_alerts.app.deliver_fleet import _Delivery, _Step
from vdm_alerts.app.hand_over import HandoverOutbox, UnsavedOutbox
from vdm_alerts.app.list_targets import target_of_event
from vdm_alerts.app.notify import Outbox, publish
from vdm_alerts.core.alerts.stored_state import History, StoredState
from vdm_alerts.core.fleet.answers import BlindTarget, Status, TargetAnswer, blind_targets
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications import fleet
from vdm_alerts.core.notifications.delivery import mark_attempted, mark_delivered
from vdm_alerts.core.notifications.fleet import FleetMessage, TargetNotification, fleet_messages
from vdm_alerts.core.notifications.handover import Handover, separate_notifications, still_due
from vdm_alerts.core.notifications.notification import Notification
from vdm_alerts.core.notifications.service_notification import service_notification
from vdm_alerts.handlers import deliver
from vdm_alerts.handlers.invocation import Invocation

FLEET_MESSAGES, PIECES = fleet_messages, fleet._pieces
BLIND_TARGETS, SERVICE_NOTIFICATION = blind_targets, service_notification
ANSWERS_IN, RECORD_FAILURE = execution_files._answers_in, _Step._record_failure
SAVE, PUBLISH = Outbox._save, publish
"""What mutants call, and replace."""


def _due_after_any_run(handed_over: Handover, state: StoredState) -> Sequence[Notification]:
    return still_due(replace(handed_over, at=state.last_run or handed_over.at), state)


def _all_due(handed_over: Handover, state: StoredState) -> Sequence[Notification]:
    return handed_over.notifications if state.last_run == handed_over.at else ()


def _mark_delivered_first(
    state: StoredState, due: Sequence[Notification], now: datetime
) -> StoredState:
    return mark_delivered(state, due, now)


def _mark_delivered_at_evaluation(
    outbox: HandoverOutbox, due: Sequence[Notification], now: datetime
) -> History:
    history = outbox.history
    if isinstance(history, StoredState):
        outbox._save(mark_delivered(outbox.state, due, now), history)
    return outbox.history


def _load_under_one_lease(step: _Step, target: Target) -> StoredState:
    store, lease = step._ports.store, step._lease
    step._stack.enter_context(store.lease(HUB, lease.until, lease.taken, lease.owner))
    return store.load(target)


def _load_without_lease(step: _Step, target: Target) -> StoredState:
    return step._ports.store.load(target)


def _blind_without_absent_ones(
    expected: Iterable[FleetTarget], answers: Mapping[Target, TargetAnswer]
) -> Sequence[BlindTarget]:
    return BLIND_TARGETS([each for each in expected if each.target in answers], answers)


def _answers_without_failed_ones(results: Sequence[Mapping[str, Any]]) -> Any:
    for target, answer in ANSWERS_IN(results):
        is_failed = answer.status is Status.BLIND and "assume" not in answer.reason
        yield target, replace(answer, status=Status.SKIPPED) if is_failed else answer


def _never_about_one_target(_: Mapping[str, Any]) -> None:
    return None


def _id_of_invocation(invocation: Invocation) -> str:
    return invocation.context.aws_request_id


def _fail_at_once(step: _Step, target: Target, error: Exception) -> None:
    RECORD_FAILURE(step, target, error)
    raise error


def _publish_and_assume_success(*arguments: Any) -> bool:
    PUBLISH(*arguments)
    return True


def _notify_blindness_again(findings: Any, _: Any, *others: Any, **more: Any) -> Any:
    return SERVICE_NOTIFICATION(findings, (), *others, **more)


def _forget_the_end_of_blindness(findings: Any, notified: Any, *others: Any, **more: Any) -> Any:
    return SERVICE_NOTIFICATION(findings, notified, *others, **more) if findings else None


def _messages_without_limit(due: Iterable[TargetNotification], _: int) -> Sequence[FleetMessage]:
    return FLEET_MESSAGES(due, 1_000)


def _messages_within_limit(due: Iterable[TargetNotification], limit: int) -> Sequence[FleetMessage]:
    return FLEET_MESSAGES(due, 1_000)[:limit]


def _first_piece(message: FleetMessage) -> Sequence[FleetMessage]:
    return PIECES(message)[:1]


def _record_all(step: _Step, delivery: _Delivery, sent: Sequence[TargetNotification]) -> None:
    """Record what was sent for any target."""
    delivery.outbox.record_deliveries([part.notification for part in sent], step._now)


def _save_for_the_hub(outbox: Outbox, state: StoredState, replacing: StoredState) -> None:
    outbox._links = replace(outbox._links, target=HUB)
    SAVE(outbox, state, replacing)


def _forget_deliveries(
    outbox: UnsavedOutbox, sent: Sequence[Notification], now: datetime
) -> StoredState:
    del sent, now
    return outbox.state


def _with_digests(due: Iterable[Notification]) -> Iterable[Notification]:
    return due


FLEET_MUTANTS = (
    Mutant(
        "a handover is delivered after a later run",
        2,
        ("unexpected notification", "missing notification"),
        deliver_fleet,
        still_due,
        _due_after_any_run,
    ),
    Mutant(
        "a try of the delivery repeats what an earlier one delivered",
        2,
        ("unexpected notification",),
        deliver_fleet,
        still_due,
        _all_due,
    ),
    Mutant(
        "the delivery of a fleet saves notifications as sent before it sends them",
        1,
        ("missing notification", "wrong blind targets"),
        notify,
        mark_attempted,
        _mark_delivered_first,
    ),
    Mutant(
        "the evaluation saves what it hands over as delivered",
        1,
        ("missing notification",),
        HandoverOutbox,
        HandoverOutbox.record_attempts,
        _mark_delivered_at_evaluation,
    ),
    Mutant(
        "all targets share one lease",
        2,
        ("unexpected notification", "missing notification"),
        _Step,
        _Step._load,
        _load_under_one_lease,
    ),
    Mutant(
        "the delivery takes no lease",
        2,
        ("unexpected notification",),
        _Step,
        _Step._load,
        _load_without_lease,
    ),
    Mutant(
        "a target without an answer counts as evaluated",
        5,
        ("wrong blind targets",),
        deliver_fleet,
        blind_targets,
        _blind_without_absent_ones,
    ),
    Mutant(
        "a target whose evaluation failed counts as evaluated",
        5,
        ("wrong blind targets",),
        execution_files,
        ANSWERS_IN,
        _answers_without_failed_ones,
    ),
    Mutant(
        "a retry of an evaluation that died is skipped",
        5,
        ("wrong blind targets",),
        Invocation,
        Invocation._lease_owner,
        _id_of_invocation,
    ),
    Mutant(
        "an event about one target says that no other is blind",
        5,
        ("wrong blind targets",),
        deliver,
        target_of_event,
        _never_about_one_target,
    ),
    Mutant(
        "a target that cannot be delivered stops the others",
        1,
        ("missing notification", "unexpected error"),
        _Step,
        _Step._record_failure,
        _fail_at_once,
    ),
    Mutant(
        "a failed publish of a fleet counts as delivered",
        1,
        ("missing notification", "wrong blind targets"),
        deliver_fleet,
        publish,
        _publish_and_assume_success,
    ),
    Mutant(
        "a blind target is notified in every execution",
        2,
        ("unexpected notification",),
        deliver_fleet,
        service_notification,
        _notify_blindness_again,
    ),
    Mutant(
        "the end of blindness is not notified",
        5,
        ("wrong blind targets",),
        deliver_fleet,
        service_notification,
        _forget_the_end_of_blindness,
    ),
    Mutant(
        "an execution sends any number of messages",
        2,
        ("too many messages",),
        deliver_fleet,
        fleet_messages,
        _messages_without_limit,
    ),
    Mutant(
        "messages beyond the limit are dropped",
        1,
        ("missing notification", "wrong blind targets"),
        deliver_fleet,
        fleet_messages,
        _messages_within_limit,
    ),
    Mutant(
        "a message that names too many targets leaves some out",
        1,
        ("missing notification", "wrong blind targets"),
        fleet,
        PIECES,
        _first_piece,
    ),
    Mutant(
        "what was sent for one target is recorded in all",
        2,
        ("missing notification", "unexpected notification", "false alert", "false resolution"),
        _Step,
        _Step.record_deliveries,
        _record_all,
    ),
    Mutant(
        "the state of a target is saved as that of the hub",
        2,
        ("other target changed",),
        Outbox,
        Outbox._save,
        _save_for_the_hub,
    ),
    Mutant(
        "a handover without a state is delivered by every try",
        2,
        ("unexpected notification",),
        UnsavedOutbox,
        UnsavedOutbox.record_deliveries,
        _forget_deliveries,
    ),
    Mutant(
        "a digest of a target is handed over as a whole",
        1,
        ("missing notification",),
        hand_over,
        separate_notifications,
        _with_digests,
    ),
)
