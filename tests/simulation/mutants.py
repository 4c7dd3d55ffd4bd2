"""Mutants: the service with one guarantee broken on purpose, which the simulation must detect."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

from simulation import ports
from vdm_alerts.app import notify
from vdm_alerts.core.alerts.alert import Alert, Key
from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.muting.silences import Silence, Silences
from vdm_alerts.core.notifications.affected import Affected
from vdm_alerts.core.notifications.due import delivering
from vdm_alerts.core.observations.observation import Gathered
from vdm_alerts.core.observations.run_report import Summary, summary
from vdm_alerts.core.rules.rule_set import Rulebook, Written


@dataclass(frozen=True)
class Mutant:
    """The service with a change that breaks one guarantee."""

    name: str
    guarantee: int
    detected_as: tuple[str, ...]
    """The kinds of violation, of which the oracle must report one."""
    patches: dict[str, Any]
    """The replacement of each patched attribute, by its dotted path."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply the change for the block."""
        with ExitStack() as stack:
            for path, replacement in self.patches.items():
                stack.enter_context(patch(path, replacement))
            yield


def _mark_delivered_first(known: Memory, due: Sequence[Any], now: datetime) -> Memory:
    return delivering(known, due, now)


def _always_successful(send: Callable[..., bool]) -> Callable[..., bool]:
    def sent(*arguments: Any) -> bool:
        send(*arguments)
        return True

    return sent


def _next_number(last: int, attempt: Attempt | None, fingerprint: str) -> int:
    del attempt, fingerprint
    return last + 1


def _zero_if_unreadable(answer: Callable[..., Any]) -> Callable[..., Any]:
    def answered(self: Any, query: Any, *days: Any) -> Any:
        return Series({}) if query.scope in self.world.unreadable else answer(self, query, *days)

    return answered


def _without_last_version(book: Rulebook, last_good: dict[str, Written]) -> Rulebook:
    del last_good
    return book


def _fail_if_any_is_invalid(book: Rulebook, last_good: dict[str, Written]) -> Rulebook:
    del last_good
    if book.unusable:
        message = "a rule is invalid"
        raise ValueError(message)
    return book


def _ignoring_the_indicator(
    gone: Callable[[Gathered, Key], str],
) -> Callable[[Gathered, Key], str]:
    def gone_for(self: Gathered, key: Key) -> str:
        rule = self.rules.get(key.rule)
        return gone(self, key._replace(indicator=rule.indicator if rule else key.indicator))

    return gone_for


def _always(*_: Any) -> bool:
    return True


def _as_before(affected: Affected, now: datetime) -> Alert:
    del now
    return affected.alert


def _reset(alert: Alert, why: str) -> Alert:
    del why
    return Alert(*alert.key)


def _unexpiring(silences: Silences, now: datetime) -> Sequence[Silence]:
    del now
    return silences.silences


def _all_read(*arguments: Any, **more: Any) -> Summary:
    return replace(summary(*arguments, **more), unread=0, series_unknown=0)


def _without_check(*_: Any) -> None:
    pass


MUTANTS = (
    Mutant(
        "due notifications are saved as sent before they are sent",
        1,
        ("missing notification",),
        {"vdm_alerts.app.evaluate.attempting": _mark_delivered_first},
    ),
    Mutant(
        "a failed publish counts as delivered",
        1,
        ("missing notification",),
        {"vdm_alerts.app.evaluate._sent": _always_successful(notify._sent)},
    ),
    Mutant(
        "a repeat gets a new sequence number",
        2,
        ("unexpected notification",),
        {"vdm_alerts.core.notifications.incidents.numbered": _next_number},
    ),
    Mutant(
        "two runs may hold the lease",
        2,
        ("unexpected notification",),
        {"vdm_alerts.adapters.memory.MemoryTable.take_lease": _without_check},
    ),
    Mutant(
        "a run whose lease expired overwrites the next run's state",
        2,
        ("unexpected notification", "missing notification"),
        {"vdm_alerts.adapters.memory.MemoryTable.require_version": _without_check},
    ),
    Mutant(
        "a reminder is sent in every run",
        2,
        ("unexpected notification",),
        {"vdm_alerts.core.notifications.incidents.is_to_be_repeated": _always},
    ),
    Mutant(
        "an unconfirmed notification counts as not delivered",
        1,
        ("missing notification",),
        {"vdm_alerts.core.notifications.affected.attempted": _as_before},
    ),
    Mutant(
        "no notification is sent when a scope is no longer monitored",
        1,
        ("missing notification",),
        {"vdm_alerts.app.evaluate.unwatched": _reset},
    ),
    Mutant(
        "a silence never expires",
        1,
        ("missing notification",),
        {"vdm_alerts.core.muting.silences.Silences.lasting": _unexpiring},
    ),
    Mutant(
        "quiet hours hold back critical notifications",
        1,
        ("missing notification",),
        {"vdm_alerts.core.notifications.incidents.Incident.is_urgent": False},
    ),
    Mutant(
        "scopes that are unreadable for days are not reported",
        3,
        ("unreported failure",),
        {"vdm_alerts.core.observations.metric_reading.Survey.unread_for_long": ()},
    ),
    Mutant(
        "an unreadable rate counts as zero",
        3,
        ("false resolution", "false alert"),
        {"simulation.ports.Vdm.answer": _zero_if_unreadable(ports.Vdm.answer)},
    ),
    Mutant(
        "an alert survives a change of its rule's indicator",
        1,
        ("missing notification",),
        {
            "vdm_alerts.core.observations.observation.Gathered.gone": _ignoring_the_indicator(
                Gathered.gone
            )
        },
    ),
    Mutant(
        "an invalid rule loses its last valid version",
        4,
        ("missing notification",),
        {"vdm_alerts.core.rules.rule_set.Rulebook.with_last_good": _without_last_version},
    ),
    Mutant(
        "an invalid rule disables all others",
        4,
        ("missing notification", "wrong rule status"),
        {"vdm_alerts.core.rules.rule_set.Rulebook.with_last_good": _fail_if_any_is_invalid},
    ),
    Mutant(
        "metrics count unreadable data as read",
        5,
        ("unreported failure",),
        {"vdm_alerts.app.evaluate.summary": _all_read},
    ),
)
