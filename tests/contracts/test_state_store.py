"""The contract of StateStore, tested on every implementation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from builders import (
    HOTMAIL,
    HOUR,
    NEWS_IDENTITY,
    NOW,
    TARGET,
    TODAY,
    a_rule,
    a_series,
    a_table,
    breached,
    firing,
)
from moto import mock_aws

from vdm_alerts.adapters.aws import dynamodb_history, dynamodb_state
from vdm_alerts.adapters.aws.dynamodb_items import (
    HISTORY,
    MAX_EVIDENCE_SIZE,
    MAX_WRITES,
    STATE,
    partition_key,
)
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState, query_partition
from vdm_alerts.adapters.memory import MemoryState
from vdm_alerts.core.alerts.alert import Alert, Ok
from vdm_alerts.core.alerts.damage import damaged_item
from vdm_alerts.core.alerts.history import RecentTransitions, Transition
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.stored_state import StoredState, SubscriberCount
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord
from vdm_alerts.core.model.errors import LeaseHeldError, StaleStateError
from vdm_alerts.core.model.findings import Finding, OperationFailedError
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Window
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule_set import RuleText
from vdm_alerts.ports import StateStore

LEASE_DURATION = HOUR / 4
UNTIL = NOW + LEASE_DURATION
VDM_OFF = Finding("VDM", "VDM is off", "Switch it on")
RULE = RuleText('indicator = "bounce_rate"', "/vdm-alerts/rules/bounce-rate")
FIRED = Transition(firing().key, NOW, "Ok", "Firing WARNING", "bounces are 6%")


@dataclass(frozen=True)
class Implementation:
    """A StateStore, and access to the history that it stores."""

    store: StateStore
    history: Callable[[], Sequence[Mapping[str, Any]]]
    """Returns every stored history item of TARGET."""
    put: Callable[[dict[str, Any]], object]
    """Puts an item into the table."""


def in_memory(max_writes: int) -> Implementation:
    state = MemoryState(max_writes=max_writes)
    return Implementation(
        state,
        lambda: state.table.partition(partition_key(HISTORY, TARGET)),
        lambda item: state.table.items.update({(item["pk"], item["sk"]): item}),
    )


@pytest.fixture(params=["memory", "memory, 3 writes a transaction", "DynamoDB"])
def implementation(request: pytest.FixtureRequest) -> Iterator[Implementation]:
    if request.param == "DynamoDB":
        with mock_aws():
            table = a_table()
            yield Implementation(
                DynamoDbState(table),
                lambda: [*query_partition(table, partition_key(HISTORY, TARGET))],
                lambda item: table.put_item(Item=item),
            )
    else:
        yield in_memory(MAX_WRITES if request.param == "memory" else 3)


@pytest.fixture
def store(implementation: Implementation) -> StateStore:
    return implementation.store


def state_of(*alerts: Alert, **more: Any) -> StoredState:
    return StoredState({alert.key: alert for alert in alerts}, (VDM_OFF,), 3, NOW, **more)


# Load and save.


def test_new_store_loads_empty_state(store: StateStore) -> None:
    assert store.load(TARGET) == StoredState()


def test_saved_state_is_loaded(store: StateStore) -> None:
    notified = firing(NEWS_IDENTITY, notified=Severity.WARNING)
    assert notified.last_notified is not None
    figures = ReportedFigures(Rate(6, 100), Window(3), NOW.date())
    state = state_of(
        replace(
            notified,
            last_notified=replace(notified.last_notified, figures=figures),
            resolved_at=(NOW - HOUR, NOW),
        ),
        replace(firing(HOTMAIL), state=Ok(NOW, revised=Rate(1, 100))),
        replace(firing(ACCOUNT), state=Ok(NOW, closed_because="the rule is gone"), incident=None),
        sequences={"bounce-rate-20260312T0900Z": 1},
        attempts={"bounce-rate-20260312T0900Z": SendAttempt(2, "ESCALATED")},
        rules={"bounce-rate": RULE, "mine": RuleText("", "/vdm-alerts/rules/mine")},
        transient_since={"ses:GetAccount": NOW - HOUR},
        summary_sent=True,
        subscribers=1,
        expected_subscribers=SubscriberCount(2, NOW - HOUR),
        days_without_vdm=frozenset({TODAY, TODAY - 24 * HOUR}),
        damage=(damaged_item("rule#mine", "it is 7", "It has no last valid version"),),
        weekly_requests=frozenset({TODAY}),
        week=WeekFigures(NOW, 168, 4_000, 3_600, {"account": 60}, {"a": 7, "b": 8}, 9, TODAY),
    )

    saved = store.save(TARGET, state, replacing=StoredState())

    assert saved == replace(state, version=saved.version)
    assert store.load(TARGET) == saved


def test_save_deletes_what_the_new_state_lacks(store: StateStore) -> None:
    alerts = firing(NEWS_IDENTITY), firing(HOTMAIL)
    before = state_of(*alerts, attempts={"id": SendAttempt(1, "FIRING")}, rules={"mine": RULE})
    store.save(TARGET, before, replacing=StoredState())
    after = replace(state_of(firing(HOTMAIL)), findings=())

    store.save(TARGET, after, replacing=store.load(TARGET))

    loaded = store.load(TARGET)
    assert loaded.alerts == after.alerts
    assert (loaded.findings, loaded.attempts, loaded.rules) == ((), {}, {})


def test_save_keeps_alerts_and_rules_that_did_not_change(store: StateStore) -> None:
    edited = replace(RULE, text="edited")
    first = store.save(
        TARGET, state_of(firing(NEWS_IDENTITY), rules={"mine": RULE}), replacing=StoredState()
    )
    changed = replace(first, rules={"mine": RULE, "other": edited}, last_run=NOW + HOUR)

    second = store.save(TARGET, changed, replacing=first)

    assert store.load(TARGET).alerts == first.alerts
    assert store.load(TARGET).rules == {"mine": RULE, "other": edited}
    store.save(TARGET, replace(second, rules={"mine": edited}), replacing=second)
    assert store.load(TARGET).rules == {"mine": edited}
    assert store.load(TARGET).last_run == NOW + HOUR


def test_hundreds_of_alerts_are_saved_and_deleted(store: StateStore) -> None:
    scopes = [replace(NEWS_IDENTITY, identity=f"{number}.example.com") for number in range(250)]

    saved = store.save(TARGET, state_of(*map(firing, scopes)), replacing=StoredState())

    assert len(saved.alerts) == 250
    assert store.load(TARGET) == saved
    emptied = store.save(TARGET, StoredState(), replacing=saved)
    assert store.load(TARGET) == emptied
    assert emptied.alerts == {}


def test_loaded_counters_are_integers(store: StateStore) -> None:
    store.save(TARGET, state_of(), replacing=StoredState())

    assert type(store.load(TARGET).service_sequence) is int
    assert type(store.load(TARGET).version) is int


# Versions.


def test_each_save_increases_the_version(store: StateStore) -> None:
    first = store.save(TARGET, state_of(firing(NEWS_IDENTITY)), replacing=StoredState())
    second = store.save(TARGET, first, replacing=first)
    third = store.save(TARGET, StoredState(), replacing=second)

    assert 0 < first.version < second.version < third.version == store.load(TARGET).version


@pytest.mark.parametrize("scope", [NEWS_IDENTITY, HOTMAIL], ids=["same alert", "another alert"])
def test_save_fails_and_writes_nothing_when_another_run_has_saved(
    implementation: Implementation, scope: Scope
) -> None:
    store = implementation.store
    before = store.save(TARGET, state_of(firing(NEWS_IDENTITY)), replacing=StoredState())
    late = state_of(firing(scope, Severity.CRITICAL), summary_sent=True)
    store.save(TARGET, replace(before, alerts={}), replacing=before)
    stored = store.load(TARGET)

    for state in (late, before):
        with pytest.raises(StaleStateError, match="another run saved its state during this run"):
            store.save(TARGET, state, replacing=before, transitions=[FIRED])

    assert store.load(TARGET) == stored
    assert implementation.history() == []


def test_save_fails_and_writes_nothing_when_the_store_is_not_empty_as_expected(
    store: StateStore,
) -> None:
    store.save(TARGET, state_of(firing(NEWS_IDENTITY)), replacing=StoredState())
    stored = store.load(TARGET)

    with pytest.raises(StaleStateError):
        store.save(TARGET, StoredState(), replacing=StoredState())

    assert store.load(TARGET) == stored


# History.


def test_state_with_an_item_of_a_later_version_is_unreadable(
    implementation: Implementation,
) -> None:
    implementation.put({"pk": partition_key(STATE, TARGET), "sk": "feature#new"})

    with pytest.raises(OperationFailedError, match="The stored alert history is unreadable"):
        implementation.store.load(TARGET)


def test_history_is_stored_beside_the_state(implementation: Implementation) -> None:
    store, resolved = implementation.store, replace(FIRED, time=NOW + HOUR, after="Ok")

    first = store.save(
        TARGET, state_of(firing(NEWS_IDENTITY)), replacing=StoredState(), transitions=[FIRED]
    )
    assert store.load(TARGET) == first
    second = store.save(TARGET, first, replacing=first, transitions=[resolved])
    assert store.load(TARGET) == second

    items = sorted(implementation.history(), key=lambda item: item["at"])
    assert [(item["at"], item["after"], item["why"]) for item in items] == [
        (NOW.isoformat(), "Firing WARNING", "bounces are 6%"),
        ((NOW + HOUR).isoformat(), "Ok", "bounces are 6%"),
    ]


# The lease.


def test_lease_is_held_by_one_run_at_a_time(store: StateStore) -> None:
    with (
        store.lease(TARGET, UNTIL, NOW),
        pytest.raises(LeaseHeldError),
        store.lease(TARGET, UNTIL, NOW),
    ):
        pass


def test_lease_is_free_after_the_block(store: StateStore) -> None:
    for _ in range(2):
        with store.lease(TARGET, UNTIL, NOW):
            pass


def test_lease_is_free_after_the_block_failed(store: StateStore) -> None:
    with pytest.raises(ZeroDivisionError), store.lease(TARGET, UNTIL, NOW):
        raise ZeroDivisionError

    with store.lease(TARGET, UNTIL, NOW):
        pass


def test_lease_can_be_taken_after_it_expired(store: StateStore) -> None:
    with (
        store.lease(TARGET, UNTIL, NOW),
        store.lease(TARGET, UNTIL + HOUR + LEASE_DURATION, UNTIL + HOUR),
    ):
        pass


def test_lease_cannot_be_taken_before_it_expires(store: StateStore) -> None:
    with (
        store.lease(TARGET, UNTIL, NOW),
        pytest.raises(LeaseHeldError),
        store.lease(TARGET, UNTIL + LEASE_DURATION, UNTIL - LEASE_DURATION / 2),
    ):
        pass


def test_lease_that_never_expires_blocks_no_run(store: StateStore) -> None:
    never = NOW + 365 * 24 * HOUR

    with store.lease(TARGET, never, NOW), store.lease(TARGET, UNTIL, NOW):
        pass


def test_run_whose_lease_expired_does_not_release_the_next_one(store: StateStore) -> None:
    late = UNTIL + LEASE_DURATION
    expired = store.lease(TARGET, UNTIL, NOW)

    with expired, store.lease(TARGET, late, late):
        expired.__exit__(None, None, None)

        with pytest.raises(LeaseHeldError), store.lease(TARGET, late, late):
            pass


def test_lease_is_taken_over_by_its_owner(store: StateStore) -> None:
    with store.lease(TARGET, UNTIL, NOW, "invocation"):
        with store.lease(TARGET, UNTIL, NOW, "invocation"):
            pass
        with store.lease(TARGET, UNTIL, NOW, "other"):
            pass


def test_lease_of_an_owner_is_not_taken_over_by_another(store: StateStore) -> None:
    with (
        store.lease(TARGET, UNTIL, NOW, "invocation"),
        pytest.raises(LeaseHeldError),
        store.lease(TARGET, UNTIL, NOW, "other"),
    ):
        pass


def test_run_is_requested_once_for_each_target(store: StateStore) -> None:
    assert not store.take_request(TARGET)
    store.request_run(TARGET)
    store.request_run(TARGET)
    assert not store.take_request(replace(TARGET, region="us-east-1"))
    assert store.take_request(TARGET)
    assert not store.take_request(TARGET)


# The weekly summary.


def test_requested_summary_is_part_of_the_state_until_a_save_deletes_it(store: StateStore) -> None:
    saved = store.save(TARGET, StoredState(summary_sent=True), replacing=StoredState())
    store.request_summary(TARGET, TODAY)
    store.request_summary(TARGET, TODAY)
    store.request_summary(TARGET, TODAY + 24 * HOUR)
    before = store.load(TARGET)
    assert before == replace(saved, weekly_requests=frozenset({TODAY, TODAY + 24 * HOUR}))

    store.save(TARGET, replace(before, weekly_requests=frozenset()), replacing=before)

    assert store.load(TARGET).weekly_requests == frozenset()


def test_save_keeps_a_summary_requested_since_the_load(store: StateStore) -> None:
    before = store.load(TARGET)
    store.request_summary(TARGET, TODAY)

    store.save(TARGET, StoredState(last_run=NOW), replacing=before)

    assert store.load(TARGET).weekly_requests == frozenset({TODAY})


def test_request_before_the_first_run_is_the_only_state(store: StateStore) -> None:
    store.request_summary(TARGET, TODAY)

    assert store.load(TARGET) == StoredState(weekly_requests=frozenset({TODAY}))


def test_transitions_are_read_from_a_time_on_in_their_order(store: StateStore) -> None:
    changes = [
        Transition(firing(scope).key, NOW + hours * HOUR, "Ok", "Firing WARNING", "why")
        for hours in (3, 1, 2, 0)
        for scope in (HOTMAIL, NEWS_IDENTITY, ACCOUNT)
    ]
    store.save(TARGET, StoredState(), replacing=StoredState(), transitions=changes)

    recent = store.transitions_since(TARGET, NOW + HOUR)

    assert recent.is_complete
    assert [change.time for change in recent.items] == sorted(
        change.time for change in changes if change.time > NOW
    )
    assert {*recent.items} == {change for change in changes if change.time > NOW}


def test_only_the_latest_transitions_are_read_when_there_are_very_many(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (dynamodb_history, dynamodb_state):
        monkeypatch.setattr(module, "MAX_TRANSITIONS", 2)
    changes = [replace(FIRED, time=NOW + hours * HOUR) for hours in range(3)]
    store.save(TARGET, StoredState(), replacing=StoredState(), transitions=changes)

    recent = store.transitions_since(TARGET, NOW, with_evidence=True)

    assert (recent.items, recent.is_complete) == (tuple(changes[1:]), False)


RECORD = VerdictRecord(
    breached(),
    a_rule(scopes=frozenset()),
    "0ddb83413057ef16",
    AsOf(NOW, TODAY),
    a_series(600),
    a_series(10_000),
)


@pytest.mark.parametrize("record", [RECORD, NoRecord.NO_VERDICT])
def test_transition_has_its_evidence(store: StateStore, record: VerdictRecord | NoRecord) -> None:
    change = replace(FIRED, record=record)
    store.save(TARGET, StoredState(), replacing=StoredState(), transitions=[change])

    (read,) = store.transitions_since(TARGET, NOW, with_evidence=True).items

    assert read.record == record


def test_evidence_is_left_out_unless_it_is_asked_for(store: StateStore) -> None:
    change = replace(FIRED, record=RECORD)
    store.save(TARGET, StoredState(), replacing=StoredState(), transitions=[change])

    (read,) = store.transitions_since(TARGET, NOW).items

    assert (read, read.record) == (FIRED, NoRecord.NOT_STORED)


def test_evidence_that_is_too_large_is_left_out(store: StateStore) -> None:
    long_rule = replace(RECORD.rule, source="x" * MAX_EVIDENCE_SIZE)
    change = replace(FIRED, record=replace(RECORD, rule=long_rule))
    store.save(TARGET, StoredState(), replacing=StoredState(), transitions=[change])

    (read,) = store.transitions_since(TARGET, NOW, with_evidence=True).items

    assert (read, read.record) == (FIRED, NoRecord.TOO_LARGE)


@pytest.mark.parametrize(
    ("changes", "record"),
    [
        ({}, NoRecord.NOT_STORED),
        ({"evidence": 7}, NoRecord.DAMAGED),
        ({"no_evidence": "a reason of a later version"}, NoRecord.DAMAGED),
    ],
)
def test_transition_without_valid_evidence_is_read(
    implementation: Implementation, changes: dict[str, Any], record: NoRecord
) -> None:
    store = implementation.store
    store.save(TARGET, StoredState(), replacing=StoredState(), transitions=[FIRED])
    (item,) = implementation.history()
    old = {name: value for name, value in item.items() if name != "no_evidence"}
    implementation.put({**old, **changes})

    recent = store.transitions_since(TARGET, NOW, with_evidence=True)

    assert recent == RecentTransitions((FIRED,))
    assert recent.items[0].record is record


@pytest.mark.parametrize("value", [7, "x", None], ids=str)
@pytest.mark.parametrize("name", ["at", "scope", "indicator", "rule", "after"])
def test_damaged_transition_is_left_out(
    implementation: Implementation, name: str, value: object
) -> None:
    store = implementation.store
    later = replace(FIRED, time=NOW + HOUR)
    store.save(TARGET, StoredState(), replacing=StoredState(), transitions=[FIRED, later])
    damaged = next(each for each in implementation.history() if each["at"] == NOW.isoformat())
    implementation.put({**damaged, name: value})

    recent = store.transitions_since(TARGET, NOW, with_evidence=True)

    is_valid = (name, value) in {("after", "x"), ("rule", "x"), ("indicator", None)}
    assert recent.is_complete is is_valid
    assert later in recent.items
    assert len(recent.items) == 1 + is_valid


def test_no_transition_is_complete(store: StateStore) -> None:
    assert store.transitions_since(TARGET, NOW) == RecentTransitions(())
