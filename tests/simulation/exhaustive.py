"""Every single way for a story to be broken off, and every pair of ways for a short one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

from simulation.histories import SENDERS, Step, begun, happens
from simulation.oracle import Key, Oracle
from simulation.ports import acts
from simulation.world import LASTS, Actor, Fault, World
from vdm_alerts.core.model.metrics import Scope, Series
from vdm_alerts.core.planning.queries import Query
from vdm_local.scenario import Scenario, load_scenario
from vdm_local.scenario_run import ScenarioRun

ROOT = Path(__file__).parents[2]
STORY = ROOT / "local" / "vdm_local" / "scenarios" / "newsletter.toml"
SHORT = tuple(Step(levels={SENDERS[0]: level}) for level in (10, 60, 60, 250, 0))
"""All is well; a warning, looked at twice; a rise; an end. Two more runs always follow."""


def stories_broken_off(every: int = 1, first: int = 0) -> Iterator[Oracle]:
    """Yield the demo's story, broken off or failing at each effect of each run in turn.

    At *every* so manieth of them, from the *first* on. After it, once the lease has run out, the
    run is tried again, and from then on people have to believe what they would have believed
    without it.
    """
    scenario = load_scenario(STORY)
    providers = patch("vdm_alerts.core.rules.rule.KNOWN_ISPS", ("Gmail", "Hotmail", "Yahoo"))
    with providers:
        told, before, effects = _told(scenario)
        points = (
            (number, effect, fault)
            for number, count in enumerate(effects)
            for effect in range(count)
            for fault in Fault
        )
        for count, (number, effect, fault) in enumerate(points):
            if count % every == first:
                oracle = deepcopy(before[number])
                _goes_on(oracle, scenario.runs[number:], told[number:], {effect: fault})
                yield oracle


def _told(
    scenario: Scenario,
) -> tuple[Sequence[Mapping[Key, int]], Sequence[Oracle], Sequence[int]]:
    """Return what people believe after each run, the world before it, and its effects."""
    oracle = Oracle(_world(scenario), knows_truth=False)
    told, before, effects = [], [], []
    for run in scenario.runs:
        before.append(deepcopy(oracle))
        oracle.world.now = run.at
        actor = acts(oracle.world, Actor())
        oracle.looks_at(actor)
        told.append(oracle.believed())
        effects.append(len(actor.done))
    return told, before, effects


def _goes_on(
    oracle: Oracle,
    runs: Sequence[ScenarioRun],
    told: Sequence[Mapping[Key, int]],
    faults: Mapping[int, Fault],
) -> None:
    world = oracle.world
    for run, believed in zip(runs, told, strict=True):
        world.now = max(world.now, run.at)
        actor = acts(world, Actor(faults))
        oracle.looks_at(actor)
        if actor.struck:
            world.now += LASTS + timedelta(minutes=5)
            oracle.looks_at(acts(world, Actor()))
        faults = {}
        now = oracle.believed()
        missing = believed.keys() - oracle.beliefs.keys()
        if missing or any(believed.get(key) != rank for key, rank in now.items()):
            what = f"people believe {now} and not {believed}"
            oracle.wrong.append(("lost", f"as of {run.at}: {what}"))


def _world(scenario: Scenario) -> World:
    texts = {file.stem: file.read_text() for file in sorted((ROOT / "rules").glob("*.toml"))}
    senders = tuple(Scope(identity=name) for name in scenario.identities)
    world = World(scenario.runs[0].at, senders, texts, mail=_Mail(scenario))
    world.sets = tuple(Scope(configuration_set=name) for name in scenario.configuration_sets)
    return world


class _Mail:
    """What VDM would count of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def __call__(self, query: Query, days: Sequence[date], now: datetime) -> Series:
        named = {key.value: value for key, value in query.scope.dimensions.items()}
        return Series(dict(self.scenario.counts(query.metric.value, named, days, now)))

    def __deepcopy__(self, _: object) -> "_Mail":
        return self  # It does not change.


def pairs_broken_off(every: int = 1, first: int = 0) -> Iterator[Oracle]:
    """Yield the short story with two things going wrong, at each pair of effects in turn.

    At *every* so manieth pair, from the *first* on. Both may be in one run, if that lives on.
    """
    for number, goes_on in enumerate(_goes_wrong(begun(), SHORT, {}, 2)):
        if number % every == first:
            yield goes_on()


def _goes_wrong(
    before: Oracle, steps: Sequence[Step], faults: Mapping[int, Fault], times: int
) -> Iterator[Callable[[], Oracle]]:
    """Yield every way to go on from *before* with so many *times* something going wrong.

    By *steps*, of which the first has *faults* already; more of its own come after those.
    """
    if not times:
        yield partial(_played, before, steps, faults)
        return
    oracle = deepcopy(before)
    happens(oracle, replace(steps[0], faults=faults))
    effects = range(max(faults, default=-1) + 1, len(oracle.last.done))
    for effect in effects if not oracle.last.is_dead else ():
        for fault in Fault:
            yield from _goes_wrong(before, steps, {**faults, effect: fault}, times - 1)
    if len(steps) > 1:
        yield from _goes_wrong(oracle, steps[1:], {}, times)


def _played(before: Oracle, steps: Sequence[Step], faults: Mapping[int, Fault]) -> Oracle:
    oracle = deepcopy(before)
    happens(oracle, replace(steps[0], faults=faults))
    for step in (*steps[1:], Step(), Step()):
        happens(oracle, step)
    return oracle
