"""The world around runs: an account, a table, a topic and a clock, each of which may fail.

Every effect of a run goes through its `Actor`. Before and after each effect the function may die.
The effect may fail, or happen without a response, and another run may start meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar

from vdm_alerts.adapters.memory import MemoryRosters, MemoryTable
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Series
from vdm_alerts.core.muting.quiet_hours import QuietHours
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.core.planning.queries import Query

T = TypeVar("T")

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LEASE_DURATION = timedelta(minutes=15)
SERVICES = {
    "take the lease": "table",
    "load the state": "table",
    "save the state": "table",
    "release the lease": "table",
    "load the roster": "table",
    "save the roster": "table",
    "publish": "topic",
    "count subscribers": "topic",
    "read the rules": "ssm",
    "read the silences": "ssm",
    "read the account status": "ses",
    "list identities": "ses",
    "read metrics": "ses",
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
    NO_RESPONSE = "response lost"


@dataclass
class Actor:
    """One run: the faults that are planned for its effects, and what happened."""

    faults: Mapping[int, Fault] = field(default_factory=dict)
    """The planned fault of each effect, by its number."""
    pauses: Mapping[int, Callable[[], None]] = field(default_factory=dict)
    """What to call before each effect, by its number."""
    services_down: frozenset[str] = frozenset()
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
        if name == RECORD and fault in {Fault.FAILS, Fault.NO_RESPONSE}:
            fault = None
        if fault:
            self.faults_occurred.append((name, fault))
        if fault is Fault.DIES_BEFORE:
            self._die()
        if fault is Fault.FAILS or SERVICES.get(name) in self.services_down:
            raise UnavailableError(name, "not now")
        result = effect()
        if fault is Fault.DIES_AFTER:
            self._die()
        if fault is Fault.NO_RESPONSE:
            raise UnavailableError(name, "no response")
        return result

    def _die(self) -> None:
        self.is_dead = True
        raise FunctionDiedError


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
    silences: dict[str, Silence] = field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    subscribers: int = 1
    services_down: frozenset[str] = frozenset()
    table: MemoryTable = field(default_factory=MemoryTable)
    rosters: MemoryRosters = field(default_factory=MemoryRosters)
    delivered: list[Delivery] = field(default_factory=list)
    observations: list[SeenRates] = field(default_factory=list)
    senders_changed_at: datetime = LONG_AGO
    reports: list[tuple[Actor, RunReport]] = field(default_factory=list)
    """The report of each run, with the run."""

    def is_unreadable(self, scope: Scope) -> bool:
        """Say whether VDM does not answer some query about *scope*."""
        return any(scope in {each, getattr(each, "scope", None)} for each in self.unreadable)

    def level(self, scope: Scope, day: date) -> int:
        """Return how many of 1,000 emails of *scope* bounce on *day*."""
        if scope == ACCOUNT:
            levels = [self.level(sender, day) for sender in self.levels]
            return round(sum(levels) / len(levels))
        days = [each for each in self.levels[scope] if each <= day]
        return self.levels[scope][max(days)] if days else 10
