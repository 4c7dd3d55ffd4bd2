"""The ports of one run in a world: those in memory, with every effect left to the run's actor."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from builders import TARGET
from interception import intercepted

from simulation.rules import SEEN_DAYS, parsed, source_of
from simulation.world import (
    LEASE_DURATION,
    RECORD,
    Actor,
    Delivery,
    FunctionDiedError,
    SeenRates,
    World,
)
from vdm_alerts.adapters.memory import (
    MemoryAccount,
    MemoryRules,
    MemorySilences,
    MemoryState,
)
from vdm_alerts.app.evaluate import Lease, NotificationOptions, run
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_report import RateSample, RunReport
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText
from vdm_alerts.ports import Ports

T = TypeVar("T")

MAX_WRITES = 3
"""Writes in a transaction here: so few that many saves take several transactions."""


def run_actor(world: World, actor: Actor, now: datetime | None = None) -> Actor:
    """Run *actor* in *world* as of *now*, and record how the run ended."""
    taken = actor.now = now or world.now
    actor.services_down = world.services_down
    ports = ports_of(world, actor)
    lease = Lease(taken, taken + LEASE_DURATION)
    try:
        run(ports, TARGET, taken, lease, options=NotificationOptions(world.quiet_hours))
    except FunctionDiedError:
        actor.outcome = "died"
    except Exception as error:  # noqa: BLE001 - Lambda retries after any error
        actor.outcome = type(error).__name__
    else:
        actor.outcome = "done"
    return actor


def ports_of(world: World, actor: Actor) -> Ports:
    """Return the ports on *world*, each call of which is an effect of *actor*."""

    def effects(port: T, **names: str) -> T:
        return intercepted(port, names, actor.perform)

    table = effects(
        world.table,
        take_lease="take the lease",
        release_lease="release the lease",
        partition="load the state",
        transact="save the state",
    )
    account = MemoryAccount(senders=(*world.senders, *world.configuration_sets))
    silences = MemorySilences(Silences([*world.silences.values()]))
    return Ports(
        rules=effects(MemoryRules(_rule_set(world.rules)), rules="read the rules"),
        silences=effects(silences, silences="read the silences"),
        account=effects(account, status="read the account status", identities="list identities"),
        series=effects(Vdm(world), read="read metrics"),
        rosters=effects(world.rosters, load="load the roster", save="save the roster"),
        store=_State(MemoryState(table, MAX_WRITES), world, actor),
        notifier=effects(_Topic(world, actor), publish="publish", subscribers="count subscribers"),
        recorder=effects(_Metrics(world, actor), record=RECORD),
    )


def _rule_set(texts: Mapping[str, str]) -> RuleSet:
    rules = {name: rule for name, text in texts.items() if (rule := parsed(name, text))}
    invalid = {
        name: Finding(source_of(name), f"The rule {name} cannot be used", "Edit it")
        for name in texts
        if name not in rules
    }
    written = {name: RuleText(texts[name], source_of(name)) for name in rules}
    return RuleSet(rules, invalid, (), written)


@dataclass(frozen=True)
class Vdm:
    """A SeriesSource: every sender sends 1,000 emails an hour, and a day's level of them bounce."""

    world: World

    def read(
        self, queries: Sequence[Query], window: Window, last: date, _: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the answer to each query."""
        return {query: self.answer(query, window, last) for query in queries}

    def answer(self, query: Query, window: Window, last: date) -> Series | Gap:
        """Return the daily counts of *query*, and note what the run learns from them."""
        world, scope = self.world, query.scope
        if world.counts:
            return world.counts(query, [last - timedelta(days=age) for age in range(60)], world.now)
        if {scope, query} & world.unreadable:
            return Gap.UNAVAILABLE
        if scope.isp:
            return Series({})
        if query.metric is Metric.PERMANENT_BOUNCE:
            days = [last - timedelta(days=age) for age in range(SEEN_DAYS)]
            levels = tuple(world.level(scope, day) for day in days)
            world.observations.append(SeenRates(scope, levels, world.rules))
        days = [last - timedelta(days=age) for age in range(min(window.days, 12))]
        size = len(world.levels) if scope == ACCOUNT else 1
        emails = {day: self._emails(day) * size for day in days}
        if query.metric is Metric.SEND:
            return Series(emails)
        if query.metric is Metric.PERMANENT_BOUNCE:
            return Series(
                {day: round(emails[day] * world.level(scope, day) / 1_000) for day in days}
            )
        return Series({})

    def _emails(self, day: date) -> int:
        """Return how many emails a sender has sent on *day* so far."""
        midnight = datetime.combine(day, time(), self.world.now.tzinfo)
        hours = (self.world.now - midnight) / timedelta(hours=1)
        return round(1_000 * min(24.0, max(0.5, hours)))


@dataclass(frozen=True)
class _State:
    """An AlertStore that marks the deliveries that the run stored as delivered."""

    state: MemoryState
    world: World
    actor: Actor

    def lease(
        self, target: Target, until: datetime, now: datetime, owner: str | None = None
    ) -> AbstractContextManager[None]:
        return self.state.lease(target, until, now, owner)

    def request_run(self, target: Target) -> None:
        self.state.request_run(target)

    def take_request(self, target: Target) -> bool:
        return self.state.take_request(target)

    def load(self, target: Target) -> StoredState:
        return self.state.load(target)

    def save(
        self,
        target: Target,
        memory: StoredState,
        replacing: StoredState,
        transitions: Sequence[Transition] = (),
    ) -> StoredState:
        saved = self.state.save(target, memory, replacing, transitions)
        for delivery in self.world.delivered:
            # Whatever the response was: the run's own decision is what counts.
            if delivery.actor is self.actor and _is_settled(memory, delivery.document):
                delivery.is_confirmed = True
        return saved


def _is_settled(memory: StoredState, document: Mapping[str, Any]) -> bool:
    """Say whether *memory* has no unconfirmed attempt to send the message with *document*."""
    ids = {document["id"], *(incident["id"] for incident in document.get("incidents", ()))}
    return not ids & memory.attempts.keys()


@dataclass(frozen=True)
class _Topic:
    """A Notifier that keeps what it delivers, and which run sent it."""

    world: World
    actor: Actor

    def publish(self, message: Message) -> None:
        document = json.loads(message.payload)
        now = datetime.fromisoformat(document["at"])
        delivery = Delivery(now, document, self.actor, len(self.world.observations))
        self.world.delivered.append(delivery)

    def subscribers(self) -> int:
        return self.world.subscribers


@dataclass(frozen=True)
class _Metrics:
    """A Recorder that keeps each run's report."""

    world: World
    actor: Actor

    def record(self, target: Target, summary: RunReport, _: Sequence[RateSample]) -> None:
        del target
        self.world.reports.append((self.actor, summary))
