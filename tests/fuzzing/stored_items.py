"""Items of the table: any value that DynamoDB holds, at any place of an item."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

from builders import (
    HOUR,
    NEWS_IDENTITY,
    NOW,
    TARGET,
    a_confidence_rule,
    a_series,
    an_open_alert,
    firing,
)

from fuzzing.documents import ROOT
from fuzzing.mutations import VALUES, mutate_text, mutate_value
from fuzzing.target import Outcome, Target, accepted, rejected
from vdm_alerts.adapters.aws.codec import LaterSchemaError, decode_roster, encode_roster
from vdm_alerts.adapters.aws.dynamodb_history import recent_transitions
from vdm_alerts.adapters.aws.dynamodb_items import (
    HISTORY,
    ROSTER,
    RUN,
    STATE,
    Item,
    partition_key,
)
from vdm_alerts.adapters.aws.dynamodb_reading import items_of_incidents
from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.adapters.memory import MemoryState, MemoryTable
from vdm_alerts.core.alerts.damage import without_future_times
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord, verify
from vdm_alerts.core.evaluation.verdicts import Unknown
from vdm_alerts.core.model.findings import OperationFailedError
from vdm_alerts.core.model.rates import SesRate
from vdm_alerts.core.planning.roster import SenderRoster

PARTITION = partition_key(STATE, TARGET)
STORABLE: tuple[Any, ...] = (
    *(value for value in VALUES if isinstance(value, bool | str | dict | list | None)),
    *map(Decimal, ("0", "-1", "1", "1.5", "1E+2", "2147483648", "9007199254740993", "9E+125")),
    *(Decimal("1E-130"), Decimal("9" * 38), b"", b"\xff\x00", {"a", "b"}, {Decimal(1)}),
)
"""Values of every type of DynamoDB. It rejects floats, infinity, and more than 38 digits."""
MAX_DEPTH = 32
"""Levels of nesting in an item: the maximum."""


def recorded_items() -> Iterator[list[Item]]:
    """Yield the items of the state partition of each recorded table."""
    for path in sorted((ROOT / "tests" / "upgrades").glob("*/table.json")):
        items = json.loads(path.read_text(), parse_int=Decimal)
        yield [
            {**item, "pk": PARTITION}
            for item in items
            if item["pk"] in {"memory", PARTITION} and item["sk"] != "lease"
        ]


def mutate(random: Random, items: list[Item], other: list[Item]) -> list[Item]:
    """Return *items* after changes that DynamoDB can store."""
    changed = list(items)
    for _ in range(random.choice((1, 1, 1, 3))):
        index = random.randrange(len(changed))
        item, donor = changed[index], random.choice(other)
        if random.random() < 0.1:  # Another key, or no item.
            sort_key = storable(mutate_text(random, item["sk"], donor["sk"]))[:300]
            changed[index] = {**item, "sk": sort_key or "run"}
        values = {key: value for key, value in item.items() if key not in {"pk", "sk"}}
        changed_values = mutate_value(random, values, donor, STORABLE)
        if isinstance(changed_values, dict):
            keys = {key: changed[index][key] for key in ("pk", "sk")}
            changed[index] = {**storable(changed_values), **keys}
    return list({item["sk"]: item for item in changed}.values())


def storable(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return *value* as DynamoDB can hold it."""
    match value:
        case bool() | None | bytes() | set() | Decimal():
            return value
        case int():
            return Decimal(value % 10**38)
        case float():
            return "1.5"
        case str():
            return value.encode(errors="replace").decode()[:2_000]
        case list():
            return [storable(part, depth - 1) for part in value[:50]] if depth else None
        case dict():
            parts = list(value.items())[:50]
            return (
                {storable(str(key)): storable(part, depth - 1) for key, part in parts}
                if depth
                else None
            )
        case _:
            raise TypeError(value)


def check(items: list[Item]) -> Outcome:
    store = MemoryState(MemoryTable({(item["pk"], item["sk"]): item for item in items}))
    for run in items:
        if run["sk"] == RUN and "numbers" in run:  # DynamoDbState.load moves them, too.
            moved = {(item["pk"], item["sk"]): item for item in items_of_incidents(run)}
            store.table.items |= moved
    try:
        loaded = store.load(TARGET)
    except (LaterSchemaError, OperationFailedError):
        return rejected("later schema")
    state = without_future_times(loaded, NOW)
    for finding in state.damage:
        assert finding.bounded().headline.isprintable()
    state.alerts_with_indicator(None)
    saved = store.save(TARGET, replace(state, damage=()), replacing=loaded)
    reloaded = store.load(TARGET)
    assert reloaded.alerts == saved.alerts
    assert reloaded.version == saved.version
    if not state.damage:
        assert reloaded == saved
        return accepted(f"{len(state.alerts)} alerts, {len(state.rules)} rules")
    return rejected(*(finding.what.partition("(")[2][:30] for finding in state.damage))


