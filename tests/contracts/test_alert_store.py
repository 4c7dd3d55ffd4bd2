"""The contract of AlertStore, on every implementation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from builders import HOTMAIL, HOUR, NEWS, NOW, ORIGIN, a_table, firing
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_items import HISTORY, partition_key
from vdm_alerts.adapters.aws.dynamodb_state import TableStore, partition
from vdm_alerts.adapters.memory import MAX_WRITES, MemoryState
from vdm_alerts.core.alerts.alert import Alert, Ok
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.evaluation.revision import Ground
from vdm_alerts.core.model.errors import Busy, Superseded
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Window
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule_set import Written
from vdm_alerts.ports import AlertStore

UNTIL = NOW + HOUR
VDM_OFF = Finding("VDM", "VDM is off", "Switch it on")
RULE = Written('indicator = "bounce_rate"', "/vdm-alerts/rules/bounce-rate")
FIRED = Transition(firing().key, NOW, "Ok", "Firing WARNING", "bounces are 6%")


@dataclass(frozen=True)
class Implementation:
    store: AlertStore
    history: Callable[[], Sequence[Mapping[str, Any]]]
    """Returns the stored history."""


def in_memory(max_writes: int) -> Implementation:
    state = MemoryState(max_writes=max_writes)
    return Implementation(state, lambda: state.table.partition(partition_key(HISTORY, ORIGIN)))


@pytest.fixture(params=["memory", "memory, 3 writes a transaction", "DynamoDB"])
def implementation(request: pytest.FixtureRequest) -> Iterator[Implementation]:
    if request.param == "DynamoDB":
        with mock_aws():
            table = a_table()
            yield Implementation(
                TableStore(table), lambda: [*partition(table, partition_key(HISTORY, ORIGIN))]
            )
    else:
        yield in_memory(MAX_WRITES if request.param == "memory" else 3)


@pytest.fixture
def store(implementation: Implementation) -> AlertStore:
    return implementation.store


def state_of(*alerts: Alert, **more: Any) -> Memory:
    return Memory({alert.key: alert for alert in alerts}, (VDM_OFF,), 3, NOW, **more)


# Load and save.


def test_new_store_loads_empty_state(store: AlertStore) -> None:
    assert store.load(ORIGIN) == Memory()


def test_saved_state_is_loaded(store: AlertStore) -> None:
    notified = firing(NEWS, told=Severity.WARNING)
    assert notified.told is not None
    figures = Ground(Rate(6, 100), Window(3), NOW.date())
    state = state_of(
        replace(notified, told=replace(notified.told, ground=figures), ends=(NOW - HOUR, NOW)),
        replace(firing(HOTMAIL), state=Ok(NOW, revised=Rate(1, 100))),
        replace(firing(ACCOUNT), state=Ok(NOW, unwatched="the rule is gone"), incident=None),
        numbers={"bounce-rate-20260312T0900Z": 1},
        attempts={"bounce-rate-20260312T0900Z": Attempt(2, "ESCALATED")},
        rules={"bounce-rate": RULE, "mine": Written("", "/vdm-alerts/rules/mine")},
        passing={"ses:GetAccount": NOW - HOUR},
        introduced=True,
    )

    saved = store.save(ORIGIN, state, replacing=Memory())

    assert saved == replace(state, version=saved.version)
    assert store.load(ORIGIN) == saved


def test_save_deletes_what_the_new_state_lacks(store: AlertStore) -> None:
    alerts = firing(NEWS), firing(HOTMAIL)
    before = state_of(*alerts, attempts={"id": Attempt(1, "FIRING")}, rules={"mine": RULE})
    store.save(ORIGIN, before, replacing=Memory())
    after = replace(state_of(firing(HOTMAIL)), findings=())

    store.save(ORIGIN, after, replacing=store.load(ORIGIN))

    loaded = store.load(ORIGIN)
    assert loaded.alerts == after.alerts
    assert (loaded.findings, loaded.attempts, loaded.rules) == ((), {}, {})


def test_save_keeps_alerts_and_rules_that_did_not_change(store: AlertStore) -> None:
    edited = replace(RULE, text="edited")
    first = store.save(ORIGIN, state_of(firing(NEWS), rules={"mine": RULE}), replacing=Memory())
    changed = replace(first, rules={"mine": RULE, "other": edited}, last_run=NOW + HOUR)

    second = store.save(ORIGIN, changed, replacing=first)

    assert store.load(ORIGIN).alerts == first.alerts
    assert store.load(ORIGIN).rules == {"mine": RULE, "other": edited}
    store.save(ORIGIN, replace(second, rules={"mine": edited}), replacing=second)
    assert store.load(ORIGIN).rules == {"mine": edited}
    assert store.load(ORIGIN).last_run == NOW + HOUR


def test_hundreds_of_alerts_are_saved_and_deleted(store: AlertStore) -> None:
    scopes = [replace(NEWS, identity=f"{number}.example.com") for number in range(250)]

    saved = store.save(ORIGIN, state_of(*map(firing, scopes)), replacing=Memory())

    assert len(saved.alerts) == 250
    assert store.load(ORIGIN) == saved
    emptied = store.save(ORIGIN, Memory(), replacing=saved)
    assert store.load(ORIGIN) == emptied
    assert emptied.alerts == {}


def test_loaded_counters_are_integers(store: AlertStore) -> None:
    store.save(ORIGIN, state_of(), replacing=Memory())

    assert type(store.load(ORIGIN).trouble_sequence) is int
    assert type(store.load(ORIGIN).version) is int


# Versions.


def test_each_save_increases_the_version(store: AlertStore) -> None:
    first = store.save(ORIGIN, state_of(firing(NEWS)), replacing=Memory())
    second = store.save(ORIGIN, first, replacing=first)
    third = store.save(ORIGIN, Memory(), replacing=second)

    assert 0 < first.version < second.version < third.version == store.load(ORIGIN).version


@pytest.mark.parametrize("scope", [NEWS, HOTMAIL], ids=["same alert", "another alert"])
def test_save_fails_and_writes_nothing_when_another_run_has_saved(
    implementation: Implementation, scope: Scope
) -> None:
    store = implementation.store
    before = store.save(ORIGIN, state_of(firing(NEWS)), replacing=Memory())
    late = state_of(firing(scope, Severity.CRITICAL), introduced=True)
    store.save(ORIGIN, replace(before, alerts={}), replacing=before)
    stored = store.load(ORIGIN)

    for state in (late, before):
        with pytest.raises(Superseded, match="another run has saved since"):
            store.save(ORIGIN, state, replacing=before, history=[FIRED])

    assert store.load(ORIGIN) == stored
    assert implementation.history() == []


def test_save_fails_and_writes_nothing_when_the_store_is_not_empty_as_expected(
    store: AlertStore,
) -> None:
    store.save(ORIGIN, state_of(firing(NEWS)), replacing=Memory())
    stored = store.load(ORIGIN)

    with pytest.raises(Superseded):
        store.save(ORIGIN, Memory(), replacing=Memory())

    assert store.load(ORIGIN) == stored


# History.


def test_history_is_stored_beside_the_state(implementation: Implementation) -> None:
    store, resolved = implementation.store, replace(FIRED, at=NOW + HOUR, after="Ok")

    first = store.save(ORIGIN, state_of(firing(NEWS)), replacing=Memory(), history=[FIRED])
    assert store.load(ORIGIN) == first
    second = store.save(ORIGIN, first, replacing=first, history=[resolved])
    assert store.load(ORIGIN) == second

    items = sorted(implementation.history(), key=lambda item: item["at"])
    assert [(item["at"], item["after"], item["why"]) for item in items] == [
        (NOW.isoformat(), "Firing WARNING", "bounces are 6%"),
        ((NOW + HOUR).isoformat(), "Ok", "bounces are 6%"),
    ]


# The lease.


def test_lease_is_held_by_one_run_at_a_time(store: AlertStore) -> None:
    with store.lease(ORIGIN, UNTIL, NOW), pytest.raises(Busy), store.lease(ORIGIN, UNTIL, NOW):
        pass


def test_lease_is_free_after_the_block(store: AlertStore) -> None:
    for _ in range(2):
        with store.lease(ORIGIN, UNTIL, NOW):
            pass


def test_lease_is_free_after_the_block_failed(store: AlertStore) -> None:
    with pytest.raises(ZeroDivisionError), store.lease(ORIGIN, UNTIL, NOW):
        raise ZeroDivisionError

    with store.lease(ORIGIN, UNTIL, NOW):
        pass


def test_lease_can_be_taken_after_it_expired(store: AlertStore) -> None:
    with store.lease(ORIGIN, UNTIL, NOW), store.lease(ORIGIN, UNTIL + HOUR, UNTIL + HOUR):
        pass


def test_lease_cannot_be_taken_before_it_expires(store: AlertStore) -> None:
    with (
        store.lease(ORIGIN, UNTIL, NOW),
        pytest.raises(Busy),
        store.lease(ORIGIN, UNTIL + HOUR, UNTIL - HOUR / 2),
    ):
        pass


def test_run_whose_lease_expired_does_not_release_the_next_one(store: AlertStore) -> None:
    late = UNTIL + HOUR
    expired = store.lease(ORIGIN, UNTIL, NOW)

    with expired, store.lease(ORIGIN, late, late):
        expired.__exit__(None, None, None)

        with pytest.raises(Busy), store.lease(ORIGIN, late, late):
            pass
