"""The alert history as items of the table, and which of them are written together.

Each target, an account in a Region, has partitions of its own. "state" holds an item for the run,
one for every alert that is not at rest and one for every rule, so that one query reads all of it.
"history" holds a line for each change of an alert's state; no run reads it.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, TypeAlias

from vdm_alerts.adapters.aws.codec import (
    SCHEMA,
    UnreadableRecordError,
    decode,
    encode,
    require_readable,
)
from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.rule_set import RuleText

STATE, HISTORY, LEASE, ROSTER = "state", "history", "lease", "roster"
"""The kinds of partition. Their names are stored."""
UNSCOPED_STATE, UNSCOPED_ROSTER = "memory", "roster"
"""The partitions of a table from before each target had its own."""
EXPIRES = "until"
"""The attribute by whose time, in seconds since 1970, DynamoDB removes an item."""
RUN = "run"
"""The sort key of the run's own item."""
HISTORY_TTL = timedelta(days=400)
"""How long history is: a year, and a month to look at it in."""

Item: TypeAlias = dict[str, Any]
Write: TypeAlias = tuple[str, dict[str, Item]]
"""What is done with one item, as transactions spell it: "Put" an "Item", or "Delete" a "Key"."""
Group: TypeAlias = Sequence[Sequence[Write]]
"""What belongs together: the alerts of an incident, each with the lines of history on it."""


def partition_key(kind: str, target: Target) -> str:
    """Return the partition key of *kind*, such as `STATE`, for *target*."""
    return f"{kind}#{target.account}#{target.region}"


def run_item(target: Target, memory: StoredState) -> Item:
    """Return the run's own item, which holds all of *memory* but alerts and rules."""
    return {
        "pk": partition_key(STATE, target),
        "sk": RUN,
        "schema": SCHEMA,
        "version": memory.version,
        "findings": [encode(finding) for finding in memory.findings],
        "trouble_sequence": memory.service_sequence,
        "last_run": memory.last_run.isoformat() if memory.last_run else None,
        "numbers": dict(memory.sequences),
        "attempts": {message: encode(attempt) for message, attempt in memory.attempts.items()},
        "passing": {about: since.isoformat() for about, since in memory.transient_since.items()},
        "introduced": memory.summary_sent,
        "subscribers": memory.subscribers,
    }


def state_from_items(items: Sequence[Item]) -> StoredState:
    """Return what the *items* of a state partition hold; an empty state if there are none.

    Raises UnreadableRecord where one is of a version that this one does not read, and that,
    AttributeError, KeyError, TypeError or ValueError where one is damaged.
    """
    run: Item | None = None
    alerts: dict[AlertKey, Alert] = {}
    rules: dict[str, RuleText] = {}
    for item in items:
        kind, _, name = item["sk"].partition("#")
        match kind:
            case "run":
                run = item
            case "alert":
                alert = decode(item["record"], Alert)
                alerts[alert.key] = alert
            case "rule":
                rules[name] = decode(item["record"], RuleText)
            case _:
                message = f"there is an item {item['sk']!r}, which this version does not know"
                raise UnreadableRecordError(message)
    if run is None:
        return StoredState(alerts=alerts, rules=rules)
    # Before schema 3 there was none in this item, and all that it lacks came with that.
    require_readable(run.get("schema", 2))
    return StoredState(
        alerts=alerts,
        findings=tuple(decode(record, Finding) for record in run["findings"]),
        service_sequence=int(run["trouble_sequence"]),
        last_run=datetime.fromisoformat(run["last_run"]) if run["last_run"] else None,
        sequences={incident: int(last) for incident, last in run.get("numbers", {}).items()},
        attempts={
            message: decode(record, SendAttempt)
            for message, record in run.get("attempts", {}).items()
        },
        rules=rules,
        transient_since={
            about: datetime.fromisoformat(since) for about, since in run.get("passing", {}).items()
        },
        # Who had an earlier version was told of it long ago.
        summary_sent=run.get("introduced", True),
        subscribers=None if (counted := run.get("subscribers")) is None else int(counted),
        version=int(run.get("version", 0)),
    )


def changes(
    target: Target, memory: StoredState, replacing: StoredState, history: Sequence[Transition]
) -> Sequence[Group]:
    """Return what to write to store *memory* of *target* in place of *replacing*."""
    each: defaultdict[AlertKey, list[Write]] = defaultdict(list)
    # What an earlier version wrote under a key without a rate goes as what takes its place comes.
    now = {
        old: key
        for key, alert in memory.alerts.items()
        if (old := key._replace(indicator=None)) in replacing.alerts
        if replacing.alerts[old].incident == alert.incident
    }
    for key in replacing.alerts:
        if key not in memory.alerts:
            each[now.get(key, key)].append(_delete(_alert_key(target, key)))
    for key, alert in memory.alerts.items():
        if replacing.alerts.get(key) != alert:
            each[key].append(_put(_alert_key(target, key), record=encode(alert)))
    for transition in history:
        each[transition.key].append(_line(target, transition))
    together: defaultdict[str | AlertKey, list[list[Write]]] = defaultdict(list)
    for key, writes in each.items():
        known = (alerts[key] for alerts in (memory.alerts, replacing.alerts) if key in alerts)
        incident = next((alert.incident for alert in known if alert.incident), None)
        together[incident or key].append(writes)
    return [*together.values(), *([[one]] for one in _rules(target, memory.rules, replacing.rules))]


def pack(groups: Sequence[Group], most: int) -> Sequence[Sequence[Write]]:
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


def _rules(
    target: Target, rules: Mapping[str, RuleText], replacing: Mapping[str, RuleText]
) -> Iterator[Write]:
    for name in replacing.keys() - rules.keys():
        yield _delete(_rule_key(target, name))
    for name, written in rules.items():
        if replacing.get(name) != written:
            yield _put(_rule_key(target, name), record=encode(written))


def _put(key: Item, **attributes: Any) -> Write:  # noqa: ANN401 - whatever DynamoDB holds
    return "Put", {"Item": {**key, **attributes}}


def _delete(key: Item) -> Write:
    return "Delete", {"Key": key}


def _alert_key(target: Target, key: AlertKey) -> Item:
    """Return the table's key of the alert of *key*."""
    return {"pk": partition_key(STATE, target), "sk": f"alert#{_named(key)}"}


def _named(key: AlertKey) -> str:
    """Return *key* as one text, told from every other whatever its parts contain."""
    rate = [key.indicator.key] if key.indicator else []
    return json.dumps([key.rule, _dimensions(key.scope), *rate])


def _rule_key(target: Target, name: str) -> Item:
    return {"pk": partition_key(STATE, target), "sk": f"rule#{name}"}


def _line(target: Target, transition: Transition) -> Write:
    at, key = transition.time.isoformat(), transition.key
    return _put(
        {"pk": partition_key(HISTORY, target), "sk": f"{at}#{_named(key)}"},
        rule=key.rule,
        indicator=key.indicator.key if key.indicator else None,
        scope=_dimensions(key.scope),
        at=at,
        before=transition.before,
        after=transition.after,
        why=transition.why,
        **{EXPIRES: int((transition.time + HISTORY_TTL).timestamp())},
    )


def _dimensions(scope: Scope) -> dict[str, str]:
    return {key.value: value for key, value in scope.dimensions.items()}
