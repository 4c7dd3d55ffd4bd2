"""The world around runs: an account, a table, a topic and a clock, each of which may fail.

Every effect of a run goes through its `Actor`. Before and after each effect the function may die.
The effect may fail, hang, or happen without a response, and another run may start meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar

from vdm_alerts.adapters.aws.dynamodb_items import Item
from vdm_alerts.adapters.memory import MemoryRosters, MemoryTable
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Series
from vdm_alerts.core.model.rates import Indicator, SesRate
from vdm_alerts.core.muting.quiet_hours import QuietHours
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.core.planning.queries import Query

T = TypeVar("T")

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LEASE_DURATION = timedelta(minutes=15)
FUNCTION_TIMEOUT = LEASE_DURATION
"""The time after which Lambda ends a run."""
MAX_CALL_TIME = timedelta(minutes=1)
"""The longest that a call with all its requests takes: see `bootstrap.REQUEST_TIME`."""
MAX_PUBLISH_TIME = timedelta(seconds=30)
"""The longest that a publish takes, which has fewer requests."""
LIST = "list identities"
"""The effect that lists the senders."""
READ_SES_RATES = "read the rates of SES"
"""The effect that reads SES's own rates."""
LATER_ITEM = "item of a later version"
"""What stands for a table that is unavailable because of such an item."""
SERVICES = {
    "take the lease": "table",
    "load the state": "table",
    "request a summary": "table",
    "read the history": "table",
    "save the state": "table",
    "release the lease": "table",
    "load the roster": "table",
    "save the roster": "table",
    "publish": "topic",
    "count subscribers": "topic",
    "read the rules": "ssm",
    "read the silences": "ssm",
    "read the account status": "ses",
    LIST: "ses",
    "read metrics": "ses",
    READ_SES_RATES: "cloudwatch",
}
"""The service that each effect needs."""
RECORD = "record metrics"
"""The one effect that cannot fail: it is a line in the log, which Lambda stores."""


class FunctionDiedError(BaseException):
    """The function died: nothing after this happens, not even cleanup."""


class Fault(Enum):
    """What may go wrong with an effect."""

    DIES_BEFORE = "died before"
    DIES_AFTER = "died after"
    FAILS = "failed"
    HANGS = "hung"
    NO_RESPONSE = "response lost"


@dataclass
class Actor:
    """One run: the faults that are planned for its effects, and what happened."""

    faults: Mapping[int, Fault] = field(default_factory=dict)
    """The planned fault of each effect, by its number."""
    requests_summary: bool = False
    """Whether the schedule of the weekly summary starts the run."""
    pauses: Mapping[int, Callable[[], None]] = field(default_factory=dict)
    """What to call before each effect, by its number."""
    services_down: frozenset[str] = frozenset()
    services_hanging: frozenset[str] = frozenset()
    """The services of which each call takes as long as it can, and fails."""
    endless_lists: frozenset[str] = frozenset()
    """The effects that read a list without end."""
    is_vdm_slow: bool = False
    """Whether each query of VDM takes as long as it can."""
    elapsed: timedelta = timedelta()
    """The time that the run has taken."""
    has_cut_off: bool = False
    """Whether the time did not suffice for all queries of VDM."""
    is_out_of_time: bool = False
    """Whether Lambda ended the run because it took too long."""
    effects: list[str] = field(default_factory=list)
    """Every effect that the run began, in order."""
    faults_occurred: list[tuple[str, Fault]] = field(default_factory=list)
    is_dead: bool = False
    outcome: str = "never ran"
    now: datetime | None = None

    def perform(self, name: str, effect: Callable[[], T], /) -> T:
        """Perform *effect* and return its result, unless a fault prevents that."""
        if self.is_dead:
            raise FunctionDiedError
        number = len(self.effects)
        self.effects.append(name)
        if number in self.pauses:
            self.pauses[number]()
        fault = self.faults.get(number)
        if name == RECORD and fault in {Fault.FAILS, Fault.HANGS, Fault.NO_RESPONSE}:
            fault = None
        if fault:
            self.faults_occurred.append((name, fault))
        if fault is Fault.DIES_BEFORE:
            self._die()
        if fault is Fault.HANGS or SERVICES.get(name) in self.services_hanging:
            self.wait(MAX_PUBLISH_TIME if name == "publish" else MAX_CALL_TIME)
            raise UnavailableError(name, "no response in time")
        if fault is Fault.FAILS or SERVICES.get(name) in self.services_down:
            raise UnavailableError(name, "not now")
        result = effect()
        if fault is Fault.DIES_AFTER:
            self._die()
        if fault is Fault.NO_RESPONSE:
            raise UnavailableError(name, "no response")
        return result

    def wait(self, duration: timedelta) -> None:
        """Let *duration* pass for this run, which Lambda ends after its timeout."""
        self.elapsed += duration
        if self.elapsed >= FUNCTION_TIMEOUT:
            self.is_out_of_time = True
            self._die()

    @property
    def has_trouble(self) -> bool:
        """Whether anything went wrong that may change what the run sends.

        A list of senders without end does not: the run knows the senders from the last list.
        """
        return bool(
            self.faults_occurred
            or self.services_down
            or self.services_hanging
            or self.endless_lists - {LIST}
            or self.has_cut_off
        )

    @property
    def has_table_trouble(self) -> bool:
        """Whether the table failed or hung, so that the alert history may be unavailable."""
        return bool(
            {"table", LATER_ITEM} & (self.services_down | self.services_hanging)
            or any(SERVICES.get(name) == "table" for name, _ in self.faults_occurred)
        )

    def _die(self) -> None:
        self.is_dead = True
        raise FunctionDiedError


