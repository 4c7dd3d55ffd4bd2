"""The ports of one run in a world: those in memory, with every effect left to the run's actor."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any, TypeVar

from builders import TARGET
from interception import intercepted

from simulation.rules import CROWD_RULE, SEEN_DAYS, SES, SES_RULE, parsed, source_of
from simulation.world import (
    FUNCTION_TIMEOUT,
    LATER_ITEM,
    LEASE_DURATION,
    LIST,
    MAX_CALL_TIME,
    READ_SES_RATES,
    RECORD,
    Actor,
    Delivery,
    FunctionDiedError,
    SeenRates,
    World,
)
from vdm_alerts.adapters.aws import dynamodb_items, pages
from vdm_alerts.adapters.aws.dynamodb_items import weekly_request_item
from vdm_alerts.adapters.aws.sns_notifier import forms_of
from vdm_alerts.adapters.memory import MemoryReputation, MemoryState
from vdm_alerts.app.evaluate import Lease, NotificationOptions, run
from vdm_alerts.core.alerts.history import RecentTransitions, Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.account import AccountStatus, Recommendation
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import Finding, UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import Silences
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText
from vdm_alerts.handlers.invocation_time import TIME_AFTER_READING
from vdm_alerts.ports import Ports

T = TypeVar("T")

MAX_WRITES = 3
"""Writes in a transaction here: so few that many saves take several transactions."""
MAX_MESSAGE_SIZE = 256 * 1_024
"""Maximum bytes of a message. Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
SLOW_CALLS = 3
"""The calls that a query takes if VDM is slow: an account has far more queries than here."""
PAGE_TIME = timedelta(seconds=20)
"""The time that each page of an endless list takes."""
READ_RULES, READ_SILENCES = "read the rules", "read the silences"
DETAILS = "an error of this text  " * 130
"""The errors of a broken rule or silence: 3,000 characters."""


def run_actor(world: World, actor: Actor, now: datetime | None = None) -> Actor:
    """Run *actor* in *world* as of *now*, and record how the run ended."""
    taken = actor.now = now or world.now
    actor.services_down = world.services_down | ({LATER_ITEM} if world.later_item else set())
    actor.services_down |= {"cloudwatch"} if world.is_cloudwatch_down else set()
    actor.services_hanging = world.services_hanging
    actor.endless_lists = world.endless_lists
    actor.is_vdm_slow = world.is_vdm_slow
    ports = ports_of(world, actor)
    lease = Lease(taken, taken + LEASE_DURATION)
    limits = Limits(_ReadingDeadline(actor))
    try:
        if actor.requests_summary:
            ports.store.request_summary(TARGET, taken.date())
        run(ports, TARGET, taken, lease, limits, NotificationOptions(world.quiet_hours))
    except FunctionDiedError:
        actor.outcome = "out of time" if actor.is_out_of_time else "died"
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
        partition_since="read the history",
        put="request a summary",
        transact="save the state",
    )
    max_writes = dynamodb_items.MAX_WRITES if world.crowd.senders else MAX_WRITES
    return Ports(
        rules=effects(_Rules(world, actor), rules=READ_RULES),
        silences=effects(_Silences(world, actor), silences=READ_SILENCES),
        account=effects(_Account(world, actor), status="read the account status", identities=LIST),
        series=effects(Vdm(world, actor), read="read metrics"),
        reputation=effects(MemoryReputation(world.ses_rates), rates=READ_SES_RATES),
        rosters=effects(world.rosters, load="load the roster", save="save the roster"),
        store=_State(MemoryState(table, max_writes), world, actor),
        notifier=effects(_Topic(world, actor), publish="publish", subscribers="count subscribers"),
        recorder=effects(_Metrics(world, actor), record=RECORD),
    )


@dataclass(frozen=True)
class _ReadingDeadline:
    """The deadline that the handler sets for reading, on the clock of the run."""

    actor: Actor

    def remaining(self) -> timedelta:
        return FUNCTION_TIMEOUT - TIME_AFTER_READING - self.actor.elapsed


def _read_list(actor: Actor, name: str, deadline: Deadline) -> None:
    """Let the list *name* end, if it has an end."""
    numbers = count(1)

    def read_page(**_: object) -> Mapping[str, str]:
        if name not in actor.endless_lists:
            return {}
        actor.wait(PAGE_TIME)
        return {"NextToken": str(next(numbers))}

    for _ in pages.read_pages(name, read_page, deadline):
        pass


