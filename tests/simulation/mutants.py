"""What the proof is worth: the same service, broken on purpose, each way in one of its promises."""

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
from vdm_alerts.core.notifications.delivery import mark_delivered
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.observations.run_report import Summary, summary
from vdm_alerts.core.rules.rule_set import Rulebook, Written


@dataclass(frozen=True)
class Variant:
    """A way to break promise *promise*, by *patches*; the proof has to find one of *finds*."""

    name: str
    promise: int
    finds: tuple[str, ...]
    patches: dict[str, Any]

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the service be broken that way for the block."""
        with ExitStack() as broken:
            for what, other in self.patches.items():
                broken.enter_context(patch(what, other))
            yield


def _told_before_it_is(known: Memory, due: Sequence[Any], now: datetime) -> Memory:
    return mark_delivered(known, due, now)


def _always_told(send: Callable[..., bool]) -> Callable[..., bool]:
    def sent(*arguments: Any) -> bool:
        send(*arguments)
        return True

    return sent


def _counted_on(last: int, attempt: Attempt | None, news: str) -> int:
    del attempt, news
    return last + 1


def _zero(answer: Callable[..., Any]) -> Callable[..., Any]:
    def answered(self: Any, query: Any, *days: Any) -> Any:
        return Series({}) if query.scope in self.world.unknown else answer(self, query, *days)

    return answered


def _forgetful(book: Rulebook, last_good: dict[str, Written]) -> Rulebook:
    del last_good
    return book


def _all_or_nothing(book: Rulebook, last_good: dict[str, Written]) -> Rulebook:
    del last_good
    if book.unusable:
        message = "a rule is bad"
        raise ValueError(message)
    return book


def _unless_it_turned(gone: Callable[[Observation, Key], str]) -> Callable[[Observation, Key], str]:
    def gone_for(self: Observation, key: Key) -> str:
        rule = self.rules.get(key.rule)
        return gone(self, key._replace(indicator=rule.indicator if rule else key.indicator))

    return gone_for


def _always(*_: Any) -> bool:
    return True


def _unheard(one: Affected, now: datetime) -> Alert:
    del now
    return one.alert


def _forgotten(alert: Alert, why: str) -> Alert:
    del why
    return Alert(*alert.key)


def _for_ever(silences: Silences, now: datetime) -> Sequence[Silence]:
    del now
    return silences.silences


def _blind(*arguments: Any, **more: Any) -> Summary:
    return replace(summary(*arguments, **more), unread=0, series_unknown=0)


VARIANTS = (
    Variant(
        "what is due is saved as told, and then told",
        1,
        ("lost",),
        {"vdm_alerts.app.notify.mark_attempted": _told_before_it_is},
    ),
    Variant(
        "a message that failed is taken for delivered",
        1,
        ("lost",),
        {"vdm_alerts.app.notify.Outbox._is_sent": _always_told(notify.Outbox._is_sent)},
    ),
    Variant(
        "nobody remembers what was about to be said",
        2,
        ("beyond the promise",),
        {"vdm_alerts.core.notifications.incidents.numbered": _counted_on},
    ),
    Variant(
        "no lease keeps two runs apart",
        2,
        ("beyond the promise",),
        {"simulation.ports.Store.is_leased": False},
    ),
    Variant(
        "a run that has outlived its lease writes over the next one",
        2,
        ("beyond the promise", "lost"),
        {"simulation.ports.Store.is_fenced": False},
    ),
    Variant(
        "a reminder goes out at every run",
        2,
        ("beyond the promise",),
        {"vdm_alerts.core.notifications.incidents.is_to_be_repeated": _always},
    ),
    Variant(
        "nobody is taken to have heard of what may have gone out",
        1,
        ("lost",),
        {"vdm_alerts.core.notifications.affected.attempted": _unheard},
    ),
    Variant(
        "the end of what is watched no longer is not told",
        1,
        ("lost",),
        {"vdm_alerts.core.alerts.lifecycle.unwatched": _forgotten},
    ),
    Variant(
        "a silence never ends",
        1,
        ("lost",),
        {"vdm_alerts.core.muting.silences.Silences.lasting": _for_ever},
    ),
    Variant(
        "quiet hours hold back what is critical",
        1,
        ("lost",),
        {"vdm_alerts.core.notifications.incidents.Incident.is_urgent": False},
    ),
    Variant(
        "what is unknown for days is told to nobody",
        3,
        ("unseen",),
        {"vdm_alerts.core.observations.metric_reading.unreadable_for_long": lambda _: ()},
    ),
    Variant(
        "what is unknown is zero",
        3,
        ("wrongly resolved", "wrongly told"),
        {"simulation.ports.Mail.answer": _zero(ports.Mail.answer)},
    ),
    Variant(
        "nobody minds that a rule is about another rate by now",
        1,
        ("lost",),
        {
            "vdm_alerts.core.observations.observation.Observation.closed_because": _unless_it_turned(
                Observation.closed_because
            )
        },
    ),
    Variant(
        "a bad rule is forgotten",
        4,
        ("lost",),
        {"vdm_alerts.core.rules.rule_set.Rulebook.with_last_good": _forgetful},
    ),
    Variant(
        "a bad rule stops the others",
        4,
        ("lost", "bad rule"),
        {"vdm_alerts.core.rules.rule_set.Rulebook.with_last_good": _all_or_nothing},
    ),
    Variant(
        "what could not be read is counted as read",
        5,
        ("unseen",),
        {"vdm_alerts.app.evaluate.summary": _blind},
    ),
)
"""Every one of them has to be caught."""