@dataclass(frozen=True)
class Crowd:
    """Very many senders, rules and errors, in addition to those that the oracle knows well."""

    senders: int = 0
    name_size: int = 0
    """The number of characters by which the names of the senders are longer than usual."""
    level: int = 10
    """Bounces per 1,000 emails of each of the senders."""
    rules: int = 0
    """Rules with long names."""
    broken_rules: int = 0
    broken_silences: int = 0

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """The senders."""
        host = f"{'x' * self.name_size}crowd.example.com"
        return tuple(Scope(identity=f"{number}.{host}") for number in range(self.senders))

    @cached_property
    def rule_names(self) -> tuple[str, ...]:
        """The names of the rules, as long as names may be."""
        return tuple(f"{'r' * 124}-{number:03}" for number in range(self.rules))


@dataclass(frozen=True)
class LaterItem:
    """An item of a later version in the state partition."""

    key: tuple[str, str]
    original: Item | None
    """What the item replaced; None if there was no item of this key."""
    partition: Sequence[Item]
    """The whole partition, which no run may change."""


@dataclass(frozen=True)
class SeenRates:
    """What one run read about a scope."""

    scope: Scope
    levels: tuple[int, ...]
    """Bounces per 1,000 emails on the last `SEEN_DAYS` days, the latest first."""
    rules: Mapping[str, str]
    """The text of each rule at that time, by name."""


@dataclass
class Delivery:
    """A message that reached the topic."""

    now: datetime
    """The time that the run was as of."""
    document: Mapping[str, Any]
    """The JSON payload."""
    actor: Actor
    """The run that sent it."""
    observed: int
    """How many observations runs had made by then."""
    is_confirmed: bool = False
    """Whether the run stored that the message was delivered."""


@dataclass
class World:
    """Everything that outlives a run, and what runs read and sent."""

    now: datetime
    senders: tuple[Scope, ...]
    """The identities that SES lists."""
    rules: Mapping[str, str]
    """The text of each rule, by name."""
    configuration_sets: tuple[Scope, ...] = ()
    counts: Callable[[Query, Sequence[date], datetime], Series] | None = None
    """What VDM has counted; without it, as many bounces as the *levels* say."""
    levels: dict[Scope, dict[date, int]] = field(default_factory=dict)
    """Bounces per 1,000 emails of each sender, from each day on."""
    unreadable: frozenset[Scope | Query] = frozenset()
    """The scopes and single queries that VDM does not answer."""
    ses_rates: dict[Indicator, list[SesRate]] = field(default_factory=dict)
    """What SES has reported of its own rates."""
    replaced_ses_rates: list[SesRate] = field(default_factory=list)
    """The rates that runs may have read before others replaced them: the clock was set back."""
    is_cloudwatch_down: bool = False
    silences: dict[str, Silence] = field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    subscribers: int = 1
    services_down: frozenset[str] = frozenset()
    services_hanging: frozenset[str] = frozenset()
    endless_lists: frozenset[str] = frozenset()
    is_vdm_slow: bool = False
    crowd: Crowd = field(default_factory=Crowd)
    later_item: LaterItem | None = None
    damaged_items: dict[str, Item] = field(default_factory=dict)
    """Each item as it was damaged, by its sort key."""
    table: MemoryTable = field(default_factory=MemoryTable)
    rosters: MemoryRosters = field(default_factory=MemoryRosters)
    delivered: list[Delivery] = field(default_factory=list)
    observations: list[SeenRates] = field(default_factory=list)
    summaries_requested: set[date] = field(default_factory=set)
    """The days for which the table got a request for a weekly summary."""
    senders_changed_at: datetime = LONG_AGO
    reports: list[tuple[Actor, RunReport]] = field(default_factory=list)
    """The report of each run, with the run."""

    @property
    def all_senders(self) -> tuple[Scope, ...]:
        """Every identity that SES lists, those of the crowd included."""
        return (*self.senders, *self.crowd.scopes)

    def is_unreadable(self, scope: Scope) -> bool:
        """Say whether VDM does not answer some query about *scope*."""
        return any(scope in {each, getattr(each, "scope", None)} for each in self.unreadable)

    def level(self, scope: Scope, day: date) -> int:
        """Return how many of 1,000 emails of *scope* bounce on *day*."""
        if scope == ACCOUNT:
            levels = [self.level(sender, day) for sender in self.levels]
            return round(sum(levels) / len(levels))
        if scope not in self.levels:
            return self.crowd.level
        days = [each for each in self.levels[scope] if each <= day]
        return self.levels[scope][max(days)] if days else 10
