"""Duplicates: whether each was allowed, and has the sequence number and content of the first."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from simulation.delivered import has_history, incidents_in, number_of, scope_of
from simulation.world import Delivery
from vdm_alerts.core.notifications.service_notification import SERVICE

MIN_REMINDER_INTERVAL = timedelta(hours=12)
Number: TypeAlias = tuple[str, int]
"""A notification's id and sequence number."""
Content: TypeAlias = tuple[tuple[str, ...], ...]
"""What a notification lists: of each part its name, in one or more texts, and its state."""
Listing: TypeAlias = tuple[Content, int]
"""What a notification lists, and how many parts it has with those that it only counts."""


@dataclass
class Repeats:
    """Counts duplicates and reports those that are not allowed.

    A duplicate is allowed after a run that could not know that its message was delivered, or could
    not store it.
    """

    report: Callable[[str, object], None]
    """Takes the kind and the details of each violation."""
    excuses: Counter[str]
    """How often a guarantee did not hold, or may not, for a reason that it names."""
    duplicates: Counter[str] = field(default_factory=Counter)
    """How often a notification was sent again, by its id."""
    allowed: Counter[str] = field(default_factory=Counter)
    """How many duplicates were allowed, by the notification's id."""
    sent: set[Number] = field(default_factory=set)
    _contents: dict[Number, Listing] = field(default_factory=dict)
    _confirmed: set[Number] = field(default_factory=set)
    _reminders: dict[str, Delivery] = field(default_factory=dict)

    def check(self, delivery: Delivery, *, may_repeat: bool) -> None:
        """Check *delivery*, which *may_repeat* others if a lease had expired."""
        actor = delivery.actor
        is_allowed = may_repeat or actor.has_trouble
        for number, listing, is_followed_up in _notifications_in(delivery.document):
            first = self._contents.setdefault(number, listing)
            if not _may_be_same(first, listing):
                self._report(f"{number} has content {listing[0]}, and had another before")
            elif first != listing:
                self.excuses["repeated message that lists fewer or more of its scopes"] += 1
            if not is_followed_up:
                continue
            if number in self._confirmed and not may_repeat:
                self._report(f"{number} was confirmed before")
            self.duplicates[number[0]] += number in self.sent
            self.allowed[number[0]] += is_allowed
            if self.duplicates[number[0]] > self.allowed[number[0]]:
                self._report(f"{number} was sent more often than allowed")
            self.sent.add(number)

    def check_reminder(self, delivery: Delivery, incident: Mapping[str, Any]) -> None:
        """Check that a new reminder of *incident* does not follow too soon on the last."""
        if incident["reason"] == "REPEAT" and number_of(incident) not in self._contents:
            last = self._reminders.get(incident["id"])
            if last and last.is_confirmed and delivery.now - last.now < MIN_REMINDER_INTERVAL:
                self._report(f"{incident['id']} had a reminder at {last.now}")
            self._reminders[incident["id"]] = delivery

    def confirm(self, delivery: Delivery) -> None:
        """Note that the service knows of *delivery*."""
        notifications = _notifications_in(delivery.document)
        self._confirmed |= {number for number, _, is_followed_up in notifications if is_followed_up}

    def forget_summaries(self) -> None:
        """Note that the service forgot which weekly summary it has sent."""
        for number in [*self._confirmed]:
            if number[0].startswith("weekly-"):
                self._confirmed.discard(number)
                self.allowed[number[0]] += 1

    def _report(self, details: str) -> None:
        self.report("unexpected notification", details)


def content_of(incident: Mapping[str, Any]) -> Content:
    """Return each affected rule and scope with its severity, or with the reason if it is OK."""
    states = [
        (
            one["rule"],
            str(scope_of(one)),
            one["reason"] if one["severity"] == "OK" else one["severity"],
        )
        for one in incident["affected"]
    ]
    return tuple(sorted(states))


def _may_be_same(first: Listing, second: Listing) -> bool:
    """Say whether two messages with these listings may have the same content.

    A message that has no room for all scopes lists fewer if their figures have more digits. So the
    listings may differ in what the other one only counts, but not in the state of any scope.
    """
    (first_parts, first_total), (second_parts, second_total) = first, second
    states: dict[tuple[str, ...], str] = {}
    for *name, state in (*first_parts, *second_parts):
        if states.setdefault(tuple(name), state) != state:
            return False
    return first_total == second_total >= len(states)


def _notifications_in(document: Mapping[str, Any]) -> Iterator[tuple[Number, Listing, bool]]:
    """Yield number and listing of each notification, and whether it had the alert history."""
    if document["id"] == SERVICE:
        # Problems that were listed before precede others of the same severity in a retry.
        parts = [(_problem(finding), "open") for finding in document["findings"]]
        parts += [(_problem(finding), "fixed") for finding in document["fixed"]]
        yield number_of(document), (tuple(sorted(parts)), len(parts)), True
    if document["kind"] == "weekly":  # One that is sent again can have newer figures.
        yield number_of(document), ((), 0), True
    for incident in incidents_in(document):
        listing = content_of(incident), incident["affected_total"]
        yield number_of(incident), listing, has_history(incident)


def _problem(finding: Mapping[str, Any]) -> str:
    """Return *finding* without the last error of a source that has failed for days.

    The error can differ in each run, so it is not part of the problem.
    """
    headline, failed, _ = finding["headline"].partition("has failed for more than a day")
    return str({**finding, "headline": headline + failed})
