"""Histories: what happens to an account and to its runs, step by step, made up from a seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Semaphore, Thread
from typing import Any

from proof.oracle import Oracle
from proof.world import LASTS, Actor, Fault, World
from vdm_alerts.core.globs import Names
from vdm_alerts.core.metrics import Dimension, Scope
from vdm_alerts.core.quiet_hours import parse_quiet_hours
from vdm_alerts.core.silences import Silence

BEGINS = datetime(2026, 3, 2, 9, tzinfo=UTC)
SENDERS = (Scope(identity="a.example.com"), Scope(identity="b.example.com"))
COMPARING = """
indicator = "bounce_rate"
scopes = ["account", "identity"]
windows = ["1d"]
confidence = "none"
warning = "5%"
critical = "10%"
"""
SURE = """
indicator = "bounce_rate"
scopes = ["account", "identity"]
windows = ["1d", "2d"]
warning = "5%"
critical = "10%"
"""
RULES = {"comparing": COMPARING, "sure": SURE}
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
    unknown: frozenset[Scope] | None = None
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


def play(history: History, *, rules: Mapping[str, str] = RULES) -> Oracle:
    """Play *history* in a new world; return what the oracle has to say of it."""
    world = World(BEGINS, SENDERS, dict(rules), quiet_hours=parse_quiet_hours(history.quiet))
    world.levels = {sender: {BEGINS.date() - timedelta(days=70): 10} for sender in SENDERS}
    oracle = Oracle(world)
    for step in history.steps:
        _change(world, step)
        if step.overlap:
            oracle.looks_at_overlap(_overlapping(world, step.overlap, step.faults), step.overlap)
        else:
            oracle.looks_at(world.acts(Actor(step.faults)))
    return oracle


def _change(world: World, step: Step) -> None:
    world.now += step.after
    today = world.now.date()
    for scope, level in step.levels.items():
        world.levels[scope][today] = level
    for scope, level in step.revised.items():
        world.levels[scope][today - timedelta(days=1)] = level
        world.levels[scope].setdefault(today, level)
    for name, text in step.rules.items():
        if text is None:
            world.rules.pop(name, None)
        else:
            world.rules[name] = text
    for name, length in step.silences.items():
        if length is None:
            world.silences.pop(name, None)
        else:
            names = Names({Dimension.IDENTITY: f"{name}.example.com"})
            source = f"/vdm-alerts/silences/{name}"
            world.silences[name] = Silence(
                name, source, "*", names, world.now + length, "It moves", "the team"
            )
    if step.senders is not None:
        world.senders = step.senders
    if step.unknown is not None:
        world.unknown = set(step.unknown)
    if step.down is not None:
        world.down = set(step.down)
    if step.subscribers is not None:
        world.subscribers = step.subscribers


def _overlapping(world: World, overlap: Overlap, faults: Mapping[int, Fault]) -> list[Actor]:
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

    def acts() -> None:
        try:
            world.acts(first, now)
        finally:
            second_goes.release()

    thread = Thread(target=acts)
    thread.start()
    second_goes.acquire()
    if overlap.lease_out:
        world.now += LASTS + timedelta(minutes=1)
    else:
        world.now += timedelta(minutes=1)
    world.acts(second)
    first_goes.release()
    thread.join()
    return [first, second]


def made_up(seed: int) -> History:
    """Return the history of *seed*, the same every time."""
    chance = random.Random(seed)  # noqa: S311 - a play of chance, not a secret
    steps = [Step(levels={SENDERS[0]: chance.choice(LEVELS)})]
    bad: set[str] = set()
    for _ in range(chance.randint(3, 12)):
        steps.append(_made_up(chance, bad))
    good = {name: RULES[name] for name in sorted(bad)}
    steps += [Step(**{**_fields(MEND), "rules": good}), Step(), Step()]
    quiet = "22:00-07:00 Europe/Berlin" if chance.random() < 0.15 else "none"
    return History(tuple(steps), quiet)


def _fields(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in step.__dataclass_fields__}


def _made_up(chance: random.Random, bad: set[str]) -> Step:
    """Return a step in which a few things change, and some go wrong."""
    said: dict[str, Any] = {}
    lengths = (HOUR, HOUR, HOUR, HOUR, HOUR / 12, 9 * HOUR, 24 * HOUR, 75 * HOUR, -HOUR / 2)
    said["after"] = chance.choice(lengths)
    if chance.random() < 0.5:
        said["levels"] = {chance.choice(SENDERS): chance.choice(LEVELS)}
    if chance.random() < 0.1:
        said["revised"] = {chance.choice(SENDERS): chance.choice(LEVELS)}
    if chance.random() < 0.12:
        scopes = (*SENDERS, Scope())
        said["unknown"] = frozenset(chance.sample(scopes, chance.randint(0, 3)))
    if chance.random() < 0.15:
        services = ("table", "topic", "ses", "ssm")
        said["down"] = frozenset(chance.sample(services, chance.choice((0, 0, 1, 1, 2))))
    if chance.random() < 0.1:
        name = chance.choice(sorted(RULES))
        text = chance.choice(("indicator = 7", None, RULES[name]))
        said["rules"] = {name: text}
        (bad.discard if text == RULES[name] else bad.add)(name)
    if chance.random() < 0.08:
        length = chance.choice((None, 2 * HOUR, 30 * HOUR))
        said["silences"] = {chance.choice("ab"): length}
    if chance.random() < 0.05:
        said["senders"] = chance.choice((SENDERS, SENDERS[:1]))
    if chance.random() < 0.06:
        said["subscribers"] = chance.choice((0, 1))
    if chance.random() < 0.4:
        count = chance.choice((1, 1, 2))
        said["faults"] = {chance.randint(0, 20): chance.choice(list(Fault)) for _ in range(count)}
    if chance.random() < 0.1:
        at = chance.choice((None, chance.randint(0, 18)))
        said["overlap"] = Overlap(chance.randint(1, 18), at, chance.random() < 0.6)
    return Step(**said)
