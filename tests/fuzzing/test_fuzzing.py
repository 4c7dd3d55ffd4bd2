"""A short part of `make fuzz` for every test run, and every input that ever failed."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fuzzing import bounds, regressions
from fuzzing.fuzzer import fuzz, replay
from fuzzing.mutations import mutate_text, nested
from fuzzing.target import Outcome, Target, accepted
from fuzzing.targets import TARGETS

SEED = 1_000_000
"""Another seed than those that people use."""
BY_NAME = {target.name: target for target in TARGETS}
ATTACKS: dict[str, list[Any]] = {
    "rules": [
        "indicator = " + "[" * 8_000,
        f'[[overrides]]\nidentity = "{"*a" * 2_000}"\n' * 2,
        'indicator = "bounce_rate"\n' * 1_000,
        "a." * 4_000 + "a = 1",
    ],
    "silences": ["until = 0001-01-01T00:00:00+14:00", "x" * 9_000, "identity = '" + "*" * 8_000],
    "quiet hours": ["9" * 100_000, "22:00-07:00 " + "x" * 100_000],
    "scenarios": [
        b"x = " + b"[" * 100_000,
        b"x = " + b"{x=" * 50_000,
        b"begins = 2026-03-01\n[[emails]]\nidentity = 7\nisp = 'a'\nsend = '1x999999999'",
        b"begins = 2026-03-01\n[[emails]]\nidentity = 'a'\nisp = 'a'\nsend = '"
        + b"9x9999 " * 130
        + b"'",
        b"begins = 2026-03-01\n[[run]]\nat = 0001-01-01T00:00:00+14:00",
        b"begins = 9999-12-31\n[[run]]\nat = 9999-12-31T23:59:59Z",
        b"\xff\xfe",
        b"\x00" * 1_000,
    ],
    "context": [
        {"queriesPerDay": "9" * 5_000},
        {"schedule": "rate(9999999999 days)"},
        {"schedule": "cron(" + "*/1," * 5_000 + " * * * ? *)"},
        {"email": "[" * 100_000},
        {"email": "a@b.example," * 10_000},
        {"prefix": "\x1b]0;owned\x07\nemail: is fine"},
    ],
    "events": [
        *(None, [], "now", 7, {"now": None}, {"now": 7}, {"now": {}}),
        {"now": "0001-01-01T00:00:00+14:00"},
        {"now": "9999-12-31T23:59:59-14:00"},
        {"now": "x" * 80_000},
        {"now": "anna@" * 20_000},
        {"source": ["aws.ses"], "detail": "\ud800"},
    ],
    "names": [*("a@" * 40_000, '"' * 80_000, "(" * 40_000 + "@x", "é" * 5_000, "a" * 990)],
}
"""Inputs that once took very long, or ended with an error that no user could understand."""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_short_run_finds_nothing(target: Target) -> None:
    tally = fuzz(target, target.inputs // 2_000 + len(target.seeds) + 10, SEED)

    assert [what for _, what in tally.failures] == []
    assert 0 < tally.accepted < tally.inputs, "some inputs pass the first check, and some do not"


@pytest.mark.parametrize("target", BY_NAME)
def test_stored_and_known_attacks_are_read_as_promised(target: str) -> None:
    stored = regressions.stored_inputs(target).values()

    replay(BY_NAME[target], [*stored, *ATTACKS.get(target, ())])


def test_event_that_is_nested_as_deeply_as_json_can_be_is_rejected() -> None:
    random = Random(0)
    events = [{"now": nested(random, 1)} for _ in range(10)]

    assert not any(outcome.accepted for outcome in replay(BY_NAME["events"], events))


def rejects_with_another_error(_: str) -> Outcome:
    raise KeyError("identity")


def never_ends(_: str) -> Outcome:
    while True:
        pass


def wastes_memory(_: str) -> Outcome:
    return accepted(str(len(bytearray(2 * bounds.MAX_MEMORY))))


@pytest.mark.parametrize(
    ("check", "error"),
    [
        (rejects_with_another_error, "KeyError"),
        (never_ends, "TooSlowError"),
        (wastes_memory, "MemoryError"),
    ],
)
def test_fuzzer_finds_every_kind_of_failure(
    check: Callable[[str], Outcome], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_CPU_SECONDS", 0.05)
    target = Target("broken", 0, ["a"], mutate_text, check)

    tally = fuzz(target, 1, SEED)

    assert [what.partition(":")[0] for _, what in tally.failures] == [error]
    with pytest.raises(AssertionError, match=error):
        replay(target, ["a"])


def test_seed_determines_the_inputs() -> None:
    inputs: list[str] = []

    def check(text: str) -> Outcome:
        inputs.append(text)
        return accepted(text)

    target = Target("recorded", 0, ["a = 1", "b = 2"], mutate_text, check)
    for seed in (1, 1, 2):
        fuzz(target, 50, seed)

    assert inputs[:50] == inputs[50:100] != inputs[100:]


def test_failing_input_is_stored_with_the_types_of_dynamodb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regressions, "FOLDER", tmp_path)
    input_ = {"a": [Decimal("1.5"), b"\xff", {"x"}, None, True, 7], "b": "\ud800\n"}

    path = regressions.store("stored items", input_)

    assert json.loads(path.read_text())
    assert regressions.stored_inputs("stored items") == {path.name: input_}
