"""A world around runs: an account, a table, a topic and a clock, any step of which may fail.

All that a run does to the world goes through the hands of an `Actor`, one effect at a time. Before
and after each effect the function may die, or the effect may fail, or happen without an answer; and
another run may come in between.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar

from vdm_alerts.core.model.findings import Unavailable
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Series
from vdm_alerts.core.muting.quiet_hours import QuietHours
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.observations.run_report import Summary
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import Roster

T = TypeVar("T")

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
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


@dataclass(frozen=True)
class Sight:
    """What a run has seen of *scope*: the *levels* of three days, the last first.

    *rules* are the texts that it was judged by, or would have been.
    """

    scope: Scope
    levels: tuple[int, ...]
    rules: Mapping[str, str]


@dataclass
class Delivery:
    """A message that went out: as of when, by whom, after how much was *seen*; was it confirmed?"""

    now: datetime
    document: Mapping[str, Any]
    actor: Actor
    seen: int
    is_confirmed: bool = False


@dataclass
class World:
    """Everything that outlives a run, and what was seen of it.

    The *mail* is as a function says; by default, each sender's as the *levels* of its days say.
    *unknown* is whose counts cannot be read, or which of them.
    """

    now: datetime
    senders: tuple[Scope, ...]
    rules: Mapping[str, str]
    sets: tuple[Scope, ...] = ()
    mail: Callable[[Query, Sequence[date], datetime], Series] | None = None
    levels: dict[Scope, dict[date, int]] = field(default_factory=dict)
    unknown: frozenset[Scope | Query] = frozenset()
    silences: dict[str, Silence] = field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    subscribers: int = 1
    down: frozenset[str] = frozenset()
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    roster: Roster = field(default_factory=Roster)
    holder: tuple[Actor, datetime] | None = None
    delivered: list[Delivery] = field(default_factory=list)
    seen: list[Sight] = field(default_factory=list)
    listed_since: datetime = LONG_AGO
    recorded: list[tuple[Actor, Summary]] = field(default_factory=list)

    def is_unknown(self, scope: Scope) -> bool:
        """Say whether something of *scope* cannot be read at the moment."""
        return any(scope in {each, getattr(each, "scope", None)} for each in self.unknown)

    def level(self, scope: Scope, day: date) -> int:
        """Return how many of a thousand mails of *scope* bounce on *day*."""
        if scope == ACCOUNT:
            all_of_them = [self.level(sender, day) for sender in self.levels]
            return round(sum(all_of_them) / len(all_of_them))
        days = [each for each in self.levels[scope] if each <= day]
        return self.levels[scope][max(days)] if days else 10
