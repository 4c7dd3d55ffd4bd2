"""A part of the simulation of fleets that is fast enough for every test run."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from simulation.__main__ import detecting_seed, play_fleet_of
from simulation.fleet.executions import Plan
from simulation.fleet.histories import FleetHistory, play_fleet
from simulation.fleet.mutants import FLEET_MUTANTS
from simulation.fleet.oracle import FleetOracle, content_of_document
from simulation.fleet.random_histories import random_fleet_history
from simulation.fleet.world import FLEET, TARGETS
from simulation.mutants import Mutant
from vdm_alerts.core.model.target import Target

T = TypeVar("T")


@pytest.fixture(autouse=True)
def _without_logs() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_random_fleets_keep_every_guarantee() -> None:
    faults: Counter[str] = Counter()
    excuses: Counter[str] = Counter()
    for seed in range(10_000, 10_200):
        oracle = play_fleet(random_fleet_history(seed))
        assert oracle.violations == [], seed
        faults += oracle.faults
        excuses += oracle.excuses

    kinds = {fault.partition(":")[0] for fault in faults}
    assert kinds >= {
        "died before",
        "died after",
        "failed",
        "hung",
        "response lost",
        "unavailable",
        "lease expired",
        "overlapping executions",
    }
    assert excuses.total() > 20


@pytest.mark.parametrize("mutant", FLEET_MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_of_a_fleet_is_detected(mutant: Mutant) -> None:
    assert detecting_seed(mutant, play_seed=play_fleet_of) is not None


def test_faults_of_one_target_change_no_notification_of_another() -> None:
    faults: Counter[str] = Counter()
    for seed in range(20):
        history = random_fleet_history(seed)
        with_faults = play_fleet(_with_faults_of_one_target(history, with_faults=True))
        without = play_fleet(_with_faults_of_one_target(history, with_faults=False))
        assert _published(with_faults) == _published(without), seed
        faults += with_faults.faults
    assert faults.total() > 10


def test_random_history_of_a_fleet_is_reproducible_from_its_seed() -> None:
    assert random_fleet_history(7) == random_fleet_history(7)

    first, second = (play_fleet(random_fleet_history(7)) for _ in range(2))

    assert first.fleet.publications != []
    assert [each.document for each in first.fleet.publications] == [
        each.document for each in second.fleet.publications
    ]


def _with_faults_of_one_target(history: FleetHistory, *, with_faults: bool) -> FleetHistory:
    """Return *history* with the faults of its first target only, or without any."""
    chosen = frozenset(TARGETS[:1] if with_faults else ())
    steps = tuple(
        replace(
            step,
            plan=_limited(step.plan, chosen),
            denied=None if step.denied is None else step.denied & chosen,
            overlap=None,
        )
        for step in history.steps
    )
    return replace(history, steps=steps, has_instant_retries=True)


def _limited(plan: Plan, chosen: frozenset[Target]) -> Plan:
    """Return *plan* with those of its faults that concern *chosen* targets."""

    def of_chosen(faults: Mapping[Target, T]) -> Mapping[Target, T]:
        return {target: fault for target, fault in faults.items() if target in chosen}

    return Plan(
        plan.cause,
        plan.about,
        faults=of_chosen(plan.faults),
        services_down=of_chosen(plan.services_down),
        repeated=plan.repeated & chosen,
        unanswered=plan.unanswered & chosen,
        handover_faults=of_chosen(plan.handover_faults),
        held=plan.held & chosen,
        tables_down=plan.tables_down & chosen,
    )


def _published(oracle: FleetOracle) -> Sequence[object]:
    """Return what was published about each target but the first one, without the problems."""
    others = [
        (str(each.target), each.number, content_of_document(each.document))
        for each in oracle.fleet.publications
        if each.target not in {TARGETS[0], FLEET}
    ]
    return sorted(others, key=str)
