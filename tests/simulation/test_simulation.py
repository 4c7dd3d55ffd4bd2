"""A part of the simulation that is fast enough for every test run; `make proof` runs all of it."""

import logging
from collections import Counter
from collections.abc import Iterator

import pytest

from simulation.__main__ import detecting_seed
from simulation.exhaustive import demo_with_one_fault, short_story_with_two_faults
from simulation.histories import play
from simulation.mutants import MUTANTS, Mutant
from simulation.oracle import Oracle
from simulation.random_histories import random_history


@pytest.fixture(autouse=True)
def _without_logs() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def faults_without_violations(oracles: Iterator[Oracle]) -> Counter[str]:
    """Require that no guarantee is broken; return the faults that occurred."""
    faults: Counter[str] = Counter()
    for number, oracle in enumerate(oracles):
        assert oracle.violations == [], number
        faults += oracle.faults
    return faults


def test_random_histories_keep_every_guarantee() -> None:
    faults = faults_without_violations(play(random_history(seed)) for seed in range(10_000, 10_250))

    kinds = {fault.partition(":")[0] for fault in faults}
    assert kinds >= {
        "died before",
        "died after",
        "failed",
        "hung",
        "endless",
        "response lost",
        "unavailable",
        "damaged",
        "crowd",
        "time for VDM was too short",
        "lease expired",
        "concurrent runs",
    }


def test_demo_keeps_every_guarantee_when_one_effect_fails() -> None:
    assert faults_without_violations(demo_with_one_fault(parts=15)).total() > 40


def test_short_story_keeps_every_guarantee_when_two_effects_fail() -> None:
    assert faults_without_violations(short_story_with_two_faults(parts=60)).total() > 200


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_detected(mutant: Mutant) -> None:
    assert detecting_seed(mutant) is not None


def test_random_history_is_reproducible_from_its_seed() -> None:
    assert random_history(7) == random_history(7)

    first, second = (play(random_history(7)) for _ in range(2))

    assert first.world.delivered != []
    assert [delivery.document for delivery in first.world.delivered] == [
        delivery.document for delivery in second.world.delivered
    ]
