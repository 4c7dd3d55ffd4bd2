"""What is fuzzed: a target reads an input, and accepts or rejects it as the product promises."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

Input: TypeAlias = Any
"""A text, or a value of JSON or DynamoDB. `regressions` can store it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the product did with an input."""

    accepted: bool
    kinds: frozenset[str]
    """The kinds of errors, or what the accepted value is made of. A new kind makes the input a
    parent of further inputs."""


@dataclass(frozen=True, slots=True)
class Target:
    """A part of the product that reads inputs from outside."""

    name: str
    inputs: int
    """The inputs of this target in a complete run."""
    seeds: Sequence[Input]
    """Inputs to start from; most are valid."""
    mutate: Callable[[Random, Input, Input], Input]
    """Returns a change of an input. The second input can lend parts to it."""
    check: Callable[[Input], Outcome]
    """Reads an input. Raises an error if the product breaks a promise."""
    session: Callable[[], AbstractContextManager[object]] = nullcontext
    """The context in which inputs are checked."""


def accepted(*kinds: str) -> Outcome:
    return Outcome(accepted=True, kinds=frozenset(kinds))


def rejected(*kinds: str) -> Outcome:
    return Outcome(accepted=False, kinds=frozenset(kinds))
