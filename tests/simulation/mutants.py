"""Mutants: the service with one guarantee broken on purpose, which the simulation must detect."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from unittest.mock import patch

from simulation.ports import SLOW_CALLS, Vdm
from simulation.world import MAX_CALL_TIME
from vdm_alerts.adapters.aws import codec, dynamodb_items, pages
from vdm_alerts.adapters.aws.dynamodb_items import Item
from vdm_alerts.adapters.aws.dynamodb_reading import _Contents
from vdm_alerts.adapters.memory import MemoryTable
from vdm_alerts.app import evaluate, notify
from vdm_alerts.app.notify import Outbox
from vdm_alerts.core.alerts import lifecycle
from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.alerts.lifecycle import close
from vdm_alerts.core.alerts.sequence import SendAttempt, next_sequence
from vdm_alerts.core.alerts.stored_state import StoredState, SubscriberCount
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.errors import LeaseHeldError
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silence, Silences
from vdm_alerts.core.notifications import affected, delivery, incidents, service_notification
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.delivery import mark_attempted, mark_delivered
from vdm_alerts.core.notifications.incidents import IncidentNotification
from vdm_alerts.core.notifications.notification import Notification
from vdm_alerts.core.notifications.reasons import is_reminder_due
from vdm_alerts.core.notifications.weekly_summary import WeeklySummary
from vdm_alerts.core.observations import metric_reading, next_state
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.observations.run_report import RunReport, report_run
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText

PUBLISH, ANSWER, CLOSED_BECAUSE = Outbox.publish, Vdm.answer, Observation.closed_because
READ_ITEM, READ_ALERT = _Contents.read, _Contents._read_alert
"""What mutants call, and replace."""


def is_urgent(incident: IncidentNotification) -> bool:
    """Stand for the property of that name."""
    return incident.is_urgent


def severity(summary: WeeklySummary) -> Severity | None:
    """Stand for the property of that name."""
    return summary.severity


@dataclass(frozen=True)
class Mutant:
    """The service with a change that breaks one guarantee."""

    name: str
    guarantee: int
    detected_as: tuple[str, ...]
    """The kinds of violation, of which the oracle must report one."""
    owner: Any
    """The module or class in which the service looks up what is replaced."""
    original: Callable[..., Any]
    """The function that is replaced there."""
    replacement: Any

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply the change for the block."""
        with patch.object(self.owner, self.original.__name__, self.replacement):
            yield


def _mark_delivered_first(known: StoredState, due: Sequence[Any], now: datetime) -> StoredState:
    return mark_delivered(known, due, now)


def _mark_weekly_summary_first(
    known: StoredState, due: Sequence[Any], now: datetime
) -> StoredState:
    weekly = [notification for notification in due if isinstance(notification, WeeklySummary)]
    return mark_attempted(mark_delivered(known, weekly, now), due, now)


def _with_old_week(state: StoredState, day: date, now: datetime) -> StoredState:
    del day, now
    return state


def _publish_and_assume_success(
    outbox: Outbox, due: Sequence[Notification], now: datetime
) -> list[Notification]:
    PUBLISH(outbox, due, now)
    return list(due)


def _next_number(last: int, attempt: SendAttempt | None, fingerprint: str) -> int:
    del attempt, fingerprint
    return last + 1


def _zero_if_unreadable(vdm: Vdm, query: Query, window: Window, last: date) -> Series | Gap:
    is_unreadable = query.scope in vdm.world.unreadable
    return Series({}) if is_unreadable else ANSWER(vdm, query, window, last)


def _without_last_version(book: RuleSet, last_good: dict[str, RuleText]) -> RuleSet:
    del last_good
    return book


def _fail_if_any_is_invalid(book: RuleSet, last_good: dict[str, RuleText]) -> RuleSet:
    del last_good
    if book.invalid:
        message = "a rule is invalid"
        raise ValueError(message)
    return book


