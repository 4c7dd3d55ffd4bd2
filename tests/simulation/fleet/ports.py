"""The handlers of a fleet in a world: in place of AWS they get the ports of the run that acts."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from function_environment import ENVIRONMENT
from interception import intercepted

from simulation.fleet.world import (
    FLEET,
    HUB,
    FleetActor,
    FleetWorld,
    Publication,
    listed_target,
    owner_of,
    partitions_of,
)
from simulation.ports import MAX_WRITES, Vdm, ports_of
from simulation.world import RECORD
from vdm_alerts.adapters.aws.execution_files import ExecutionFiles, KnownTargetsFile
from vdm_alerts.adapters.aws.spoke_session import BlindTargetError
from vdm_alerts.adapters.memory import MemoryState
from vdm_alerts.app import notify
from vdm_alerts.core.fleet.report import FleetReport
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications import notification
from vdm_alerts.core.notifications.fleet import FleetDigest
from vdm_alerts.core.notifications.notification import Notification
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import Message, render
from vdm_alerts.core.notifications.service_notification import FLEET_SERVICE
from vdm_alerts.core.planning import read_plan
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.rule_scopes import provider_names
from vdm_alerts.handlers import deliver, evaluate_target, invocation
from vdm_alerts.ports import FleetPorts, Ports
from vdm_alerts.settings import (
    DeliverySettings,
    FleetSettings,
    Settings,
    read_settings,
)

PROVIDER = "Hotmail"
"""The mailbox provider that all bounces come from, and half of the emails go to."""
DENIED = "the hub cannot assume the role"
MAX_INCIDENTS = 2
"""Notifications of a run here: so few that some share the digest of their target."""
TABLE_EFFECTS = {
    "take_lease": "take the lease",
    "release_lease": "release the lease",
    "partition": "load the state",
    "transact": "save the state",
}
READ_TARGETS, READ_RESULTS = "read the targets", "read the results"
SETTINGS: Settings = read_settings(ENVIRONMENT)


@contextmanager
def handlers_in(fleet: FleetWorld) -> Iterator[None]:
    """Have the handlers act in *fleet* for the block."""
    sources: dict[str, Notification | FleetDigest] = {}

    class Clock(datetime):
        """The clock of the handlers."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            del tz
            return fleet.now

    def connection(target: Target, *_: object) -> tuple[None, Ports]:
        return None, _evaluation_ports(fleet, target)

    def fleet_ports(_: object, handovers: ExecutionFiles) -> FleetPorts:
        return _delivery_ports(fleet, handovers, sources)

    def files(*arguments: str) -> ExecutionFiles:
        return _files(fleet, arguments[-1])

    def rendered(source: Any, links: Links, now: datetime) -> Message:
        message = render(source, links, now)
        sources[message.payload] = source
        return message

    hub = SimpleNamespace(s3=None, ports=SimpleNamespace(store=_WeeklyRequests(fleet)))
    interval = FleetSettings("bucket", fleet.interval)
    delivery = DeliverySettings(
        HUB.account,
        HUB.region,
        **{name: getattr(SETTINGS, name) for name in DELIVERY_SETTINGS},
        fleet_bucket=interval.fleet_bucket,
        fleet_interval=interval.fleet_interval,
    )
    replacements: tuple[tuple[Any, str, Any], ...] = (
        (evaluate_target, "datetime", Clock),
        (invocation, "datetime", Clock),
        (evaluate_target, evaluate_target._hub.__name__, lambda _: hub),
        (evaluate_target, evaluate_target._connection.__name__, connection),
        (evaluate_target, "check_role", lambda *_: None),
        (evaluate_target, "ExecutionFiles", files),
        (evaluate_target, "read_fleet_settings", lambda _: interval),
        (deliver, "datetime", Clock),
        (deliver, "build_fleet_ports", fleet_ports),
        (deliver, "execution_files", files),
        (deliver, "read_delivery_settings", lambda _: delivery),
        (deliver, "function_logger", lambda **_: logging.getLogger(__name__)),
        (notify, render.__name__, rendered),
        (notification, "MAX_MESSAGES", MAX_INCIDENTS),
        (read_plan, provider_names.__name__, lambda _: (PROVIDER,)),
    )
    with ExitStack() as stack:
        for owner, name, replacement in replacements:
            stack.enter_context(patch.object(owner, name, replacement))
        yield


DELIVERY_SETTINGS = (
    "table",
    "topic_arn",
    "service",
    "mask_addresses",
    "quiet_hours",
    "runbook_url",
)
"""The settings that the delivery has of the evaluator."""


def _files(fleet: FleetWorld, execution: str) -> ExecutionFiles:
    """Return the files of *execution*, each call of which is an effect of the run that acts."""
    client: Any = fleet.bucket
    names = {
        "read_targets": READ_TARGETS,
        "answers": READ_RESULTS,
        "put": "put the handover",
        "get": "get the handover",
    }
    return intercepted(ExecutionFiles(client, "bucket", execution), names, fleet.actor.perform)


def _evaluation_ports(fleet: FleetWorld, target: Target) -> Ports:
    """Return the ports of the evaluation of *target*. Raises BlindTargetError."""
    actor, world = fleet.actor, fleet.worlds[target]
    if target in fleet.denied:
        raise BlindTargetError(DENIED, f"request {len(fleet.publications)} of {target.account}")
    ports = ports_of(world, actor)
    series = intercepted(ProviderVdm(world, actor), {"read": "read metrics"}, actor.perform)
    return replace(ports, series=series)


