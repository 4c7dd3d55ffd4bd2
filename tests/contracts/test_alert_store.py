"""What every AlertStore does, whichever it is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from builders import HOTMAIL, HOUR, NEWS, NOW, ORIGIN, a_table, firing
from fakes import FakeStore
from moto import mock_aws

from vdm_alerts.adapters.aws.codec import encode
from vdm_alerts.adapters.aws.dynamodb_items import STATE, partition_key, run_item
from vdm_alerts.adapters.aws.dynamodb_state import TableStore
from vdm_alerts.core.alerts.alert import Alert, Ok
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.evaluation.revision import Ground
from vdm_alerts.core.model.errors import Busy, Superseded
from vdm_alerts.core.model.findings import Finding, Hindrance, Unavailable
from vdm_alerts.core.model.metrics import ACCOUNT, Scope, Window
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule_set import Written
from vdm_alerts.ports import AlertStore

UNTIL = NOW + HOUR
OFF = Finding("VDM", "VDM is off", "Switch it on")
MINE = Written('indicator = "bounce_rate"', "/vdm-alerts/rules/bounce-rate")
BEGAN = Transition(firing().key, NOW, "Ok", "Firing WARNING", "bounces are 6%")


@pytest.fixture(params=["in memory", "in DynamoDB"])
def store(request: pytest.FixtureRequest) -> Iterator[AlertStore]:
    if request.param == "in memory":
        yield FakeStore()
    else:
        with mock_aws():
            yield TableStore(a_table())


def remembering(*alerts: Alert, **more: Any) -> Memory:
    return Memory({alert.key: alert for alert in alerts}, (OFF,), 3, NOW, **more)


def test_before_the_first_run_nothing_is_remembered(store: AlertStore) -> None:
    assert store.load(ORIGIN) == Memory()


def test_what_was_saved_is_what_is_loaded(store: AlertStore) -> None:
    told = firing(NEWS, told=Severity.WARNING)
    assert told.told
    on_these_figures = replace(told.told, ground=Ground(Rate(6, 100), Window(3), NOW.date()))
    memory = remembering(
        replace(told, told=on_these_figures, ends=(NOW - HOUR, NOW)),
        replace(firing(HOTMAIL), state=Ok(NOW, revised=Rate(1, 100))),
        replace(firing(ACCOUNT), state=Ok(NOW, unwatched="the rule is gone"), incident=None),
        numbers={"bounce-rate-20260312T0900Z": 1},
        attempts={"bounce-rate-20260312T0900Z": Attempt(2, "ESCALATED")},
        rules={"bounce-rate": MINE, "mine": Written("", "/vdm-alerts/rules/mine")},
        passing={"ses:GetAccount": NOW - HOUR},
        introduced=True,
    )
    saved = store.save(ORIGIN, memory, replacing=Memory())
    assert saved == replace(memory, version=saved.version)
    assert store.load(ORIGIN) == saved


def test_what_is_no_longer_remembered_is_gone(store: AlertStore) -> None:
    before = remembering(
        firing(NEWS), firing(HOTMAIL), attempts={"id": Attempt(1, "FIRING")}, rules={"mine": MINE}
    )
    store.save(ORIGIN, before, replacing=Memory())
    after = replace(remembering(firing(HOTMAIL)), findings=())
    store.save(ORIGIN, after, replacing=store.load(ORIGIN))
    loaded = store.load(ORIGIN)
    assert loaded.alerts == after.alerts
    assert (loaded.findings, loaded.attempts, loaded.rules) == ((), {}, {})


def test_what_does_not_change_stays(store: AlertStore) -> None:
    before = store.save(ORIGIN, remembering(firing(NEWS), rules={"mine": MINE}), replacing=Memory())
    edited = replace(MINE, text="edited")
    after = replace(before, rules={"mine": MINE, "other": edited}, last_run=NOW + HOUR)
    again = store.save(ORIGIN, after, replacing=before)
    assert store.load(ORIGIN).alerts == before.alerts
    assert store.load(ORIGIN).rules == {"mine": MINE, "other": edited}
    store.save(ORIGIN, replace(again, rules={"mine": edited}), replacing=again)
    assert store.load(ORIGIN).rules == {"mine": edited}
    assert store.load(ORIGIN).last_run == NOW + HOUR


def test_every_save_is_another_version(store: AlertStore) -> None:
    first = store.save(ORIGIN, remembering(firing(NEWS)), replacing=Memory())
    second = store.save(ORIGIN, first, replacing=first)
    third = store.save(ORIGIN, Memory(), replacing=second)
    assert 0 < first.version < second.version < third.version == store.load(ORIGIN).version


@pytest.mark.parametrize("scope", [NEWS, HOTMAIL], ids=["what another changed", "something else"])
def test_who_was_overtaken_saves_nothing_at_all(store: AlertStore, scope: Scope) -> None:
    before = store.save(ORIGIN, remembering(firing(NEWS)), replacing=Memory())
    mine = remembering(firing(scope, Severity.CRITICAL), introduced=True)
    store.save(ORIGIN, replace(before, alerts={}), replacing=before)
    there = store.load(ORIGIN)
    for late in (mine, before):
        with pytest.raises(Superseded, match="another run has saved since"):
            store.save(ORIGIN, late, replacing=before, history=[BEGAN])
    assert store.load(ORIGIN) == there


def test_who_knows_of_nothing_does_not_write_over_what_there_is(store: AlertStore) -> None:
    store.save(ORIGIN, remembering(firing(NEWS)), replacing=Memory())
    there = store.load(ORIGIN)
    with pytest.raises(Superseded):
        store.save(ORIGIN, Memory(), replacing=Memory())
    assert store.load(ORIGIN) == there


def test_what_happened_is_nothing_that_a_run_remembers(store: AlertStore) -> None:
    memory = store.save(ORIGIN, remembering(firing(NEWS)), replacing=Memory(), history=[BEGAN])
    assert store.load(ORIGIN) == memory
    store.save(ORIGIN, memory, replacing=memory, history=[replace(BEGAN, at=NOW + HOUR)])
    assert store.load(ORIGIN).alerts == memory.alerts


def test_hundreds_of_alerts_are_remembered(store: AlertStore) -> None:
    many = remembering(
        *(firing(replace(NEWS, identity=f"{each}.example.com")) for each in range(250))
    )
    saved = store.save(ORIGIN, many, replacing=Memory())
    assert store.load(ORIGIN) == saved
    assert store.save(ORIGIN, Memory(), replacing=saved) == store.load(ORIGIN)


def test_the_lease_is_one_runs_at_a_time(store: AlertStore) -> None:
    with store.lease(ORIGIN, UNTIL, NOW), pytest.raises(Busy), store.lease(ORIGIN, UNTIL, NOW):
        pass


def test_the_lease_is_free_again_after_the_block(store: AlertStore) -> None:
    for _ in range(2):
        with store.lease(ORIGIN, UNTIL, NOW):
            pass


def test_the_lease_is_free_again_where_the_block_failed(store: AlertStore) -> None:
    with pytest.raises(ZeroDivisionError), store.lease(ORIGIN, UNTIL, NOW):
        raise ZeroDivisionError
    with store.lease(ORIGIN, UNTIL, NOW):
        pass


def test_a_lease_that_ran_out_can_be_taken(store: AlertStore) -> None:
    with store.lease(ORIGIN, UNTIL, NOW), store.lease(ORIGIN, UNTIL + HOUR, UNTIL + HOUR):
        pass


def test_memory_beyond_one_page_is_read_whole() -> None:
    """A page of DynamoDB's is a megabyte."""
    with mock_aws():
        store = TableStore(a_table())
        many = remembering(
            *(
                replace(firing(replace(NEWS, identity=f"{each}.example")), incident="x" * 30_000)
                for each in range(60)
            )
        )
        store.save(ORIGIN, many, replacing=Memory())
        assert len(store.load(ORIGIN).alerts) == 60


