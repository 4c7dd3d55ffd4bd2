"""The alert history as items of the DynamoDB table, and the writes that store it.

Each target, an account in a Region, has its own partitions. The partition "state" has an item for
the run, for each active alert, for each open incident, for each rule and for each request for a
weekly summary. One query reads all of them. The partition "history" has an item for each change of
an alert's state, with the evidence of its verdict. Only the run that sends a weekly summary reads
these items, and `vdm-alerts history`.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, TypeAlias

from vdm_alerts.adapters.aws.codec import SCHEMA, encode
from vdm_alerts.adapters.aws.evidence_codec import encode_evidence
from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord
from vdm_alerts.core.model.bounded_text import bounded
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.notification import SUMMARY
from vdm_alerts.core.notifications.service_notification import FLEET_SERVICE, SERVICE
from vdm_alerts.core.rules.rule_set import RuleText

STATE, HISTORY, LEASE, ROSTER = "state", "history", "lease", "roster"
"""The kinds of partitions. These names are stored."""
UNSCOPED_STATE, UNSCOPED_ROSTER = "memory", "roster"
"""The partitions of an older table, in which targets do not have their own partitions."""
EXPIRES = "until"
"""The TTL attribute: DynamoDB deletes an item after this time, in seconds since 1970."""
MAX_LEASE = timedelta(minutes=16)
"""The longest that a lease lasts. One that seems to last longer is damaged, and blocks no run.

The longest timeout of Lambda is 15 minutes, and the handler adds a margin.
"""
RUN = "run"
"""The sort key of the run item."""
WEEKLY = "weekly"
"""The kind of an item that requests a weekly summary. Its name is the day of the request."""
MAX_WRITES = 99
"""Maximum writes in a transaction, in addition to the run item. A transaction holds 100 items.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""
MAX_TRANSACTION_SIZE = 4_000_000
"""Maximum bytes of the items of a transaction."""
MAX_ITEM_SIZE = 400_000
"""Maximum bytes of an item, with its attribute names. `item_size` counts them."""
MAX_KEY_SIZE = 1_024
"""Maximum bytes of a sort key."""
MAX_NAME_SIZE = 900
"""Maximum bytes of a name in a sort key. A longer name is cut, and is an attribute too."""
CHECKSUM = "checksum"
"""The attribute that detects a change of an item by anything but VDM Alerts.

An item without it is valid: an earlier version stored it, or a user who edited the item.
"""
_UNCHECKED = {"pk", "version", "token", CHECKSUM}
"""The attributes that may change while the content of an item does not."""
RUN_ATTEMPTS = {SERVICE, FLEET_SERVICE, SUMMARY}
"""The notifications whose attempts are in the run item. The others are about an incident."""
EVIDENCE, NO_EVIDENCE = "evidence", "no_evidence"
"""The attributes of a history item: the record of its verdict, or why there is none."""
NO_RECORD_NAMES: Mapping[NoRecord, str] = {
    NoRecord.NOT_STORED: "not stored",
    NoRecord.TOO_LARGE: "too large",
    NoRecord.NO_VERDICT: "no verdict",
    NoRecord.DAMAGED: "damaged",
}
"""The stored name of each reason."""
MAX_EVIDENCE_SIZE = 20_000
"""Maximum bytes of a stored record of a verdict. 60 days of counts, and rates of SES, take half."""
HISTORY_TTL = timedelta(days=400)
"""How long history items are kept: a year, and about a month to look back at it."""

Item: TypeAlias = dict[str, Any]
"""An item of the table, by attribute name."""
Write: TypeAlias = tuple[str, dict[str, Item]]
"""A write as in a transaction: "Put" and {"Item": item}, or "Delete" and {"Key": key}."""
Group: TypeAlias = Sequence[Sequence[Write]]
"""The writes of one incident: for each of its alerts, the alert and its history items."""


def partition_key(kind: str, target: Target) -> str:
    """Return the partition key of *kind*, such as `STATE`, for *target*."""
    return f"{kind}#{target.account}#{target.region}"


