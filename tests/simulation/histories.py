"""Histories: what happens to an account and to its runs, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Semaphore, Thread
from unittest.mock import patch

from simulation.oracle import Oracle
from simulation.ports import acts
from simulation.rules import RULES
from simulation.world import LASTS, Actor, Fault, World
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.muting.quiet_hours import parse_quiet_hours
from vdm_alerts.core.muting.silences import Silence
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.patterns import Names

BEGINS = datetime(2026, 3, 2, 9, tzinfo=UTC)
SENDERS = (Scope(identity="a.example.com"), Scope(identity="b.example.com"))
LEVELS = (0, 10, 60, 120, 250)
"""Bounces of a thousand mails: none, few, above a warning, above a critical line, and far above."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Overlap:
    """A second run that comes while the first is at an effect, and is held up itself, or not.

    With *lease_out*, so late that the lease of the first has run out.
    """

    first_at: int
    second_at: int | None = None
    lease_out: bool = False


@dataclass(frozen=True)
class Step:
    """One run, *after* so long: what has changed by then, and what goes wrong with it."""

    after: timedelta = HOUR
    levels: Mapping[Scope, int] = field(default_factory=dict)
    revised: Mapping[Scope, int] = field(default_factory=dict)
    rules: Mapping[str, str | None] = field(default_factory=dict)
    silences: Mapping[str, timedelta | None] = field(default_factory=dict)
    senders: tuple[Scope, ...] | None = None
    unknown: frozenset[Scope | Query] | None = None
    down: frozenset[str] | None = None
    subscribers: int | None = None
    faults: Mapping[int, Fault] = field(default_factory=dict)
    overlap: Overlap | None = None


@dataclass(frozen=True)
class History:
    """A beginning, and what comes after it; *quiet* are its quiet hours, if it has any."""

    steps: tuple[Step, ...]
    quiet: str = "none"


MEND = Step(after=26 * HOUR, unknown=frozenset(), down=frozenset(), subscribers=1, senders=SENDERS)
"""What every history ends with: all faults are over, and whoever sends has been listed again."""


def play(history: History) -> Oracle:
    """Play *history* in a new world; return what the oracle has to say of it."""
    oracle = begun(history.quiet)
    for step in history.steps:
        happens(oracle, step)
    return oracle


def begun(quiet: str = "none") -> Oracle:
    """Return an oracle that looks at a new world, with *quiet* hours in it."""
    world = World(BEGINS, SENDERS, RULES, quiet_hours=parse_quiet_hours(quiet))
    world.levels = {sender: {BEGINS.date() - timedelta(days=70): 10} for sender in SENDERS}
    return Oracle(world)


def happens(oracle: Oracle, step: Step) -> None:
    """Have *step* happen in the world that *oracle* looks at."""
    world = oracle.world
    change(world, step)
    with patch(
        "vdm_alerts.core.planning.rule_scopes.KNOWN_ISPS", ("Hotmail",)
    ):  # One is enough, and quicker.
        if step.overlap:
            actors = overlapping(world, step.overlap, step.faults)
            oracle.looks_at_overlap(actors, step.overlap)
        else:
            oracle.looks_at(acts(world, Actor(step.faults)))


def change(world: World, step: Step) -> None:
    """Have *world* be as it is at *step*."""
    world.now += step.after
    today = world.now.date()
    for scope, level in step.levels.items():
        world.levels[scope][today] = level
    for scope, level in step.revised.items():
        world.levels[scope][today - timedelta(days=1)] = level
        world.levels[scope].setdefault(today, level)
    edited = {**world.rules, **step.rules}
    world.rules = {name: text for name, text in edited.items() if text is not None}
    for name, length in step.silences.items():
        world.silences.pop(name, None)
        if length is not None:
            world.silences[name] = _silence(name, world.now + length)
    if step.senders is not None and step.senders != world.senders:
        world.listed_since = world.now
    for name in ("senders", "unknown", "down", "subscribers"):
        value = getattr(step, name)
        if value is not None:
            setattr(world, name, value)


def _silence(name: str, until: datetime) -> Silence:
    """Return a silence of the sender whose domain begins with *name*, by all rules."""
    names = Names({Dimension.IDENTITY: f"{name}.example.com"})
    source = f"/vdm-alerts/silences/{name}"
    return Silence(name, source, "*", names, until, "It moves", "the team")


def overlapping(world: World, overlap: Overlap, faults: Mapping[int, Fault]) -> list[Actor]:
    """Have two runs act, the second while the first is held up, and each go on in its turn."""
    second_goes, first_goes = Semaphore(0), Semaphore(0)

    def hold_up() -> None:
        second_goes.release()
        first_goes.acquire()

    def in_between() -> None:
        first_goes.release()
        thread.join()

    first = Actor(faults, pauses={overlap.first_at: hold_up})
    at, now = overlap.second_at, world.now
    second = Actor(pauses={} if at is None else {at: in_between})

    def goes() -> None:
        try:
            acts(world, first, now)
        finally:
            second_goes.release()

    thread = Thread(target=goes)
    thread.start()
    second_goes.acquire()
    if overlap.lease_out:
        world.now += LASTS + timedelta(minutes=1)
    else:
        world.now += timedelta(minutes=1)
    acts(world, second)
    first_goes.release()
    thread.join()
    return [first, second]
