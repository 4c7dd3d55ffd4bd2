"""Histories made up from a seed, the same every time."""

import random
from dataclasses import replace
from typing import Any

from simulation.histories import HOUR, LEVELS, MEND, SENDERS, History, Overlap, Step
from simulation.rules import BAD, EDITS, OTHER, RULES
from simulation.world import Fault
from vdm_alerts.core.model.metrics import ACCOUNT, Metric
from vdm_alerts.core.planning.queries import Query

LENGTHS = (HOUR, HOUR, HOUR, HOUR, HOUR / 12, 9 * HOUR, 24 * HOUR, 75 * HOUR, -HOUR / 2)
"""How long after the last run the next one comes; a clock that is set back is among them."""
SERVICES = ("table", "topic", "ses", "ssm")
UNREADABLE = (
    *SENDERS,
    ACCOUNT,
    *(Query(metric, SENDERS[0]) for metric in (Metric.SEND, Metric.PERMANENT_BOUNCE)),
)
"""Whose counts may be unknown, and which counts of somebody the rest of whom is known."""


def made_up(seed: int) -> History:
    """Return the history of *seed*, the same every time."""
    chance = random.Random(seed)  # noqa: S311 - a play of chance, not a secret
    steps = [Step(levels={SENDERS[0]: chance.choice(LEVELS)})]
    length = chance.randint(40, 120) if chance.random() < 0.02 else chance.randint(3, 12)
    steps += [_made_up(chance) for _ in range(length)]
    last = {name: text for step in steps for name, text in step.rules.items()}
    mended = {
        name: RULES[name] for name, text in sorted(last.items()) if text in {None, BAD, OTHER}
    }
    steps += [replace(MEND, rules=mended), Step(), Step()]
    quiet = "22:00-07:00 Europe/Berlin" if chance.random() < 0.15 else "none"
    return History(tuple(steps), quiet)


def _made_up(chance: random.Random) -> Step:
    """Return a step in which a few things change, and some go wrong."""
    said: dict[str, Any] = {"after": chance.choice(LENGTHS)}
    if chance.random() < 0.5:
        said["levels"] = {chance.choice(SENDERS): chance.choice(LEVELS)}
    if chance.random() < 0.1:
        said["revised"] = {chance.choice(SENDERS): chance.choice(LEVELS)}
    if chance.random() < 0.1:
        name = chance.choice(sorted(RULES))
        said["rules"] = {name: chance.choice(EDITS[name])}
    if chance.random() < 0.08:
        said["silences"] = {chance.choice("ab"): chance.choice((None, 2 * HOUR, 30 * HOUR))}
    if chance.random() < 0.05:
        said["senders"] = chance.choice((SENDERS, SENDERS[:1]))
    return Step(**said, **_trouble(chance))


def _trouble(chance: random.Random) -> dict[str, Any]:
    """Return what goes wrong with one run."""
    said: dict[str, Any] = {}
    if chance.random() < 0.12:
        said["unknown"] = frozenset(chance.sample(UNREADABLE, chance.randint(0, 3)))
    if chance.random() < 0.15:
        said["down"] = frozenset(chance.sample(SERVICES, chance.choice((0, 0, 1, 1, 2))))
    if chance.random() < 0.06:
        said["subscribers"] = chance.choice((0, 1))
    if chance.random() < 0.4:
        count = chance.choice((1, 1, 2))
        said["faults"] = {chance.randint(0, 20): chance.choice(list(Fault)) for _ in range(count)}
    if chance.random() < 0.1:
        at = chance.choice((None, chance.randint(0, 18)))
        said["overlap"] = Overlap(chance.randint(1, 18), at, chance.random() < 0.6)
    return said
