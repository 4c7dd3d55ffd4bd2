"""Histories of a fleet: what happens to its targets and executions, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from simulation.fleet.executions import Execution, Moment, Plan
from simulation.fleet.oracle import FleetOracle
from simulation.fleet.ports import handlers_in
from simulation.fleet.world import TARGETS, FleetWorld
from simulation.world import LEASE_DURATION, Crowd
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications import fleet as grouping

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Overlap:
    """A second execution that starts during the first one."""

    plan: Plan
    evaluates_at: Moment
    """When the second execution evaluates its targets."""
    delivers_at: Moment
    """When it delivers, if that is later. Moments that do not occur are at the end of the first."""
    levels: Mapping[tuple[Target, Scope], int] = field(default_factory=dict)
    """New levels of senders when the second execution starts."""
    has_lease_expired: bool = False
    """Whether the leases of the first execution have expired when the second one starts."""


@dataclass(frozen=True)
class FleetStep:
    """One execution, or two that overlap: what has changed before, and what goes wrong."""

    plan: Plan = field(default_factory=Plan)
    after: timedelta = HOUR
    """The time since the last execution was scheduled."""
    levels: Mapping[tuple[Target, Scope], int] = field(default_factory=dict)
    """New levels of senders, from today on."""
    members: frozenset[Target] | None = None
    denied: frozenset[Target] | None = None
    broken: frozenset[Target] | None = None
    """The targets of which a silence is broken."""
    subscribers: int | None = None
    overlap: Overlap | None = None


@dataclass(frozen=True)
class FleetHistory:
    """The steps of one history, and the size of the fleet."""

    steps: tuple[FleetStep, ...]
    targets: int = 3
    limit: int = 10
    """The most messages of an execution."""
    max_targets: int = grouping.MAX_TARGETS
    """The most targets of a message."""
    has_instant_retries: bool = False


RECOVERY = 2
"""The steps at the end of every history before which no fault is left."""


def play_fleet(history: FleetHistory) -> FleetOracle:
    """Play *history* in a new world, and return its oracle."""
    fleet = FleetWorld(START, TARGETS[: history.targets], history.limit)
    fleet.has_instant_retries = history.has_instant_retries
    oracle = FleetOracle(fleet)
    with (
        handlers_in(fleet),
        patch.object(grouping, "MAX_TARGETS", history.max_targets),
    ):
        for step in history.steps[:-RECOVERY]:
            play_step(oracle, step)
        for step in history.steps[-RECOVERY:]:
            oracle.check_recovery(play_step(oracle, step))
    return oracle


def play_step(oracle: FleetOracle, step: FleetStep) -> Execution:
    """Play *step* in the world of *oracle*, check what happened, and return the execution."""
    fleet = oracle.fleet
    _change(fleet, step)
    before = oracle.stored_states()
    first = Execution(fleet, step.plan)
    executions = [first]
    if step.overlap:
        second = Execution(fleet, step.overlap.plan)
        executions.append(second)
        _overlap(oracle, first, second, step.overlap)
    first.start()
    first.evaluate()
    _deliver(oracle, first)
    first.end()
    for execution in executions:
        oracle.check_execution(execution, executions)
    oracle.check_unchanged(before)
    return first


def _overlap(oracle: FleetOracle, first: Execution, second: Execution, overlap: Overlap) -> None:
    """Have *second* act during *first*."""
    oracle.faults["lease expired" if overlap.has_lease_expired else "overlapping executions"] += 1

    def evaluate() -> None:
        if not second.name:
            pause = LEASE_DURATION + MINUTE if overlap.has_lease_expired else MINUTE
            oracle.fleet.advance(pause)
            _change_levels(oracle.fleet, overlap.levels)
            second.start()
            second.evaluate()

    def evaluate_and_deliver() -> None:
        evaluate()
        _deliver(oracle, second)

    first.pauses[overlap.evaluates_at] = evaluate
    first.pauses[overlap.delivers_at] = evaluate_and_deliver


def _deliver(oracle: FleetOracle, execution: Execution) -> None:
    for actor in execution.deliver():
        oracle.check_try(actor)


def _change(fleet: FleetWorld, step: FleetStep) -> None:
    """Apply the changes of *step* to *fleet*."""
    fleet.scheduled += step.after
    fleet.advance(max(fleet.scheduled - fleet.now, MINUTE))
    _change_levels(fleet, step.levels)
    if step.members is not None:
        fleet.members = step.members
    if step.denied is not None:
        fleet.denied = step.denied
    if step.broken is not None:
        for target, world in fleet.worlds.items():
            world.crowd = Crowd(broken_silences=int(target in step.broken))
    if step.subscribers is not None:
        fleet.subscribers = step.subscribers
        for world in fleet.worlds.values():
            world.subscribers = step.subscribers


def _change_levels(fleet: FleetWorld, levels: Mapping[tuple[Target, Scope], int]) -> None:
    if levels:
        fleet.levels_changed_at = fleet.now
    for (target, sender), level in levels.items():
        fleet.worlds[target].levels[sender][fleet.now.date()] = level