def test_the_number_of_messages_is_a_number_after_dynamodb_too(store: AlertStore) -> None:
    store.save(ORIGIN, remembering(), replacing=Memory())
    assert type(store.load(ORIGIN).trouble_sequence) is int
    assert type(store.load(ORIGIN).version) is int


def test_a_lease_that_has_not_run_out_cannot_be_taken_later_either(store: AlertStore) -> None:
    with (
        store.lease(ORIGIN, UNTIL, NOW),
        pytest.raises(Busy),
        store.lease(ORIGIN, UNTIL + HOUR, UNTIL - HOUR / 2),
    ):
        pass


@pytest.mark.parametrize(
    "damaged",
    [
        {"sk": "alert#x", "record": {"schema": 2}},
        {"sk": "alert#x", "record": {"schema": 1, "rule": "r", "state": {"is": "Dozing"}}},
        {"sk": "alert#x"},
        {"sk": "run", "last_run": "2026-03-12T09:00:00+00:00"},
        {"sk": "alert#x", "record": "x"},
        {"sk": "alert#x", "record": {**encode(firing()), "schema": 5}},
        {"sk": "rule#x", "record": {"schema": 3, "text": ""}},
        {"sk": "rule#x", "record": {**encode(MINE), "schema": 5}},
        {"sk": "plan#x", "record": {"schema": 3}},
        {"sk": "run", "findings": [], "trouble_sequence": 1, "last_run": "yesterday"},
        {**run_item(ORIGIN, Memory()), "schema": 5},
        {**run_item(ORIGIN, Memory()), "version": "the newest"},
        {**run_item(ORIGIN, Memory()), "attempts": ["id"]},
        {**run_item(ORIGIN, Memory()), "attempts": {"id": {"schema": 3, "sequence": 1}}},
    ],
)
def test_a_record_that_cannot_be_read_is_a_hindrance_that_says_what_to_do(
    damaged: dict[str, Any],
) -> None:
    with mock_aws():
        raw = a_table()
        raw.put_item(Item={"pk": partition_key(STATE, ORIGIN), **damaged})
        with pytest.raises(Hindrance, match="What was remembered cannot be read") as caught:
            TableStore(raw).load(ORIGIN)
        assert not caught.value.finding.passing


def test_a_lease_that_cannot_be_given_back_fails_nothing() -> None:
    with mock_aws():
        raw = a_table()
        with TableStore(raw).lease(ORIGIN, UNTIL, NOW):
            raw.delete()


def test_a_run_that_lost_its_lease_does_not_give_back_anothers() -> None:
    with mock_aws():
        store = TableStore(a_table())
        late = UNTIL + HOUR
        mine = store.lease(ORIGIN, UNTIL, NOW)
        with mine, store.lease(ORIGIN, late, late):
            mine.__exit__(None, None, None)
            with pytest.raises(Busy), store.lease(ORIGIN, late, late):
                pass


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.load(ORIGIN),
        lambda store: store.save(ORIGIN, Memory(), replacing=Memory()),
        lambda store: store.lease(ORIGIN, UNTIL, NOW).__enter__(),
    ],
)
def test_a_table_that_is_not_there_is_unavailable(use: Callable[[TableStore], object]) -> None:
    with mock_aws():
        gone: Any = boto3.resource("dynamodb").Table("gone")
        with pytest.raises(Unavailable, match="dynamodb:"):
            use(TableStore(gone))
