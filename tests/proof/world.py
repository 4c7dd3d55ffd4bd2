"""A world around runs: an account, a table, a topic and a clock, any step of which may fail.

All that a run does to the world goes through the hands of an `Actor`, one effect at a time. Before
and after each effect the function may die, or the effect may fail, or happen without an answer; and
another run may come in between. Items of the table are as DynamoDB holds them, written in
transactions of a few, so that a save of several can break off in the middle.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from builders import ORIGIN

from vdm_alerts.aws.items import MEMORY, Write, changes, memory_of, packed, run_item
from vdm_alerts.core.config import BadRule, parse_rule
from vdm_alerts.core.findings import Finding, Hindrance
from vdm_alerts.core.history import Transition
from vdm_alerts.core.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.quiet_hours import QuietHours
from vdm_alerts.core.rates import Gap
from vdm_alerts.core.reading.queries import Query
from vdm_alerts.core.reading.roster import Roster
from vdm_alerts.core.rulebook import Rulebook, Written
from vdm_alerts.core.rules import Rule
from vdm_alerts.core.silences import Silence, Silences
from vdm_alerts.core.telling.messages import Message
from vdm_alerts.ports import (
    Busy,
    Memory,
    Ports,
    Reading,
    Standing,
    Summary,
    Superseded,
    Unavailable,
)
from vdm_alerts.run import Lease, run

T = TypeVar("T")

MOST = 3
"""Writes in a transaction here: few, so that saves come in parts."""
LASTS = timedelta(minutes=15)
"""How long a lease lasts."""
SERVICES = {
    "lease": "table",
    "load": "table",
    "save": "table",
    "release": "table",
    "load the roster": "table",
    "save the roster": "table",
    "publish": "topic",
    "count subscribers": "topic",
    "rules": "ssm",
    "silences": "ssm",
    "standing": "ses",
    "identities": "ses",
    "read": "ses",
}
"""Which service every effect needs."""


class Dies(BaseException):
    """The function dies: nothing that comes after happens, not even what tidies up."""


class Fault(Enum):
    """What may go wrong with an effect."""

    DIES_BEFORE = "dies before"
    DIES_AFTER = "dies after"
    FAILS = "fails"
    UNANSWERED = "happens, unanswered"


@dataclass
class Actor:
    """The hands of one run: what is to go wrong with its effects, and what has."""

    faults: Mapping[int, Fault] = field(default_factory=dict)
    pauses: Mapping[int, Callable[[], None]] = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    done: list[str] = field(default_factory=list)
    struck: list[tuple[str, Fault]] = field(default_factory=list)
    is_dead: bool = False
    outcome: str = "never ran"
    now: datetime | None = None

    def does(self, name: str, act: Callable[[], T]) -> T:
        """Do *act*, unless something comes in the way; return what it returns."""
        if self.is_dead:
            raise Dies
        number = len(self.done)
        self.done.append(name)
        if number in self.pauses:
            self.pauses[number]()
        fault = self.faults.get(number)
        if name == "record" and fault in {Fault.FAILS, Fault.UNANSWERED}:
            fault = None  # It is a line of the log, which Lambda takes care of.
        if fault:
            self.struck.append((name, fault))
        if fault is Fault.DIES_BEFORE:
            self._die()
        if fault is Fault.FAILS or SERVICES.get(name) in self.down:
            raise Unavailable(name, "not now")
        result = act()
        if fault is Fault.DIES_AFTER:
            self._die()
        if fault is Fault.UNANSWERED:
            raise Unavailable(name, "no answer")
        return result

    def _die(self) -> None:
        self.is_dead = True
        raise Dies


@dataclass
class Delivery:
    """A message that went out: as of when, by whom, and whether that was ever confirmed."""

    now: datetime
    document: Mapping[str, Any]
    actor: Actor
    is_confirmed: bool = False


@dataclass
class World:
    """Everything that outlives a run, and what was seen of it.

    The *mail* is as a function says; by default, each sender's as the *levels* of its days say.
    """

    now: datetime
    senders: tuple[Scope, ...]
    rules: dict[str, str]
    sets: tuple[Scope, ...] = ()
    mail: Callable[[Query, Sequence[date], datetime], Series] | None = None
    levels: dict[Scope, dict[date, int]] = field(default_factory=dict)
    unknown: frozenset[Scope] = frozenset()
    silences: dict[str, Silence] = field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    subscribers: int = 1
    down: frozenset[str] = frozenset()
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[Transition] = field(default_factory=list)
    roster: Roster = field(default_factory=Roster)
    holder: tuple[Actor, datetime] | None = None
    delivered: list[Delivery] = field(default_factory=list)
    seen: list[tuple[datetime, Scope, tuple[int, ...]]] = field(default_factory=list)
    recorded: list[tuple[Actor, Summary]] = field(default_factory=list)

    def level(self, scope: Scope, day: date) -> int:
        """Return how many of a thousand mails of *scope* bounce on *day*."""
        if scope == ACCOUNT:
            all_of_them = [self.level(sender, day) for sender in self.levels]
            return round(sum(all_of_them) / len(all_of_them))
        days = [each for each in self.levels[scope] if each <= day]
        return self.levels[scope][max(days)] if days else 10

    def acts(self, actor: Actor, now: datetime | None = None) -> Actor:
        """Have *actor* run, as of *now*; whatever it ends in is its outcome."""
        taken = actor.now = now or self.now
        actor.down = self.down
        ports = ports_of(self, actor)
        try:
            run(ports, ORIGIN, taken, Lease(taken, taken + LASTS), quiet_hours=self.quiet_hours)
        except Dies:
            actor.outcome = "died"
        except Exception as error:  # noqa: BLE001 - whatever it is, Lambda would try again
            actor.outcome = type(error).__name__
        else:
            actor.outcome = "done"
        return actor


@lru_cache(maxsize=64)
def parsed(name: str, text: str) -> Rule | None:
    """Return the rule of *text*, or None for a bad one; parsed once for all histories."""
    try:
        return parse_rule(name, text, source_of(name))
    except BadRule:
        return None


def source_of(name: str) -> str:
    """Return where the rule *name* is written."""
    return f"/vdm-alerts/rules/{name}"


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
        self, queries: Sequence[Query], window: Window, last: date, _: timedelta
    ) -> Mapping[Query, Series | Gap]:
        return self.actor.does(
            "read", lambda: {query: self.answer(query, window, last) for query in queries}
        )

    def answer(self, query: Query, window: Window, last: date) -> Series | Gap:
        """Return what VDM says to *query*."""
        world, scope = self.world, query.scope
        if world.mail:
            return world.mail(query, [last - timedelta(days=age) for age in range(60)], world.now)
        if scope in world.unknown:
            return Gap.UNAVAILABLE
        if scope.isp:
            return Series({})
        if query.metric is Metric.PERMANENT_BOUNCE:
            days = tuple(world.level(scope, last - timedelta(days=age)) for age in range(3))
            world.seen.append((self.actor.now or world.now, scope, days))
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
    def load(self) -> Roster:
        return self.actor.does("load the roster", lambda: self.world.roster)

    def save(self, roster: Roster) -> None:
        self.actor.does("save the roster", lambda: setattr(self.world, "roster", roster))


class Store(_Hand):
    """A table that is written in transactions of a few, by who has the lease and its version."""

    is_leased: ClassVar = True
    is_fenced: ClassVar = True

    @contextmanager
    def lease(self, until: datetime, now: datetime) -> Iterator[None]:
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

    def load(self) -> Memory:
        return self.actor.does("load", lambda: memory_of([*self.world.items.values()]))

    def save(self, memory: Memory, replacing: Memory, history: Sequence[Transition] = ()) -> Memory:
        *earlier, last = packed(changes(memory, replacing, history), MOST)
        for writes in earlier:
            replacing = self._write(replacing, writes, replacing.version)
        saved = self._write(memory, last, replacing.version, history)
        for delivery in self.world.delivered:
            # Answered or not, it was taken for told only if the run says so.
            if delivery.actor is self.actor and _is_settled(memory, delivery.document):
                delivery.is_confirmed = True
        return saved

    def _write(
        self,
        memory: Memory,
        writes: Sequence[Write],
        version: int,
        history: Sequence[Transition] = (),
    ) -> Memory:
        def write() -> Memory:
            stored = self.world.items.get("run", {}).get("version", 0)
            if self.is_fenced and stored != version:
                raise Superseded("another run has saved since")
            for what, details in writes:
                if what == "Delete":
                    self.world.items.pop(details["Key"]["sk"], None)
                elif details["Item"]["pk"] == MEMORY:
                    self.world.items[details["Item"]["sk"]] = details["Item"]
            self.world.history += history
            after = replace(memory, version=version + 1)
            self.world.items["run"] = run_item(after)
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
            self.world.delivered.append(Delivery(now, document, self.actor))

        self.actor.does("publish", deliver)

    def subscribers(self) -> int:
        return self.actor.does("count subscribers", lambda: self.world.subscribers)


class _Recorder(_Hand):
    def record(self, summary: Summary, _: Sequence[Reading]) -> None:
        self.actor.does("record", lambda: self.world.recorded.append((self.actor, summary)))
