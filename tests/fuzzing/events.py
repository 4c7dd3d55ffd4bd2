"""Events of the function: Lambda accepts any JSON value."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

from builders import a_rule
from fakes import World
from function_environment import ENVIRONMENT

from fuzzing.mutations import mutate_text, mutate_value
from fuzzing.target import Outcome, Target, accepted, rejected
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.handlers import evaluate

SEEDS: tuple[object, ...] = (
    {},
    {"now": "2026-03-12T09:00:00Z"},
    {"now": "2026-03-12T09:00:00.5+05:30", "source": "manual"},
    {"version": "0", "source": "aws.ses", "detail-type": "Sending Status", "detail": {"x": [1]}},
    {"now": None, "source": ["aws.ses"]},
    {"weeklySummary": True},
    {"testAlert": True, "now": "2026-03-12T09:00:00Z"},
    {"weeklySummary": "true", "now": "2026-03-12T09:00:00Z"},
    [],
    None,
    "anna@example.com",
    7,
)

MAX_ERROR = 400
"""Characters of an error, which quotes a part of the event."""


class Context:
    """The context of an invocation."""

    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@contextmanager
def function() -> Iterator[None]:
    """Have the handler run in memory, each time in a new world."""

    def build(*_: object) -> Any:
        return World().set_rules(a_rule()).ports

    with patch.dict(os.environ, ENVIRONMENT), patch.object(evaluate, "build_ports", build):
        try:
            yield
        finally:
            evaluate._settings_and_ports.cache_clear()


def mutate(random: Random, event: Any, other: Any) -> Any:
    """Return *event* after a change, of the time or of the request in it in most cases."""
    if isinstance(event, dict) and "now" in event and random.random() < 0.5:
        return {**event, "now": mutate_text(random, str(event["now"]), "2026-03-12T09:00:00Z")}
    if isinstance(event, dict) and random.random() < 0.1:
        key = random.choice(("weeklySummary", "testAlert"))
        return {**event, key: mutate_value(random, True, other)}
    return mutate_value(random, event, other)


def check(event: Any) -> Outcome:
    evaluate._settings_and_ports.cache_clear()
    try:
        response = evaluate.lambda_handler(event, Context())  # type: ignore[arg-type]
    except VdmAlertsError as error:
        return _check_error(error)
    json.dumps(response)
    return accepted(*map(str, response.items()))


def _check_error(error: VdmAlertsError) -> Outcome:
    text = str(error)
    assert len(text) < MAX_ERROR
    assert text.isprintable()
    return rejected(f"{type(error).__name__} {text[:20]}")


TARGETS = (Target("events", 10_000, SEEDS, mutate, check, function),)