class _Table:
    """A table with a roster of one part."""

    def __init__(self, text: str) -> None:
        packed = zlib.compress(text.encode(errors="replace"))
        part = {"pk": partition_key(ROSTER, TARGET), "sk": "part#0000", "whole": "x"}
        endpoint = SimpleNamespace(http_session=None)
        self.meta = SimpleNamespace(client=SimpleNamespace(_endpoint=endpoint))
        self._item = {**part, "parts": Decimal(1), "packed": packed}

    def query(self, **_: object) -> dict[str, Any]:
        return {"Items": [self._item]}


def check_roster(text: str) -> Outcome:
    table: Any = _Table(text)
    roster = DynamoDbRoster(table).load(TARGET)
    assert decode_roster(json.loads(json.dumps(encode_roster(roster)))) == roster
    if roster == SenderRoster():
        return rejected("another roster")
    return accepted(f"{len(roster.records)} senders, {len(roster.listed_at)} lists")


ROSTER_TEXT = json.dumps(
    {
        "schema": 2,
        "listed": {"IDENTITY": "2026-03-12T09:00:00+00:00", "TENANT": "2026-03-12T09:00:00+00:00"},
        "swept": "2026-03-12T09:00:00+00:00",
        "asked": 40,
        "unclaimed": 3,
        "today_refused": None,
        "entries": [
            [
                {"IDENTITY": "news.example.com"},
                "2026-03-12T09:00:00+00:00",
                "2026-03-12T09:00:00+00:00",
                8000,
                {"bounce-rate": "2026-03-12T08:00:00+00:00"},
                None,
                None,
            ],
            [{"CONFIGURATION_SET": "newsletter", "ISP": "Hotmail"}, None, None, 0, {}, None, None],
        ],
    },
    separators=(",", ":"),
)


def mutate_roster(random: Random, text: str, other: str) -> str:
    """Return the JSON *text* after changes of its values or of its letters."""
    if random.random() < 0.7:
        try:
            return json.dumps(mutate_value(random, json.loads(text), json.loads(other)))
        except (ValueError, RecursionError):
            pass
    return mutate_text(random, text, other)


def history_items() -> list[Item]:
    """Return history items with the evidence of every kind of verdict."""
    records: list[VerdictRecord | NoRecord] = [a_history_record(days) for days in (1, 3, 7)]
    records.append(NoRecord.TOO_LARGE)
    transitions = [
        Transition(firing().key, NOW + hours * HOUR, "Ok", "Firing WARNING", "why", record)
        for hours, record in enumerate(records)
    ]
    store = MemoryState()
    store.save(TARGET, StoredState(), replacing=StoredState(), transitions=transitions)
    return [storable(item) for item in store.table.partition(partition_key(HISTORY, TARGET))]


def a_history_record(days: int) -> VerdictRecord:
    """Return the record of a verdict on *days* days of counts, of an open alert."""
    rule = a_confidence_rule(baseline_factor=3.0)
    events, volume = a_series(*[60] * days), a_series(*[1_000] * days)
    prior = an_open_alert(NOW - 2 * HOUR)
    as_of, rates = AsOf(NOW, NOW.date()), SesRates(NOW, [SesRate(0.06, NOW - HOUR)])
    verdict = evaluate_series(rule, NEWS_IDENTITY, (events, volume), as_of, prior, 9, rates)
    assert not isinstance(verdict, Unknown)
    return VerdictRecord(verdict, rule, "abc", as_of, events, volume, prior, 9, rates)


def check_history(items: list[Item]) -> Outcome:
    recent = recent_transitions(items)
    outcomes = []
    for transition in recent.items:
        record = transition.record
        if isinstance(record, VerdictRecord):
            outcomes.append("differs" if verify(record) else "verified")
        else:
            outcomes.append(record.name)
    if recent.is_complete and "DAMAGED" not in outcomes:
        return accepted(*outcomes)
    return rejected("damaged", *outcomes)


TARGETS = (
    Target("stored history", 20_000, (history_items(),), mutate, check_history),
    Target("stored items", 20_000, tuple(recorded_items()), mutate, check),
    Target("stored rosters", 60_000, (ROSTER_TEXT,), mutate_roster, check_roster),
)
