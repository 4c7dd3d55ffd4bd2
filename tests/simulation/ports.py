"""The ports of a run over a world, each effect by the hands of the run's actor.

Items of the table are as DynamoDB holds them, written in transactions of a few, so that a save of
several can break off in the middle.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from builders import ORIGIN

from simulation.rules import parsed, source_of
from simulation.world import LASTS, Actor, Delivery, Dies, Sight, World
from vdm_alerts.adapters.aws.dynamodb_items import (
    STATE,
    Write,
    changes,
    memory_of,
    packed,
    run_item,
)
from vdm_alerts.app.evaluate import Lease, run
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.account import Standing
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.errors import Busy, Superseded
from vdm_alerts.core.model.findings import Finding, Hindrance
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_report import Reading, Summary
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import Roster
from vdm_alerts.core.rules.rule_set import Rulebook, Written
from vdm_alerts.ports import Ports

MOST = 3
"""Writes in a transaction here: few, so that saves come in parts."""


def acts(world: World, actor: Actor, now: datetime | None = None) -> Actor:
    """Have *actor* run in *world*, as of *now*; whatever it ends in is its outcome."""
    taken = actor.now = now or world.now
    actor.down = world.down
    ports = ports_of(world, actor)
    try:
        run(ports, ORIGIN, taken, Lease(taken, taken + LASTS), quiet_hours=world.quiet_hours)
    except Dies:
        actor.outcome = "died"
    except Exception as error:  # noqa: BLE001 - whatever it is, Lambda would try again
        actor.outcome = type(error).__name__
    else:
        actor.outcome = "done"
    return actor


def ports_of(world: World, actor: Actor) -> Ports:
    """Return *world* as the run of *actor* meets it."""
    return Ports(
        rules=_Rules(world, actor),
        silences=_Silences(world, actor),
        account=_Account(world, actor),
        series=Mail(world, actor),
        rosters=_Rosters(world, actor),
        store=Store(world, actor),
        notifier=_Topic(world, actor),
        recorder=_Recorder(world, actor),
    )


@dataclass(frozen=True)
class _Hand:
    world: World
    actor: Actor


class _Rules(_Hand):
    def rules(self) -> Rulebook:
        return self.actor.does("rules", self._book)

    def _book(self) -> Rulebook:
        texts = self.world.rules
        rules = {name: rule for name, text in texts.items() if (rule := parsed(name, text))}
        bad = {name: _bad(name) for name in texts if name not in rules}
        written = {name: Written(texts[name], source_of(name)) for name in rules}
        return Rulebook(rules, bad, (), written)


def _bad(name: str) -> Finding:
    return Finding(source_of(name), f"The rule {name} cannot be used", "Edit it")


class _Silences(_Hand):
    def silences(self) -> Silences:
        return self.actor.does("silences", lambda: Silences([*self.world.silences.values()]))


class _Account(_Hand):
    def standing(self) -> Standing:
        return self.actor.does("standing", lambda: Standing(vdm_enabled=True))

    def identities(self) -> Sequence[Scope]:
        return self.actor.does("identities", lambda: self.world.senders)

    def configuration_sets(self) -> Sequence[Scope]:
        return self.world.sets

    def tenants(self) -> Sequence[Scope]:
        return ()


class Mail(_Hand):
    """A thousand mails an hour from each sender, of which as many bounce as a day's level says."""

    def read(
        self, queries: Sequence[Query], window: Window, last: date, _: Deadline
    ) -> Mapping[Query, Series | Gap]:
        return self.actor.does(
            "read", lambda: {query: self.answer(query, window, last) for query in queries}
        )

    def answer(self, query: Query, window: Window, last: date) -> Series | Gap:
        """Return what VDM says to *query*."""
        world, scope = self.world, query.scope
        if world.mail:
            return world.mail(query, [last - timedelta(days=age) for age in range(60)], world.now)
        if {scope, query} & world.unknown:
            return Gap.UNAVAILABLE
        if scope.isp:
            return Series({})
        if query.metric is Metric.PERMANENT_BOUNCE:
            days = tuple(world.level(scope, last - timedelta(days=age)) for age in range(3))
            world.seen.append(Sight(scope, days, world.rules))
        dates = [last - timedelta(days=age) for age in range(min(window.days, 12))]
        size = len(world.levels) if scope == ACCOUNT else 1
        mails = {day: self._mails(day) * size for day in dates}
        if query.metric is Metric.SEND:
            return Series(mails)
        if query.metric is Metric.PERMANENT_BOUNCE:
            return Series(
                {day: round(mails[day] * world.level(scope, day) / 1_000) for day in dates}
            )
        return Series({})

    def _mails(self, day: date) -> int:
        """Return how much mail a sender has sent on *day* by now: a thousand an hour."""
        midnight = datetime.combine(day, time(), self.world.now.tzinfo)
        gone = (self.world.now - midnight) / timedelta(hours=1)
        return round(1_000 * min(24.0, max(0.5, gone)))