@dataclass(frozen=True)
class _WeeklyRequests:
    """The part of the hub's StateStore that the evaluation of any target calls."""

    fleet: FleetWorld

    def request_summary(self, target: Target, day: date) -> None:
        """Request a summary, as an effect of the evaluation that acts."""
        fleet = self.fleet
        ports_of(fleet.worlds[target], fleet.actor).store.request_summary(target, day)


class ProviderVdm(Vdm):
    """A SeriesSource that also counts by mailbox provider."""

    def answer(self, query: Query, window: Window, last: date) -> Series | Gap:
        """Return the daily counts of *query*: all bounces are at one provider."""
        world, scope = self.world, replace(query.scope, isp=None)
        if query.scope.isp != PROVIDER:
            return super().answer(query, window, last)
        days = [last - timedelta(days=age) for age in range(min(window.days, 12))]
        size = len(world.levels) if scope == ACCOUNT else 1
        emails = {day: self._emails(day) * size for day in days}
        if query.metric is Metric.SEND:
            return Series({day: count // 2 for day, count in emails.items()})
        if query.metric is Metric.PERMANENT_BOUNCE:
            return Series({day: emails[day] * world.level(scope, day) // 1_000 for day in days})
        return Series({})


def _delivery_ports(
    fleet: FleetWorld, handovers: ExecutionFiles, sources: Mapping[str, Notification | FleetDigest]
) -> FleetPorts:
    """Return the ports of a try of the delivery step."""
    actor = fleet.actor
    table: Any = _DeliveryTable(fleet, actor)
    client: Any = fleet.bucket
    known_names = {"load": "load the known targets", "save": "save the known targets"}
    return FleetPorts(
        MemoryState(table, MAX_WRITES),
        _Topic(fleet, actor, sources),
        handovers,
        intercepted(KnownTargetsFile(client, "bucket"), known_names, actor.perform),
        intercepted(_Recorder(fleet), {"record_fleet": RECORD}, actor.perform),
    )


@dataclass(frozen=True)
class _Recorder:
    """A FleetRecorder that keeps the reports of the fleet."""

    fleet: FleetWorld

    def record_fleet(self, hub: Target, report: FleetReport) -> None:
        del hub
        self.fleet.reports.append(report)


@dataclass(frozen=True)
class _DeliveryTable:
    """The shared table, each request to which is an effect that names its target."""

    fleet: FleetWorld
    actor: FleetActor

    def __getattr__(self, method: str) -> Any:
        original = getattr(self.fleet.table, method)
        if method not in TABLE_EFFECTS:
            return original

        def call(first: Any, *others: Any) -> Any:
            target = _target_of(first)
            if method == "transact":
                self._check_writes(target, first, others[0])

            def effect() -> Any:
                if target in self.actor.tables_down:
                    raise UnavailableError(method, f"DynamoDB does not answer about {target}")
                return original(first, *others)

            return self.actor.perform(f"{TABLE_EFFECTS[method]}: {target}", effect)

        return call

    def _check_writes(self, target: Target, run: Any, writes: Any) -> None:
        for partition in partitions_of(run, writes):
            if owner_of(partition) != target:
                self.fleet.trespasses.append(f"a save of {target} writes to {partition}")


def _target_of(argument: Any) -> Target:
    """Return the target that a request to the table is about, by its first argument."""
    match argument:
        case Target() as target:
            return target
        case str() as partition:
            return owner_of(partition)
        case _:
            return owner_of(argument["pk"])


@dataclass(frozen=True)
class _Topic:
    """A Notifier that keeps each notification of a target that it delivers."""

    fleet: FleetWorld
    actor: FleetActor
    sources: Mapping[str, Notification | FleetDigest]
    """What each message was rendered from, by its payload."""

    def publish(self, message: Message) -> None:
        actor = self.actor
        number = sum(name.startswith("publish ") for name in actor.effects)
        if number in actor.publish_faults:
            fault = actor.publish_faults[number]
            actor.faults = {**actor.faults, len(actor.effects): fault}
        actor.perform(f"publish {number}", lambda: self._deliver(message, number))

    def subscribers(self, deadline: Deadline) -> int:
        del deadline
        return self.actor.perform("count subscribers", lambda: self.fleet.subscribers)

    def _deliver(self, message: Message, number: int) -> None:
        document = json.loads(message.payload)
        now = datetime.fromisoformat(document["at"])
        source = self.sources[message.payload]
        self.fleet.messages += 1
        if not isinstance(source, FleetDigest):
            target = listed_target(document["account"], document["region"])
            is_of_fleet = document["id"] == FLEET_SERVICE
            self._keep(FLEET if is_of_fleet else target, document, document, number)
            return
        assert document["parts_total"] == len(source.parts)
        for part, listed in zip(source.parts, document["parts"], strict=True):
            shown = HUB if part.target == FLEET else part.target
            alone = render(part.notification, Links(shown), now)
            self._keep(part.target, json.loads(alone.payload), listed, number)

    def _keep(
        self, target: Target, document: Mapping[str, Any], listed: Mapping[str, Any], number: int
    ) -> None:
        world = self.fleet.worlds.get(target)
        self.fleet.publications.append(
            Publication(
                target,
                document,
                (listed["account"], listed["region"], listed["id"], listed["sequence"]),
                number,
                self.actor.execution,
                self.actor,
                len(world.observations) if world else 0,
                has_lease_expired=self.actor.has_lease_expired,
            )
        )
