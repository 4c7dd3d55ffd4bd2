"""A part of the proof that is quick enough for every day; `make proof` is all of it."""

import logging
from collections import Counter
from collections.abc import Iterator

import pytest

from simulation.__main__ import caught
from simulation.exhaustive import pairs_broken_off, stories_broken_off
from simulation.histories import play
from simulation.mutants import VARIANTS, Variant
from simulation.oracle import Oracle
from simulation.random_histories import made_up


@pytest.fixture(autouse=True)
def _quietly() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def keeps(oracles: Iterator[Oracle]) -> Counter[str]:
    """Say that nothing is wrong in any of them; return what went wrong around them."""
    faults: Counter[str] = Counter()
    for number, oracle in enumerate(oracles):
        assert oracle.wrong == [], number
        faults += oracle.faults
    return faults


def test_in_histories_that_are_made_up_every_promise_is_kept() -> None:
    faults = keeps(play(made_up(seed)) for seed in range(10_000, 10_250))
    struck = {fault.rsplit(" ", 1)[-1] for fault in faults}
    assert {"before", "after", "fails", "unanswered", "down", "out", "once"} <= struck


def test_in_the_demos_story_broken_off_wherever_it_can_be_every_promise_is_kept() -> None:
    assert sum(keeps(stories_broken_off(every=15)).values()) > 40


def test_in_a_story_broken_off_twice_every_promise_is_kept() -> None:
    assert sum(keeps(pairs_broken_off(every=60)).values()) > 200


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_what_is_broken_on_purpose_is_caught(variant: Variant) -> None:
    assert caught(variant) is not None


def test_a_history_is_the_same_every_time() -> None:
    assert made_up(7) == made_up(7)
    first, again = (play(made_up(7)) for _ in range(2))
    assert [each.document for each in first.world.delivered] == [
        each.document for each in again.world.delivered
    ]