def _closed_because_ignoring_the_indicator(observation: Observation, key: AlertKey) -> str:
    rule = observation.rules.get(key.rule)
    indicator = rule.indicator if rule else key.indicator
    return CLOSED_BECAUSE(observation, key._replace(indicator=indicator))


def _always(*_: Any) -> bool:
    return True


def _never(_: IncidentNotification) -> bool:
    return False


def _none(_: object) -> tuple[()]:
    return ()


def _as_before(scope: AffectedScope, now: datetime) -> Alert:
    del now
    return scope.alert


def _reset(alert: Alert, why: str) -> Alert:
    del why
    return Alert(*alert.key)


def _last_count(
    before: StoredState, confirmed: int | None, now: datetime
) -> SubscriberCount | None:
    del before
    return None if confirmed is None else SubscriberCount(confirmed, now)


def _unexpiring(silences: Silences, now: datetime) -> Sequence[Silence]:
    del now
    return silences.silences


def _all_read(*arguments: Any, **more: Any) -> RunReport:
    return replace(report_run(*arguments, **more), unreadable=0, series_unknown=0)


def _without_check(*_: Any) -> None:
    pass


def _read_pages_without_deadline(
    action: str, call: Callable[..., Any], deadline: Deadline, **arguments: object
) -> Iterator[Any]:
    del action, deadline
    page = call(**arguments)
    yield page
    while token := page.get("NextToken"):
        page = call(**arguments, NextToken=token)
        yield page


def _always_in_time(vdm: Vdm, deadline: Deadline) -> bool:
    del deadline
    vdm.actor.wait(SLOW_CALLS * MAX_CALL_TIME * vdm.actor.is_vdm_slow)
    return True


def _all_listed(new: Sequence[Finding], limit: int, _: object) -> tuple[list[Finding], list[Any]]:
    del limit
    return [*new], []


def _whole_text(text: str, limit: int) -> str:
    del limit
    return text


def _read_intact_alert(contents: _Contents, name: str, item: Item) -> None:
    READ_ALERT(contents, name, item)
    for key in [key for key, alert in contents.alerts.items() if alert.history_lost]:
        del contents.alerts[key]


def _read_any_alert(contents: _Contents, name: str, item: Item) -> None:
    try:
        alert = codec.decode(item["record"], Alert)
    except codec.UnreadableRecordError:
        READ_ALERT(contents, name, item)
    else:
        contents.alerts[alert.key] = alert


def _read_known_item(contents: _Contents, item: Item) -> None:
    with suppress(codec.LaterSchemaError):
        READ_ITEM(contents, item)


def _take_lease_of_any_duration(
    table: MemoryTable, target: Target, owner: object, until: datetime, now: datetime
) -> None:
    holder, expires = table.leases.get(target, (owner, until))
    if holder != owner and now <= expires:
        raise LeaseHeldError("another run is acting")
    table.leases[target] = owner, until


