"""Random histories of a fleet, each determined by its seed."""

import random
from collections.abc import Sequence
from typing import Any

from simulation.fleet.executions import Cause, HandoverFault, Moment, Plan
from simulation.fleet.histories import HOUR, FleetHistory, FleetStep, Overlap
from simulation.fleet.world import SENDERS, TARGETS
from simulation.world import Fault
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.fleet import MAX_TARGETS

INTERVALS = (HOUR, HOUR, HOUR, HOUR, HOUR / 4, 9 * HOUR, 24 * HOUR)
"""The time between two executions."""
LEVELS = (0, 10, 60, 125, 250)
"""Bounces per 1,000 emails of a sender. No mean of three of them is at a threshold."""
SERVICES = ("table", "ses", "ssm", "table")
EFFECTS_OF_EVALUATION, EFFECTS_OF_DELIVERY = 18, 36
"""The number of effects, or a little more."""

_NEVER = Moment(None, 1_000)


def random_fleet_history(seed: int) -> FleetHistory:
    """Return the history of *seed*."""
    chance = random.Random(f"fleet {seed}")
    targets = TARGETS[: chance.randint(2, 5)]
    steps = [_step(chance, targets) for _ in range(chance.randint(3, 7))]
    everyone = frozenset(targets)
    recovery = FleetStep(Plan(), 26 * HOUR, members=everyone, denied=frozenset(), subscribers=1)
    return FleetHistory(
        (*steps, recovery, FleetStep()),
        len(targets),
        limit=chance.choice((1, 2, 3, 10)),
        max_targets=chance.choice((2, MAX_TARGETS, MAX_TARGETS)),
    )


def _step(chance: random.Random, targets: Sequence[Target]) -> FleetStep:
    """Return a step with a few changes and faults."""
    changes: dict[str, Any] = {"after": chance.choice(INTERVALS)}
    if chance.random() < 0.7:
        changes["levels"] = _levels(chance, targets)
    if chance.random() < 0.15:
        changes["members"] = _some(chance, targets, 0.7) or frozenset(targets[:1])
    elif chance.random() < 0.3:
        changes["members"] = frozenset(targets)
    if chance.random() < 0.3:
        changes["denied"] = _some(chance, targets, chance.choice((0, 0.3)))
    if chance.random() < 0.15:
        changes["broken"] = _some(chance, targets, chance.choice((0, 0.4)))
    if chance.random() < 0.08:
        changes["subscribers"] = chance.choice((0, 1))
    if chance.random() < 0.4:
        first, second = _moments(chance, targets)
        changes["overlap"] = Overlap(
            _plan(chance, targets),
            first,
            second,
            _levels(chance, targets) if chance.random() < 0.7 else {},
            has_lease_expired=chance.random() < 0.25,
        )
    return FleetStep(_plan(chance, targets), **changes)


def _levels(chance: random.Random, targets: Sequence[Target]) -> dict[tuple[Target, Scope], int]:
    """Return new levels of senders; of the same one in all targets if a provider fails."""
    level = chance.choice(LEVELS)
    is_same = chance.random() < 0.4
    return {
        (target, chance.choice(SENDERS)): level if is_same else chance.choice(LEVELS)
        for target in sorted(_some(chance, targets, 0.5), key=str)
        for _ in range(chance.choice((1, 1, 3)))
    }


def _moments(chance: random.Random, targets: Sequence[Target]) -> tuple[Moment, Moment]:
    """Return when a second execution evaluates, and when it delivers: then, later or at the end."""
    if chance.random() < 0.5:
        first = Moment(chance.randrange(len(targets)), chance.randint(0, EFFECTS_OF_EVALUATION))
    else:
        first = Moment(None, chance.choice((0, 1, 2, chance.randint(0, EFFECTS_OF_DELIVERY))))
    second = chance.choice((first, Moment(None, chance.randint(3, EFFECTS_OF_DELIVERY)), _NEVER))
    is_earlier = first.evaluation is None and second != _NEVER and second.effect < first.effect
    return first, first if is_earlier else second


def _plan(chance: random.Random, targets: Sequence[Target]) -> Plan:
    """Return an execution with a few faults."""
    cause = chance.choice((Cause.SCHEDULE, Cause.SCHEDULE, Cause.EVENT, Cause.WEEKLY))
    plan: dict[str, Any] = {"cause": cause}
    if cause is Cause.EVENT:
        plan["about"] = chance.choice(targets)
    if chance.random() < 0.35:
        plan["faults"] = {
            target: _faults(chance, EFFECTS_OF_EVALUATION)
            for target in sorted(_some(chance, targets, 0.4), key=str)
        }
    if chance.random() < 0.15:
        plan["services_down"] = {
            chance.choice(targets): frozenset(chance.sample(SERVICES, 1)) for _ in range(2)
        }
    for name in ("persistent", "repeated", "unanswered", "held", "tables_down"):
        if chance.random() < 0.12:
            plan[name] = _some(chance, targets, 0.4)
    if chance.random() < 0.1:
        plan["handover_faults"] = {
            target: chance.choice(list(HandoverFault))
            for target in sorted(_some(chance, targets, 0.5), key=str)
        }
    plan["is_map_failed"] = chance.random() < 0.04
    plan["is_stopped"] = chance.random() < 0.08
    if chance.random() < 0.4:
        count = chance.choice((1, 1, 2, 4))
        plan["publish_faults"] = {
            number: chance.choice(list(Fault)) for number in range(3) if chance.random() < 0.2
        }
        plan["tries"] = tuple(_faults(chance, EFFECTS_OF_DELIVERY) for _ in range(count))
    return Plan(**plan)


def _faults(chance: random.Random, effects: int) -> dict[int, Fault]:
    """Return one or two faults of a run that has so many *effects*."""
    count = chance.choice((1, 1, 2))
    return {chance.randrange(effects): chance.choice(list(Fault)) for _ in range(count)}


def _some(chance: random.Random, targets: Sequence[Target], share: float) -> frozenset[Target]:
    return frozenset(target for target in targets if chance.random() < share)
