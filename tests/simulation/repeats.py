"""What is said again: how often that is allowed, and that it says the same by the same number."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from simulation.delivered import incidents_in, number_of, scope_of
from simulation.world import Delivery
from vdm_alerts.core.notifications.notification import SERVICE

BETWEEN_REMINDERS = timedelta(hours=12)
"""How far apart they are at the least, whenever runs come."""
Number: TypeAlias = tuple[str, int]
Content: TypeAlias = tuple[Any, ...]


@dataclass
class Repeats:
    """Keeps the numbers of all that was said; says what is wrong with them to *finds*.

    *twice* counts what was said again, and *excused* how often that was allowed: where a message
    went out in a run that could not know so, or not keep it; by the id of each.
    """

    finds: Callable[[str, object], None]
    twice: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    said: set[Number] = field(default_factory=set)
    _contents: dict[Number, Content] = field(default_factory=dict)
    _settled: set[Number] = field(default_factory=set)
    _reminded: dict[str, Delivery] = field(default_factory=dict)

    def looks_at(self, delivery: Delivery, *, may_repeat: bool) -> None:
        """Look at *delivery*, which *may repeat* what went out while a lease had run out."""
        is_excused = bool(may_repeat or delivery.actor.struck or delivery.actor.down)
        for number, content, is_remembered in _said_in(delivery.document):
            if self._contents.setdefault(number, content) != content:
                self._beyond(f"{number} says {content} and then something else")
            if not is_remembered:
                continue
            if number in self._settled and not may_repeat:
                self._beyond(f"{number} was known to have gone out")
            self.twice[number[0]] += number in self.said
            self.excused[number[0]] += is_excused
            if self.twice[number[0]] > self.excused[number[0]]:
                self._beyond(f"{number} is one time too many")
            self.said.add(number)

    def looks_at_reminder(self, delivery: Delivery, incident: Mapping[str, Any]) -> None:
        """See that reminders of *incident* are days apart, unless this one was said before."""
        if incident["reason"] == "REPEAT" and number_of(incident) not in self._contents:
            last = self._reminded.get(incident["id"])
            if last and last.is_confirmed and delivery.now - last.now < BETWEEN_REMINDERS:
                self._beyond(f"{incident['id']} is repeated since {last.now}")
            self._reminded[incident["id"]] = delivery

    def settles(self, delivery: Delivery) -> None:
        """Take *delivery* for one that is known to have gone out."""
        said = _said_in(delivery.document)
        self._settled |= {number for number, _, is_remembered in said if is_remembered}

    def _beyond(self, details: str) -> None:
        self.finds("beyond the promise", details)


def content_of(incident: Mapping[str, Any]) -> Content:
    """Return what is said of whom: how bad it is, or in which way that is over."""
    named = [
        (str(scope_of(one)), one["reason"] if one["severity"] == "OK" else one["severity"])
        for one in incident["affected"]
    ]
    return tuple(sorted(named))


def _said_in(document: Mapping[str, Any]) -> Iterator[tuple[Number, Content, bool]]:
    """Yield the number and content of all that is told; is it known what was told before?"""
    if document["id"] == SERVICE:
        yield number_of(document), (str(document["findings"]), str(document["gone"])), True
    for incident in incidents_in(document):
        yield number_of(incident), content_of(incident), incident["remembered"]
