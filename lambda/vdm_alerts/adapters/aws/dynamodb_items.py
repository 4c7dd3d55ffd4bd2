"""What is remembered, as items of the table, and which of them may not be told apart.

The partition "memory" holds an item for the run, one for every alert that is not at rest and one
for every rule, so that one query reads all of it; "history" holds a line for each thing that
happened, which no run reads.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, TypeAlias

from vdm_alerts.adapters.aws.codec import SCHEMA, UnreadableRecord, decode, encode, require_readable
from vdm_alerts.core.alerts.alert import Alert, Key
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.rules.rule_set import Written

MEMORY = "memory"
"""The partition that a run reads."""
EXPIRES = "until"
"""The attribute by whose time, in seconds since 1970, DynamoDB removes an item."""
KEPT = timedelta(days=400)
"""How long history is: a year, and a month to look at it in."""

_RUN = {"pk": MEMORY, "sk": "run"}

Item: TypeAlias = dict[str, Any]
Write: TypeAlias = tuple[str, dict[str, Item]]
"""What is done with one item, as transactions spell it: "Put" an "Item", or "Delete" a "Key"."""
Group: TypeAlias = Sequence[Sequence[Write]]
"""What belongs together: the alerts of an incident, each with the lines of history on it."""


def run_item(memory: Memory) -> Item:
    """Return the run's own item, which holds all of *memory* but alerts and rules."""
    return {
        **_RUN,
        "schema": SCHEMA,
        "version": memory.version,
        "findings": [encode(finding) for finding in memory.findings],
        "trouble_sequence": memory.trouble_sequence,
        "last_run": memory.last_run.isoformat() if memory.last_run else None,
        "numbers": dict(memory.numbers),
        "attempts": {message: encode(attempt) for message, attempt in memory.attempts.items()},
        "passing": {about: since.isoformat() for about, since in memory.passing.items()},
        "introduced": memory.introduced,
        "subscribers": memory.subscribers,
    }


def memory_of(items: Sequence[Item]) -> Memory:
    """Return what the *items* of the partition "memory" hold; an empty memory where none are.

    Raises UnreadableRecord where one is of a version that this one does not read, and that,
    AttributeError, KeyError, TypeError or ValueError where one is damaged.
    """
    run: Item | None = None
    alerts: dict[Key, Alert] = {}
    rules: dict[str, Written] = {}
    for item in items:
        kind, _, name = item["sk"].partition("#")
        match kind:
            case "run":
                run = item
            case "alert":
                alert = decode(item["record"], Alert)
                alerts[alert.key] = alert
            case "rule":
                rules[name] = decode(item["record"], Written)
            case _:
                message = f"there is an item {item['sk']!r}, which this version does not know"
                raise UnreadableRecord(message)
    if run is None:
        return Memory(alerts=alerts, rules=rules)
    # Before schema 3 there was none in this item, and all that it lacks came with that.
    require_readable(run.get("schema", 2))
    return Memory(
        alerts=alerts,
        findings=tuple(decode(record, Finding) for record in run["findings"]),
        trouble_sequence=int(run["trouble_sequence"]),
        last_run=datetime.fromisoformat(run["last_run"]) if run["last_run"] else None,
        numbers={incident: int(last) for incident, last in run.get("numbers", {}).items()},
        attempts={
            message: decode(record, Attempt) for message, record in run.get("attempts", {}).items()
        },
        rules=rules,
        passing={
            about: datetime.fromisoformat(since) for about, since in run.get("passing", {}).items()
        },
        # Who had an earlier version was told of it long ago.
        introduced=run.get("introduced", True),
        subscribers=None if (counted := run.get("subscribers")) is None else int(counted),
        version=int(run.get("version", 0)),
    )


def changes(memory: Memory, replacing: Memory, history: Sequence[Transition]) -> Sequence[Group]:
    """Return what to write so that *memory* is remembered in place of *replacing*."""
    each: defaultdict[Key, list[Write]] = defaultdict(list)
    # What an earlier version wrote under a key without a rate goes as what takes its place comes.
    now = {
        old: key
        for key, alert in memory.alerts.items()
        if (old := key._replace(indicator=None)) in replacing.alerts
        if replacing.alerts[old].incident == alert.incident
    }
    for key in replacing.alerts:
        if key not in memory.alerts:
            each[now.get(key, key)].append(_delete(_alert_key(key)))
    for key, alert in memory.alerts.items():
        if replacing.alerts.get(key) != alert:
            each[key].append(_put(_alert_key(key), record=encode(alert)))
    for transition in history:
        each[transition.key].append(_line(transition))
    together: defaultdict[str | Key, list[list[Write]]] = defaultdict(list)
    for key, writes in each.items():
        known = (alerts[key] for alerts in (memory.alerts, replacing.alerts) if key in alerts)
        incident = next((alert.incident for alert in known if alert.incident), None)
        together[incident or key].append(writes)
    return [*together.values(), *([[one]] for one in _rules(memory.rules, replacing.rules))]


def packed(groups: Sequence[Group], most: int) -> Sequence[Sequence[Write]]:
    """Return all of *groups* in batches of *most* writes, in one that is empty if there are none.

    A group that fits into a batch is in one; of another, each alert with its history is.
    """
    batches: list[list[Write]] = [[]]
    for group in groups:
        whole = [*chain.from_iterable(group)]
        for piece in [whole] if len(whole) <= most else group:
            if len(batches[-1]) + len(piece) > most:
                batches.append([])
            batches[-1] += piece
    return batches


def _rules(rules: Mapping[str, Written], replacing: Mapping[str, Written]) -> Iterator[Write]:
    for name in replacing.keys() - rules.keys():
        yield _delete(_rule_key(name))
    for name, written in rules.items():
        if replacing.get(name) != written:
            yield _put(_rule_key(name), record=encode(written))


def _put(key: Item, **attributes: Any) -> Write:  # noqa: ANN401 - whatever DynamoDB holds
    return "Put", {"Item": {**key, **attributes}}


def _delete(key: Item) -> Write:
    return "Delete", {"Key": key}


def _alert_key(key: Key) -> Item:
    """Return the table's key of the alert of *key*."""
    return {"pk": MEMORY, "sk": f"alert#{_named(key)}"}


def _named(key: Key) -> str:
    """Return *key* as one text, told from every other whatever its parts contain."""
    rate = [key.indicator.key] if key.indicator else []
    return json.dumps([key.rule, _dimensions(key.scope), *rate])


def _rule_key(name: str) -> Item:
    return {"pk": MEMORY, "sk": f"rule#{name}"}


def _line(transition: Transition) -> Write:
    at, key = transition.at.isoformat(), transition.key
    return _put(
        {"pk": "history", "sk": f"{at}#{_named(key)}"},
        rule=key.rule,
        indicator=key.indicator.key if key.indicator else None,
        scope=_dimensions(key.scope),
        at=at,
        before=transition.before,
        after=transition.after,
        why=transition.why,
        **{EXPIRES: int((transition.at + KEPT).timestamp())},
    )


def _dimensions(scope: Scope) -> dict[str, str]:
    return {key.value: value for key, value in scope.dimensions.items()}
