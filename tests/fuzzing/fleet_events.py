"""Events of the functions of a fleet: anyone who may invoke a function can send any JSON value."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from fakes import World
from fleet_functions import CONTEXT, HUB, FleetFunctions, fleet_functions, forget_connections

from fuzzing.mutations import mutate_text, mutate_value
from fuzzing.target import Outcome, Target, accepted, rejected
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.handlers import deliver, evaluate, list_targets

STEP = {
    "execution": "5f3d2a9c_1",
    "started": "2026-03-12T09:00:00Z",
    "event": {"now": "2026-03-12T09:00:00Z"},
}
ITEM = {
    "account": "222222222222",
    "region": "eu-west-1",
    "alias": "shop",
    "tags": {"team": "growth"},
    "roleArn": "arn:aws:iam::222222222222:role/vdm-alerts-reader",
    "externalId": "9f1c7c1e",
}
OWN_ITEM = {**ITEM, "account": HUB.account, "roleArn": None, "externalId": None}
RESULTS = {"ResultWriterDetails": {"Bucket": "bucket", "Key": "executions/1/manifest.json"}}
SES_EVENT = {"source": "aws.ses", "account": "222222222222", "region": "eu-west-1"}
HANDLERS = {
    "list": list_targets.lambda_handler,
    "evaluate": evaluate.lambda_handler,
    "deliver": deliver.lambda_handler,
}
SEEDS: tuple[object, ...] = (
    ["list", STEP],
    ["list", {**STEP, "event": SES_EVENT}],
    ["list", {**STEP, "event": {"weeklySummary": True}}],
    ["list", None],
    ["evaluate", {**STEP, "target": ITEM}],
    ["evaluate", {**STEP, "target": OWN_ITEM, "event": {**SES_EVENT, "weeklySummary": True}}],
    ["evaluate", {**STEP, "target": None}],
    ["deliver", {**STEP, "results": RESULTS}],
    ["deliver", {**STEP, "failure": {"Error": "States.ItemReaderFailed", "Cause": "no list"}}],
    ["deliver", {**STEP, "failure": {"Error": None, "Cause": '{"errorMessage": [1]}'}}],
    ["deliver", []],
)
MAX_ERROR = 600
"""Characters of an error, which quotes a part of the event."""
_fleet: list[FleetFunctions] = []


@contextmanager
def functions() -> Iterator[None]:
    """Have the handlers run in memory."""
    with fleet_functions() as fleet:
        _fleet.append(fleet)
        try:
            yield
        finally:
            _fleet.clear()


def mutate(random: Random, input_: Any, other: Any) -> Any:
    """Return *input_* after a change of its event, in most cases of one value in it."""
    function, event = input_
    parts: Any = other[1]
    if isinstance(event, dict) and random.random() < 0.7:
        key = random.choice([*event])
        value = event[key]
        if isinstance(value, str):
            return [function, {**event, key: mutate_text(random, value, json.dumps(parts))}]
        if isinstance(value, dict) and value and random.random() < 0.7:
            inner = random.choice([*value])
            changed = {**value, inner: mutate_value(random, value[inner], parts)}
            return [function, {**event, key: changed}]
        return [function, {**event, key: mutate_value(random, value, parts)}]
    return [function, mutate_value(random, event, parts)]


def check(input_: Any) -> Outcome:
    """Invoke the function of *input_* with its event, in a new world."""
    (fleet,) = _fleet
    fleet.shared, fleet.worlds = World(), {}
    forget_connections()
    fleet.files_of("bucket", STEP["execution"]).write_targets([])  # type: ignore[arg-type]
    fleet.write("executions/1/manifest.json", {"ResultFiles": {}})
    function, event = input_
    try:
        response = HANDLERS[function](event, CONTEXT)
    except VdmAlertsError as error:
        text = str(error)
        assert len(text) < MAX_ERROR
        assert text.isprintable()
        return rejected(f"{function} {type(error).__name__} {text[:20]}")
    json.dumps(response)
    return accepted(f"{function} {sorted(response)}", str(response.get("status")))


TARGETS = (Target("fleet events", 10_000, SEEDS, mutate, check, functions),)
