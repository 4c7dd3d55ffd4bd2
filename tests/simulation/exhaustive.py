"""Exhaustive histories: a fault at every effect of the demo, and at every pair of a short story."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

from simulation.histories import SENDERS, Step, new_oracle, play_step
from simulation.oracle import Key, Oracle
from simulation.ports import run_actor
from simulation.world import LEASE_DURATION, Actor, Fault, World
from vdm_alerts.core.model.metrics import Scope, Series
from vdm_alerts.core.planning import read_plan
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.rule_scopes import provider_names
from vdm_local.scenario import Scenario, load_scenario
from vdm_local.scenario_run import ScenarioRun

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "local" / "vdm_local" / "scenarios" / "newsletter.toml"
INSTANT = tuple(fault for fault in Fault if fault is not Fault.HANGS)
"""The faults that take no time. In a pair of faults, a call that hangs is one that fails."""
SHORT_STORY = tuple(Step(levels={SENDERS[0]: level}) for level in (10, 60, 60, 250, 0))
"""No alert, a warning in two runs, critical, resolved. Two more runs follow."""


def demo_with_one_fault(parts: int = 1, part: int = 0) -> Iterator[Oracle]:
    """Yield the demo once for each fault at each effect of each run.

    After the fault the lease expires and the run is repeated. From then on recipients must believe
    what they would have believed without the fault. With *parts*, yield every such history of
    which the number modulo *parts* is *part*.
    """
    scenario = load_scenario(DEMO)
    three = ("Gmail", "Hotmail", "Yahoo")  # Enough, and faster than all of them.
    with patch.object(read_plan, provider_names.__name__, lambda _: three):
        beliefs, before, effects = _without_faults(scenario)
        points = (
            (run, effect, fault)
            for run, count in enumerate(effects)
            for effect in range(count)
            for fault in Fault
        )
        for number, (run, effect, fault) in enumerate(points):
            if number % parts == part:
                oracle = deepcopy(before[run])
                _play_demo(oracle, scenario.runs[run:], beliefs[run:], {effect: fault})
                yield oracle


def _without_faults(
    scenario: Scenario,
) -> tuple[Sequence[Mapping[Key, int]], Sequence[Oracle], Sequence[int]]:
    """Return the beliefs after each run, the world before it, and the number of its effects."""
    oracle = Oracle(_world(scenario), knows_truth=False)
    beliefs, before, effects = [], [], []
    for run in scenario.runs:
        before.append(deepcopy(oracle))
        oracle.world.now = run.at
        actor = run_actor(oracle.world, Actor(requests_summary=run.weekly_summary))
        oracle.check_run(actor)
        beliefs.append(oracle.confirmed_beliefs())
        effects.append(len(actor.effects))
    return beliefs, before, effects


def _play_demo(
    oracle: Oracle,
    runs: Sequence[ScenarioRun],
    beliefs: Sequence[Mapping[Key, int]],
    faults: Mapping[int, Fault],
) -> None:
    world = oracle.world
    for run, expected in zip(runs, beliefs, strict=True):
        world.now = max(world.now, run.at)
        actor = run_actor(world, Actor(faults, run.weekly_summary))
        oracle.check_run(actor)
        if actor.faults_occurred:
            world.now += LEASE_DURATION + timedelta(minutes=5)
            oracle.check_run(run_actor(world, Actor()))
        faults = {}
        believed = oracle.confirmed_beliefs()
        missing = expected.keys() - oracle.beliefs.keys()
        if missing or any(expected.get(key) != rank for key, rank in believed.items()):
            details = f"as of {run.at}: recipients believe {believed}, expected {expected}"
            oracle.violations.append(("missing notification", details))


def _world(scenario: Scenario) -> World:
    texts = {file.stem: file.read_text() for file in sorted((ROOT / "rules").glob("*.toml"))}
    senders = tuple(Scope(identity=name) for name in scenario.identities)
    world = World(scenario.runs[0].at, senders, texts, counts=_Counts(scenario))
    world.configuration_sets = tuple(
        Scope(configuration_set=name) for name in scenario.configuration_sets
    )
    return world


class _Counts:
    """What VDM counts in a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def __call__(self, query: Query, days: Sequence[date], now: datetime) -> Series:
        dimensions = {key.value: value for key, value in query.scope.dimensions.items()}
        return Series(dict(self.scenario.counts(query.metric.value, dimensions, days, now)))

    def __deepcopy__(self, _: object) -> "_Counts":
        return self  # It does not change.


def short_story_with_two_faults(parts: int = 1, part: int = 0) -> Iterator[Oracle]:
    """Yield the short story once for each pair of faults at each pair of effects.

    Both may be in one run, if the function survives the first. *parts* and *part* are as above.
    """
    histories = _with_faults(new_oracle(), SHORT_STORY, {}, 2)
    for number, play_one in enumerate(histories):
        if number % parts == part:
            yield play_one()


def _with_faults(
    before: Oracle, steps: Sequence[Step], faults: Mapping[int, Fault], count: int
) -> Iterator[Callable[[], Oracle]]:
    """Yield every way to play *steps* after *before* with *count* more faults.

    The first step has *faults* already; more faults of this step come after those.
    """
    if not count:
        yield partial(_play, before, steps, faults)
        return
    oracle = deepcopy(before)
    play_step(oracle, replace(steps[0], faults=faults))
    effects = range(max(faults, default=-1) + 1, len(oracle.last.effects))
    for effect in effects if not oracle.last.is_dead else ():
        for fault in INSTANT:
            yield from _with_faults(before, steps, {**faults, effect: fault}, count - 1)
    if len(steps) > 1:
        yield from _with_faults(oracle, steps[1:], {}, count)


def _play(before: Oracle, steps: Sequence[Step], faults: Mapping[int, Fault]) -> Oracle:
    oracle = deepcopy(before)
    play_step(oracle, replace(steps[0], faults=faults))
    for step in (*steps[1:], Step(), Step()):
        play_step(oracle, step)
    return oracle