def item_size(value: object) -> int:
    """Return the size in bytes of an item, or of a value in it, rounded up.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    match value:
        case str():
            return len(value.encode(errors="surrogatepass"))
        case dict():
            return 3 + sum(1 + item_size(name) + item_size(part) for name, part in value.items())
        case list():
            return 3 + sum(1 + item_size(part) for part in value)
        case _:
            return 21  # The largest number. Other values take 1 byte.


def with_checksum(item: Item) -> Item:
    """Return *item* with its checksum."""
    return {**item, CHECKSUM: _checksum(item)}


def has_changed(item: Item) -> bool:
    """Return whether *item* differs from what `with_checksum` returned."""
    return CHECKSUM in item and item[CHECKSUM] != _checksum(item)


def _checksum(item: Item) -> str:
    content = {name: value for name, value in item.items() if name not in _UNCHECKED}
    text = json.dumps(content, sort_keys=True, default=_json_value)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _json_value(value: object) -> object:
    """Return the number that boto3 returned as *value*. No other type is stored."""
    return int(value) if isinstance(value, Decimal) and value == int(value) else str(value)


def key_text(key: AlertKey) -> str:
    """Return *key* as a unique text. JSON keeps it unique whatever characters the names contain."""
    indicator = [key.indicator.key] if key.indicator else []
    return json.dumps([key.rule, _dimensions(key.scope), *indicator])


def run_item(target: Target, state: StoredState) -> Item:
    """Return the run item, which has everything in *state* except alerts, incidents and rules.

    Its size is bounded: a notification bounds the findings, and the other fields are few.
    """
    expected = state.expected_subscribers
    item = {
        "pk": partition_key(STATE, target),
        "sk": RUN,
        "schema": SCHEMA,
        "version": state.version,
        "findings": [encode(finding) for finding in state.findings],
        "trouble_sequence": state.service_sequence,
        "last_run": state.last_run.isoformat() if state.last_run else None,
        "attempts": {
            id_: encode(attempt) for id_, attempt in state.attempts.items() if id_ in RUN_ATTEMPTS
        },
        "passing": {key: since.isoformat() for key, since in state.transient_since.items()},
        "introduced": state.summary_sent,
        "subscribers": state.subscribers,
        "sent_last_day": state.sent_last_day,
        "days_without_vdm": [day.isoformat() for day in sorted(state.days_without_vdm)],
        "expected_subscribers": encode(expected) if expected else None,
        "damage": [encode(finding) for finding in state.damage],
        "week": encode(state.week),
    }
    return with_checksum(item)


def weekly_request_item(target: Target, day: date) -> Item:
    """Return the item that requests a weekly summary of *target* for *day*."""
    key = _key(partition_key(STATE, target), WEEKLY, day.isoformat())
    return with_checksum({**key, "schema": SCHEMA})


def is_weekly_request(item: Item) -> bool:
    """Return whether *item* requests a weekly summary. No save has written it."""
    return bool(item["sk"].partition("#")[0] == WEEKLY)


def save_in_transactions(
    write: Callable[[Target, StoredState, Sequence[Write], int], StoredState],
    target: Target,
    state: StoredState,
    replacing: StoredState,
    transitions: Sequence[Transition],
    max_writes: int,
) -> StoredState:
    """Save *state* of *target* in place of *replacing*, and return it with its new version.

    *write* does one transaction, of at most *max_writes* writes and the run item of a state. It
    requires a stored version, and returns the state with its new version.

    Each transaction requires the version of the one before it. The last transaction writes the run
    item of *state*. Earlier transactions write the run item of *replacing*.
    """
    groups = grouped_writes(target, state, replacing, transitions)
    *earlier, last = pack_transactions(groups, max_writes)
    for writes in earlier:
        replacing = write(target, replacing, writes, replacing.version)
    return write(target, state, last, replacing.version)


def grouped_writes(
    target: Target, state: StoredState, replacing: StoredState, transitions: Sequence[Transition]
) -> Sequence[Group]:
    """Return the writes that store *state* of *target* in place of *replacing*, and *transitions*.

    The run item is not included. The writes of one incident are one group.
    """
    partition = partition_key(STATE, target)
    by_alert: defaultdict[AlertKey, list[Write]] = defaultdict(list)
    successors = _successors(state, replacing)
    for key in replacing.alerts:
        if key not in state.alerts:
            deletion = _delete(_key(partition, "alert", key_text(key)))
            by_alert[successors.get(key, key)].append(deletion)
    for key, alert in state.alerts.items():
        if replacing.alerts.get(key) != alert:
            by_alert[key].append(_record_write(partition, "alert", key_text(key), encode(alert)))
    for transition in transitions:
        by_alert[transition.key].append(_history_write(target, transition))
    by_incident: defaultdict[str | AlertKey, list[list[Write]]] = defaultdict(list)
    for key, writes in by_alert.items():
        by_incident[_incident_of(key, state, replacing) or key].append(writes)
    # Last, so that a number counts only once all alerts of the incident are stored.
    for incident, write in _incident_writes(partition, state, replacing):
        by_incident[incident].append([write])
    single_writes = [
        *_rule_writes(partition, state.rules, replacing.rules),
        # Last, so that a request counts as answered only once the figures of its week are.
        *_weekly_writes(target, state.weekly_requests, replacing.weekly_requests),
    ]
    return [*by_incident.values(), *([[write]] for write in single_writes)]


def pack_transactions(groups: Sequence[Group], max_writes: int) -> Sequence[Sequence[Write]]:
    """Return *groups* as transactions of at most *max_writes* writes; at least one, maybe empty.

    Each also leaves room for the run item in `MAX_TRANSACTION_SIZE`. A group that fits into a
    transaction is not split. A larger group is split between its alerts: an alert stays together
    with its history.
    """
    max_size = MAX_TRANSACTION_SIZE - MAX_ITEM_SIZE
    transactions: list[list[Write]] = [[]]
    size = 0
    for group in groups:
        whole = [*chain.from_iterable(group)]
        is_split = len(whole) > max_writes or _size(whole) > max_size
        for piece in group if is_split else [whole]:
            piece_size = _size(piece)
            if len(transactions[-1]) + len(piece) > max_writes or size + piece_size > max_size:
                transactions.append([])
                size = 0
            transactions[-1] += piece
            size += piece_size
    return transactions


def _size(writes: Sequence[Write]) -> int:
    return sum(item_size(request) for _, request in writes)


def _successors(state: StoredState, replacing: StoredState) -> Mapping[AlertKey, AlertKey]:
    """Return the new key of each alert that an earlier version stored without an indicator.

    The old item is deleted together with the write of its successor.
    """
    return {
        old: key
        for key, alert in state.alerts.items()
        if (old := key._replace(indicator=None)) in replacing.alerts
        if replacing.alerts[old].incident == alert.incident
    }


def _incident_of(key: AlertKey, state: StoredState, replacing: StoredState) -> str | None:
    """Return the incident of the alert of *key*, or its last incident if it has none now."""
    alerts = (alerts[key] for alerts in (state.alerts, replacing.alerts) if key in alerts)
    return next((alert.incident for alert in alerts if alert.incident), None)


def _incident_writes(
    partition: str, state: StoredState, replacing: StoredState
) -> Iterator[tuple[str, Write]]:
    """Yield the write of each incident whose number or attempt differs, with its ID."""
    old, new = incident_items(partition, replacing), incident_items(partition, state)
    for incident in old.keys() - new.keys():
        yield incident, _delete(_key(partition, "incident", incident))
    for incident, item in new.items():
        if old.get(incident) != item:
            yield incident, ("Put", {"Item": item})


def incident_items(partition: str, state: StoredState) -> Mapping[str, Item]:
    """Return the item of each incident in *state* by its ID: its last number, and its attempt."""
    numbers = {incident: {"sequence": last} for incident, last in state.sequences.items()}
    attempts = {
        id_: {"attempt": encode(attempt)}
        for id_, attempt in state.attempts.items()
        if id_ not in RUN_ATTEMPTS
    }
    return {
        id_: with_checksum(
            {
                **_named_key(partition, "incident", id_),
                "schema": SCHEMA,
                **numbers.get(id_, {}),
                **attempts.get(id_, {}),
            }
        )
        for id_ in {**numbers, **attempts}
    }


def _rule_writes(
    partition: str, rules: Mapping[str, RuleText], replacing: Mapping[str, RuleText]
) -> Iterator[Write]:
    for name in replacing.keys() - rules.keys():
        yield _delete(_key(partition, "rule", name))
    for name, rule_text in rules.items():
        if replacing.get(name) != rule_text:
            yield _record_write(partition, "rule", name, encode(rule_text))


def _weekly_writes(
    target: Target, requests: frozenset[date], replacing: frozenset[date]
) -> Iterator[Write]:
    for day in sorted(replacing - requests):
        yield _delete(_key(partition_key(STATE, target), WEEKLY, day.isoformat()))
    for day in sorted(requests - replacing):
        yield "Put", {"Item": weekly_request_item(target, day)}


def _history_write(target: Target, transition: Transition) -> Write:
    at, key = transition.time.isoformat(), transition.key
    item = {
        "pk": partition_key(HISTORY, target),
        "sk": f"{at}#{bounded(key_text(key), MAX_NAME_SIZE)}",
        "rule": key.rule,
        "indicator": key.indicator.key if key.indicator else None,
        "scope": _dimensions(key.scope),
        "at": at,
        "before": transition.before,
        "after": transition.after,
        "why": transition.reason,
        EXPIRES: int((transition.time + HISTORY_TTL).timestamp()),
        **_evidence(transition.record),
    }
    return "Put", {"Item": item}


def _evidence(record: VerdictRecord | NoRecord) -> Item:
    """Return the attribute with *record*, or with the reason why there is none."""
    if isinstance(record, VerdictRecord):
        encoded = encode_evidence(record)
        if encoded and item_size(encoded) <= MAX_EVIDENCE_SIZE:
            return {EVIDENCE: encoded}
        record = NoRecord.TOO_LARGE
    return {NO_EVIDENCE: NO_RECORD_NAMES[record]}


def _record_write(partition: str, kind: str, name: str, record: Item) -> Write:
    """Return the write of the item of *kind* that is called *name* and contains *record*."""
    item = {**_named_key(partition, kind, name), "record": record}
    return "Put", {"Item": with_checksum(item)}


def _delete(key: Item) -> Write:
    return "Delete", {"Key": key}


def _key(partition: str, kind: str, name: str) -> Item:
    """Return the key of the item of *kind* in *partition* that is called *name*."""
    return {"pk": partition, "sk": f"{kind}#{bounded(name, MAX_NAME_SIZE)}"}


def _named_key(partition: str, kind: str, name: str) -> Item:
    """Return the key of an item, with *name* as an attribute if the sort key cuts it."""
    key = _key(partition, kind, name)
    return key if key["sk"] == f"{kind}#{name}" else {**key, "name": name}


def _dimensions(scope: Scope) -> dict[str, str]:
    return {dimension.value: value for dimension, value in scope.dimensions.items()}
