"""The world around the executions of a fleet: targets, one table, one bucket and one topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError

from simulation.rules import PLAIN, THRESHOLDS
from simulation.world import LONG_AGO, Actor, Fault, World
from vdm_alerts.adapters.aws.dynamodb_items import HISTORY, STATE, Item, Write, partition_key
from vdm_alerts.adapters.memory import MemoryRosters, MemoryTable
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.report import FleetReport
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.target import Target, fleet_of
from vdm_alerts.core.notifications.fleet import MAX_MESSAGES_PER_HOUR

HUB = Target("111111111111", "eu-west-1")
TARGETS = (
    Target("222222222222", "eu-west-1", "shop"),
    HUB,
    Target("222222222222", "us-east-1", "shop"),
    Target("333333333333", "eu-west-1", "news"),
    Target("333333333333", "us-east-1", "news"),
)
"""The targets of every fleet, or the first of them. The hub is one, too."""
FLEET = fleet_of(HUB)
SENDERS = tuple(Scope(identity=f"{name}.example.com") for name in "abc")
RULES = {"plain": PLAIN + THRESHOLDS}


@dataclass
class Bucket:
    """A client of S3 with one bucket."""

    files: dict[str, str] = field(default_factory=dict)
    """The text of each file, by key."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803 - the names of boto3
        del Bucket, ContentType
        self.files[Key] = Body.decode()

    def get_object(self, *, Bucket: str, Key: str) -> Mapping[str, BytesIO]:  # noqa: N803 - the names of boto3
        del Bucket
        if Key not in self.files:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": BytesIO(self.files[Key].encode())}


@dataclass
class OwnTable(MemoryTable):
    """The shared table, as the evaluation of one target uses it."""

    owner: Target = HUB
    trespasses: list[str] = field(default_factory=list)
    """Writes to the items or the lease of another target."""

    def take_lease(self, target: Target, owner: object, until: datetime, now: datetime) -> None:
        self._require_own(target)
        super().take_lease(target, owner, until, now)

    def put(self, item: Item) -> None:
        self._require_own(owner_of(item["pk"]))
        super().put(item)

    def transact(self, run: Item, writes: Sequence[Write], version: int) -> None:
        for partition in partitions_of(run, writes):
            self._require_own(owner_of(partition))
        super().transact(run, writes, version)

    def _require_own(self, target: Target) -> None:
        if target != self.owner:
            self.trespasses.append(f"the evaluation of {self.owner} writes to {target}")


def partitions_of(run: Item, writes: Sequence[Write]) -> set[str]:
    """Return the partitions that a transaction writes to."""
    keys = (request.get("Key") or request["Item"] for _, request in writes)
    return {str(run["pk"]), *(str(key["pk"]) for key in keys)}


def owner_of(partition: str) -> Target:
    """Return the target that a partition of the table belongs to."""
    return _OWNERS[partition]


def listed_target(account: str, region: str) -> Target:
    """Return the target with its alias."""
    return next(each for each in TARGETS if each == Target(account, region))


_OWNERS = {
    partition_key(kind, target): target for target in (*TARGETS, FLEET) for kind in (STATE, HISTORY)
}


@dataclass
class FleetActor(Actor):
    """One evaluation of a target, or one try of the delivery step."""

    execution: str = ""
    """The name of the execution."""
    has_lease_expired: bool = False
    """Whether its leases may have expired while it was paused."""
    tables_down: frozenset[Target] = frozenset()
    """The targets whose items it cannot read or write."""
    publish_faults: Mapping[int, Fault] = field(default_factory=dict)
    """The planned fault of each message, by its number."""
    error: Exception | None = None
    """What it raised."""


@dataclass
class Publication:
    """A notification of one target that reached the topic, alone or as a part of a digest."""

    target: Target
    """The target; the one that stands for the fleet if the notification concerns no single one."""
    document: Mapping[str, Any]
    """The JSON payload that the notification has alone."""
    number: tuple[str, str, str, int]
    """Account, Region, id and sequence number as published, by which receivers find duplicates."""
    message: int
    """The number of its message in the whole history."""
    execution: str
    actor: FleetActor
    """The try of the delivery step that sent it."""
    observed: int
    """How many observations runs of the target had made by then."""
    has_lease_expired: bool
    """Whether the lease of the try may have expired before."""
    is_settled: bool = False
    """Whether the table shows that it was delivered."""


@dataclass
class FleetWorld:
    """Everything that outlives an execution, and what executions sent."""

    now: datetime
    targets: tuple[Target, ...]
    limit: int = 10
    """The most messages of an execution."""
    bucket: Bucket = field(default_factory=Bucket)
    table: MemoryTable = field(default_factory=MemoryTable)
    worlds: dict[Target, World] = field(init=False)
    """The account of each target. All of them share the table."""
    members: frozenset[Target] = field(init=False)
    """The targets that the fleet file lists."""
    denied: frozenset[Target] = frozenset()
    """The targets whose role cannot be assumed."""
    subscribers: int = 1
    publications: list[Publication] = field(default_factory=list)
    messages: int = 0
    """How many messages reached the topic."""
    trespasses: list[str] = field(default_factory=list)
    actors: list[FleetActor] = field(default_factory=list)
    """The runs that are active, the innermost last."""
    blind: dict[str, Mapping[Target, str]] = field(default_factory=dict)
    """Why targets were blind in each execution that was about all targets, by its name."""
    listed_in: dict[str, frozenset[Target]] = field(default_factory=dict)
    """The targets of each execution, by its name."""
    has_instant_retries: bool = False
    """Whether the state machine tries again at once, so that no retry delays what follows."""
    reports: list[FleetReport] = field(default_factory=list)
    scheduled: datetime = LONG_AGO
    """The time of the next execution, unless the last one takes longer."""
    levels_changed_at: datetime = LONG_AGO
    executions: int = 0

    def __post_init__(self) -> None:
        self.scheduled = self.now
        self.members = frozenset(self.targets)
        rosters = MemoryRosters()
        start = self.now.date() - timedelta(days=70)
        self.worlds = {}
        for target in self.targets:
            table = OwnTable(
                self.table.items,
                self.table.requests,
                self.table.leases,
                owner=target,
                trespasses=self.trespasses,
            )
            world = World(self.now, SENDERS, RULES, table=table, rosters=rosters)
            world.levels = {sender: {start: 10} for sender in SENDERS}
            self.worlds[target] = world

    def wait(self, duration: timedelta) -> None:
        """Let *duration* pass before a retry."""
        if not self.has_instant_retries:
            self.advance(duration)

    def advance(self, duration: timedelta) -> None:
        """Let *duration* pass."""
        self.now += duration
        for world in self.worlds.values():
            world.now = self.now

    @property
    def interval(self) -> timedelta:
        """The time between two scheduled executions, which determines the limit."""
        return timedelta(hours=self.limit / MAX_MESSAGES_PER_HOUR)

    @property
    def actor(self) -> FleetActor:
        """The run that acts now."""
        return self.actors[-1]

    @property
    def listed(self) -> list[FleetTarget]:
        """The targets of the fleet file, as the first step of an execution resolves them."""
        return [
            FleetTarget(target, role_arn=role_of(target))
            for target in self.targets
            if target in self.members
        ]


def role_of(target: Target) -> str | None:
    """Return the ARN of the role that the hub assumes for *target*; None in its own account."""
    is_own = target.account == HUB.account
    return None if is_own else f"arn:aws:iam::{target.account}:role/vdm-alerts-reader"
