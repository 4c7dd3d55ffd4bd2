"""The loop: change an input, check it, and keep it as a parent if its outcome is new.

The outcome takes the place of code coverage, which slows Python down by a factor of ten. Atheris
measures coverage faster, but its newest version has no package for Python 3.11.
"""

import gc
import logging
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from time import process_time

from fuzzing import bounds
from fuzzing.target import Input, Outcome, Target

MAX_FAILURES = 20
"""Failed inputs of a target after which it is fuzzed no further."""
MAX_PARENTS = 2_000
MAX_KINDS = 20_000


COLLECTION_INTERVAL = 200
"""Inputs between two garbage collections. In between, the collector ignores what was there."""


@dataclass
class Tally:
    """The counts of one target."""

    target: str
    inputs: int = 0
    accepted: int = 0
    kinds: set[str] = field(default_factory=set)
    """The distinct kinds of outcomes."""
    failures: list[tuple[Input, str]] = field(default_factory=list)
    """Each failed input, with the end of the traceback."""
    cpu_seconds: float = 0
    slowest: float = 0
    """CPU seconds of the slowest input."""

    def add(self, outcome: Outcome) -> bool:
        """Count *outcome*, and return whether it has a new kind."""
        self.accepted += outcome.accepted
        is_new = not outcome.kinds <= self.kinds
        if is_new and len(self.kinds) < MAX_KINDS:
            self.kinds |= outcome.kinds
        return is_new


def fuzz(target: Target, inputs: int, seed: int) -> Tally:
    """Check *inputs* of *target*: its seeds, and changes of them that *seed* determines."""
    tally, parents = Tally(target.name), list(target.seeds)
    with _bounded(target):
        for input_ in _inputs(target, parents, inputs, Random(f"{target.name} {seed}")):
            if tally.inputs % COLLECTION_INTERVAL == 0:
                _exclude_present_objects()
            outcome = _check(target, input_, tally)
            if outcome and tally.add(outcome) and len(parents) < MAX_PARENTS:
                parents.append(input_)
            if len(tally.failures) >= MAX_FAILURES:
                break
    return tally


def _exclude_present_objects() -> None:
    """Have the garbage collector ignore the objects that exist now: modules, clients, parents.

    An input with many lists starts collections. Each would take time for all of these objects, and
    so an input would count as slow because of those before it.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def replay(target: Target, inputs: Iterable[Input]) -> list[Outcome]:
    """Return the outcome of each of *inputs*. Raises AssertionError if one is a failure."""
    tally = Tally(target.name)
    with _bounded(target):
        outcomes = [_check(target, input_, tally) for input_ in inputs]
    assert not tally.failures, tally.failures[0][1]
    return [outcome for outcome in outcomes if outcome]


@contextmanager
def _bounded(target: Target) -> Iterator[None]:
    """Check inputs within the limits, without the log lines of the product."""
    logging.disable(logging.CRITICAL)
    try:
        with target.session(), bounds.limited_memory(), bounds.limited_time():
            yield
    finally:
        logging.disable(logging.NOTSET)


def _inputs(target: Target, parents: list[Input], inputs: int, random: Random) -> Iterator[Input]:
    """Yield the seeds of *target*, then changes of *parents*, which grows meanwhile."""
    yield from target.seeds[:inputs]
    for _ in range(inputs - len(target.seeds)):
        # Half of the parents are seeds, so that most inputs are nearly valid.
        parent = random.choice(target.seeds if random.random() < 0.5 else parents)
        yield target.mutate(random, parent, random.choice(parents))


def _check(target: Target, input_: Input, tally: Tally) -> Outcome | None:
    """Return the outcome of *input_*; None if it is a failure, which *tally* gets."""
    start = process_time()
    bounds.start_clock()
    try:
        return target.check(input_)
    except (Exception, bounds.TooSlowError) as error:  # noqa: BLE001 - any error is a failure
        tally.failures.append((input_, _short(error)))
        return None
    finally:
        elapsed = process_time() - start
        tally.inputs += 1
        tally.cpu_seconds += elapsed
        tally.slowest = max(tally.slowest, elapsed)


def _short(error: BaseException) -> str:
    """Return the error, and the last lines of its traceback."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[::-1]
    )
    return f"{type(error).__name__}: {str(error)[:200]!a} ({places})"