MUTANTS = (
    Mutant(
        "due notifications are saved as sent before they are sent",
        1,
        ("missing notification",),
        notify,
        mark_attempted,
        _mark_delivered_first,
    ),
    Mutant(
        "a failed publish counts as delivered",
        1,
        ("missing notification",),
        Outbox,
        Outbox.publish,
        _publish_and_assume_success,
    ),
    Mutant(
        "a repeat gets a new sequence number",
        2,
        ("unexpected notification",),
        incidents,
        next_sequence,
        _next_number,
    ),
    Mutant(
        "two runs may hold the lease",
        2,
        ("unexpected notification",),
        MemoryTable,
        MemoryTable.take_lease,
        _without_check,
    ),
    Mutant(
        "a run whose lease expired overwrites the next run's state",
        2,
        ("unexpected notification", "missing notification"),
        MemoryTable,
        MemoryTable.require_version,
        _without_check,
    ),
    Mutant(
        "a reminder is sent in every run",
        2,
        ("unexpected notification",),
        incidents,
        is_reminder_due,
        _always,
    ),
    Mutant(
        "an unconfirmed notification counts as not delivered",
        1,
        ("missing notification",),
        affected,
        affected.alert_when_attempted,
        _as_before,
    ),
    Mutant(
        "no notification is sent when a scope is no longer monitored",
        1,
        ("missing notification",),
        lifecycle,
        close,
        _reset,
    ),
    Mutant(
        "a silence never expires",
        1,
        ("missing notification",),
        Silences,
        Silences.in_effect,
        _unexpiring,
    ),
    Mutant(
        "quiet hours hold back critical notifications",
        1,
        ("missing notification",),
        IncidentNotification,
        is_urgent,
        property(_never),
    ),
    Mutant(
        "scopes that are unreadable for days are not reported",
        3,
        ("unreported failure",),
        metric_reading,
        metric_reading.unreadable_for_long,
        _none,
    ),
    Mutant(
        "an unreadable rate counts as zero",
        3,
        ("false resolution", "false alert"),
        Vdm,
        Vdm.answer,
        _zero_if_unreadable,
    ),
    Mutant(
        "an alert survives a change of its rule's indicator",
        1,
        ("missing notification",),
        Observation,
        Observation.closed_because,
        _closed_because_ignoring_the_indicator,
    ),
    Mutant(
        "an invalid rule loses its last valid version",
        4,
        ("missing notification",),
        RuleSet,
        RuleSet.with_last_valid,
        _without_last_version,
    ),
    Mutant(
        "an invalid rule disables all others",
        4,
        ("missing notification", "wrong rule status"),
        RuleSet,
        RuleSet.with_last_valid,
        _fail_if_any_is_invalid,
    ),
    Mutant(
        "the end of a subscription is forgotten before it is sent",
        5,
        ("missing notification",),
        next_state,
        next_state._expected_subscribers,
        _last_count,
    ),
    Mutant(
        "metrics count unreadable data as read",
        5,
        ("unreported failure",),
        evaluate,
        report_run,
        _all_read,
    ),
    Mutant(
        "a list is read without a deadline",
        1,
        ("out of time",),
        pages,
        pages.read_pages,
        _read_pages_without_deadline,
    ),
    Mutant(
        "VDM is read without a deadline",
        1,
        ("out of time",),
        Vdm,
        Vdm.is_in_time,
        _always_in_time,
    ),
    Mutant(
        "a notification lists any number of problems",
        2,
        ("unexpected notification",),
        service_notification,
        service_notification._split,
        _all_listed,
    ),
    Mutant(
        "a key contains names of any length",
        2,
        ("unexpected notification",),
        dynamodb_items,
        bounded,
        _whole_text,
    ),
    Mutant(
        "a damaged alert is forgotten",
        2,
        ("unexpected notification",),
        _Contents,
        _Contents._read_alert,
        _read_intact_alert,
    ),
    Mutant(
        "an alert is not compared with its key",
        2,
        ("unexpected notification", "missing notification", "false alert", "false resolution"),
        _Contents,
        _Contents._read_alert,
        _read_any_alert,
    ),
    Mutant(
        "a lease lasts as long as it says",
        1,
        ("no recovery",),
        MemoryTable,
        MemoryTable.take_lease,
        _take_lease_of_any_duration,
    ),
    Mutant(
        "an item of a later version counts as none",
        2,
        ("overwritten item",),
        _Contents,
        _Contents.read,
        _read_known_item,
    ),
    Mutant(
        "damage is reported only by the run that finds it",
        5,
        ("unreported failure",),
        next_state,
        next_state._is_notified,
        _always,
    ),
    Mutant(
        "a weekly summary counts as sent when it is attempted",
        1,
        ("missing notification",),
        notify,
        mark_attempted,
        _mark_weekly_summary_first,
    ),
    Mutant(
        "a weekly summary stays requested",
        2,
        ("unexpected notification",),
        delivery,
        delivery._with_new_week,
        _with_old_week,
    ),
    Mutant(
        "a weekly summary is OK whatever is open",
        3,
        ("misleading notification",),
        WeeklySummary,
        severity,
        None,
    ),
)