@dataclass(frozen=True)
class _Rules:
    """A RuleSource: the rules of the world."""

    world: World
    actor: Actor

    def rules(self, deadline: Deadline) -> RuleSet:
        _read_list(self.actor, READ_RULES, deadline)
        crowd = self.world.crowd
        texts = {**self.world.rules, **dict.fromkeys(crowd.rule_names, CROWD_RULE)}
        texts |= {SES: SES_RULE} if self.world.ses_rates else {}
        rules = {name: rule for name, text in texts.items() if (rule := parsed(name, text))}
        broken = [f"broken-{number}" for number in range(crowd.broken_rules)]
        invalid = {
            name: Finding(source_of(name), f"The rule {name} cannot be used", "Edit it", DETAILS)
            for name in (*texts, *broken)
            if name not in rules
        }
        written = {name: RuleText(texts[name], source_of(name)) for name in rules}
        return RuleSet(rules, invalid, (), written)


@dataclass(frozen=True)
class _Silences:
    """A SilenceSource: the silences of the world, and errors in others."""

    world: World
    actor: Actor

    def silences(self, deadline: Deadline) -> Silences:
        _read_list(self.actor, READ_SILENCES, deadline)
        errors = [
            Finding(f"/vdm-alerts/silences/{number}", "A silence is broken", "Edit it", DETAILS)
            for number in range(self.world.crowd.broken_silences)
        ]
        return Silences([*self.world.silences.values()], errors)


@dataclass(frozen=True)
class _Account:
    """An AccountSource that lists the senders of the world."""

    world: World
    actor: Actor

    def status(self, deadline: Deadline) -> AccountStatus:
        del deadline
        return AccountStatus(vdm_enabled=True)

    def identities(self, deadline: Deadline) -> Sequence[Scope]:
        _read_list(self.actor, LIST, deadline)
        return self.world.all_senders

    def paused_tenants(self, deadline: Deadline) -> Sequence[Scope]:
        del deadline
        return ()

    def recommendations(self, deadline: Deadline) -> Sequence[Recommendation]:
        del deadline
        return ()

    def configuration_sets(self, deadline: Deadline) -> Sequence[Scope]:
        del deadline
        return self.world.configuration_sets

    def tenants(self, deadline: Deadline, first_page: str | None = None) -> Sequence[Scope]:
        del deadline, first_page
        return ()


@dataclass(frozen=True)
class Vdm:
    """A SeriesSource: every sender sends 1,000 emails an hour, and a day's level of them bounce."""

    world: World
    actor: Actor

    def read(
        self, queries: Sequence[Query], window: Window, last: date, deadline: Deadline
    ) -> Mapping[Query, Series | Gap]:
        """Return the answer to each query that is made before *deadline*."""
        return {
            query: self.answer(query, window, last) if self.is_in_time(deadline) else Gap.CUT_OFF
            for query in queries
        }

    def throttled_calls(self) -> int:
        """Return 0, because this VDM throttles no call."""
        return 0

    def is_in_time(self, deadline: Deadline) -> bool:
        """Let the time of a query pass, and say whether there was enough of it."""
        for _ in range(SLOW_CALLS if self.actor.is_vdm_slow else 0):
            if deadline.remaining() <= timedelta():
                self.actor.has_cut_off = True
                return False
            self.actor.wait(MAX_CALL_TIME)
        return True

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

    def request_summary(self, target: Target, day: date) -> None:
        try:
            self.state.request_summary(target, day)
        finally:
            key = weekly_request_item(target, day)
            if (key["pk"], key["sk"]) in self.world.table.items:
                self.world.summaries_requested.add(day)

    def transitions_since(
        self, target: Target, since: datetime, *, with_evidence: bool = False
    ) -> RecentTransitions:
        return self.state.transitions_since(target, since, with_evidence=with_evidence)

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
    """Say whether *memory* has no unconfirmed attempt to send the message with *document*.

    A weekly summary is an attempt until its request is deleted.
    """
    if document["kind"] == "weekly":
        return not memory.weekly_requests
    ids = {document["id"], *(incident["id"] for incident in document.get("incidents", ()))}
    return not ids & memory.attempts.keys()


@dataclass(frozen=True)
class _Topic:
    """A Notifier that keeps what it delivers, and which run sent it."""

    world: World
    actor: Actor

    def publish(self, message: Message) -> None:
        forms = json.dumps(forms_of(message), ensure_ascii=False)
        if len(forms.encode()) > MAX_MESSAGE_SIZE:
            raise UnavailableError("sns:Publish", "message too long", transient=False)
        document = json.loads(message.payload)
        now = datetime.fromisoformat(document["at"])
        delivery = Delivery(now, document, self.actor, len(self.world.observations))
        self.world.delivered.append(delivery)

    def subscribers(self, deadline: Deadline) -> int:
        del deadline
        return self.world.subscribers


@dataclass(frozen=True)
class _Metrics:
    """A Recorder that keeps each run's report."""

    world: World
    actor: Actor

    def record(self, target: Target, summary: RunReport, *_: object) -> None:
        del target
        self.world.reports.append((self.actor, summary))