class _Rosters(_Hand):
    def load(self, _: Target) -> Roster:
        return self.actor.does("load the roster", lambda: self.world.roster)

    def save(self, _: Target, roster: Roster) -> None:
        self.actor.does("save the roster", lambda: setattr(self.world, "roster", roster))


class Store(_Hand):
    """A table that is written in transactions of a few, by who has the lease and its version."""

    is_leased: ClassVar = True
    is_fenced: ClassVar = True

    @contextmanager
    def lease(self, _: Target, until: datetime, now: datetime) -> Iterator[None]:
        self.actor.does("lease", lambda: self._take(until, now))
        try:
            yield
        finally:
            with suppress(Hindrance):  # It runs out.
                self.actor.does("release", self._release)

    def _take(self, until: datetime, now: datetime) -> None:
        holder = self.world.holder
        if self.is_leased and holder and holder[0] is not self.actor and holder[1] > now:
            raise Busy("another run is acting")
        self.world.holder = self.actor, until

    def _release(self) -> None:
        if self.world.holder and self.world.holder[0] is self.actor:
            self.world.holder = None

    def load(self, _: Target) -> Memory:
        return self.actor.does("load", lambda: memory_of([*self.world.items.values()]))

    def save(
        self, target: Target, memory: Memory, replacing: Memory, history: Sequence[Transition] = ()
    ) -> Memory:
        *earlier, last = packed(changes(target, memory, replacing, history), MOST)
        for writes in earlier:
            replacing = self._write(replacing, writes, replacing.version)
        saved = self._write(memory, last, replacing.version)
        for delivery in self.world.delivered:
            # Answered or not, it was taken for told only if the run says so.
            if delivery.actor is self.actor and _is_settled(memory, delivery.document):
                delivery.is_confirmed = True
        return saved

    def _write(self, memory: Memory, writes: Sequence[Write], version: int) -> Memory:
        def write() -> Memory:
            stored = self.world.items.get("run", {}).get("version", 0)
            if self.is_fenced and stored != version:
                raise Superseded("another run has saved since")
            for what, details in writes:
                if what == "Delete":
                    self.world.items.pop(details["Key"]["sk"], None)
                elif details["Item"]["pk"].startswith(STATE):
                    self.world.items[details["Item"]["sk"]] = details["Item"]
                else:
                    self.world.history.append(details["Item"])
            after = replace(memory, version=version + 1)
            self.world.items["run"] = run_item(ORIGIN, after)
            return after

        return self.actor.does("save", write)


def _is_settled(memory: Memory, document: Mapping[str, Any]) -> bool:
    """Say whether *memory* has no doubt left of the message with *document*."""
    ids = {document["id"], *(each["id"] for each in document.get("incidents", ()))}
    return not ids & memory.attempts.keys()


class _Topic(_Hand):
    def publish(self, message: Message) -> None:
        def deliver() -> None:
            document = json.loads(message.document)
            now = datetime.fromisoformat(document["at"])
            self.world.delivered.append(Delivery(now, document, self.actor, len(self.world.seen)))

        self.actor.does("publish", deliver)

    def subscribers(self) -> int:
        return self.actor.does("count subscribers", lambda: self.world.subscribers)


class _Recorder(_Hand):
    def record(self, target: Target, summary: Summary, _: Sequence[Reading]) -> None:
        self.actor.does("record", lambda: self.world.recorded.append((self.actor, summary)))
