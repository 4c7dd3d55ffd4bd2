"""What every AlertStore does, whichever it is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from builders import HOTMAIL, HOUR, NEWS, NOW, a_table, firing
from fakes import FakeStore
from moto import mock_aws

from vdm_alerts.aws.dynamodb import TableStore
from vdm_alerts.core.findings import Finding, Hindrance
from vdm_alerts.core.metrics import ACCOUNT
from vdm_alerts.core.rules import Severity
from vdm_alerts.ports import AlertStore, Busy, Memory, Unavailable

UNTIL = NOW + HOUR
OFF = Finding("VDM", "VDM is off", "Switch it on")


@pytest.fixture(params=["in memory", "in DynamoDB"])
def store(request: pytest.FixtureRequest) -> Iterator[AlertStore]:
    if request.param == "in memory":
        yield FakeStore()
    else:
        with mock_aws():
            yield TableStore(a_table())


def remembering(*alerts: Any) -> Memory:
    return Memory({alert.key: alert for alert in alerts}, [OFF], 3, NOW)


def test_before_the_first_run_nothing_is_remembered(store: AlertStore) -> None:
    assert store.load() == Memory()


def test_what_was_saved_is_what_is_loaded(store: AlertStore) -> None:
    memory = remembering(firing(NEWS, told=Severity.WARNING), firing(HOTMAIL), firing(ACCOUNT))
    store.save(memory, replacing=Memory())
    loaded = store.load()
    assert loaded.alerts == memory.alerts
    assert list(loaded.findings) == [OFF]
    assert (loaded.trouble_sequence, loaded.last_run) == (3, NOW)


def test_what_is_no_longer_remembered_is_gone(store: AlertStore) -> None:
    before = remembering(firing(NEWS), firing(HOTMAIL))
    store.save(before, replacing=Memory())
    after = replace(remembering(firing(HOTMAIL)), findings=())
    store.save(after, replacing=store.load())
    assert store.load().alerts == after.alerts
    assert list(store.load().findings) == []


def test_a_thousand_alerts_are_remembered(store: AlertStore) -> None:
    many = remembering(
        *(firing(replace(NEWS, identity=f"{each}.example.com")) for each in range(1_000))
    )
    store.save(many, replacing=Memory())
    assert store.load().alerts == many.alerts


def test_the_lease_is_one_runs_at_a_time(store: AlertStore) -> None:
    with store.lease(UNTIL, NOW), pytest.raises(Busy), store.lease(UNTIL, NOW):
        pass


def test_the_lease_is_free_again_after_the_block(store: AlertStore) -> None:
    for _ in range(2):
        with store.lease(UNTIL, NOW):
            pass


def test_the_lease_is_free_again_where_the_block_failed(store: AlertStore) -> None:
    with pytest.raises(ZeroDivisionError), store.lease(UNTIL, NOW):
        raise ZeroDivisionError
    with store.lease(UNTIL, NOW):
        pass


def test_a_lease_that_ran_out_can_be_taken(store: AlertStore) -> None:
    with store.lease(UNTIL, NOW), store.lease(UNTIL + HOUR, UNTIL + HOUR):
        pass


def test_memory_beyond_one_page_is_read_whole() -> None:
    """A page of DynamoDB's is a megabyte."""
    with mock_aws():
        store = TableStore(a_table())
        many = remembering(
            *(firing(replace(NEWS, identity=f"{each}{'x' * 900}.example")) for each in range(600))
        )
        store.save(many, replacing=Memory())
        assert len(store.load().alerts) == 600


def test_the_number_of_messages_is_a_number_after_dynamodb_too(store: AlertStore) -> None:
    store.save(remembering(), replacing=Memory())
    assert type(store.load().trouble_sequence) is int


def test_a_lease_that_has_not_run_out_cannot_be_taken_later_either(store: AlertStore) -> None:
    with store.lease(UNTIL, NOW), pytest.raises(Busy), store.lease(UNTIL + HOUR, UNTIL - HOUR / 2):
        pass


@pytest.mark.parametrize(
    "damaged",
    [
        {"sk": "alert#x", "record": {"schema": 2}},
        {"sk": "alert#x", "record": {"schema": 1, "rule": "r", "state": {"is": "Dozing"}}},
        {"sk": "alert#x"},
        {"sk": "run", "last_run": "2026-03-12T09:00:00+00:00"},
        {"sk": "run", "findings": [], "trouble_sequence": 1, "last_run": "yesterday"},
    ],
)
def test_a_record_that_cannot_be_read_is_a_hindrance_that_says_what_to_do(
    damaged: dict[str, Any],
) -> None:
    with mock_aws():
        raw = a_table()
        raw.put_item(Item={"pk": "memory", **damaged})
        with pytest.raises(Hindrance, match="What was remembered cannot be read") as caught:
            TableStore(raw).load()
        assert not caught.value.finding.passing


def test_a_lease_that_cannot_be_given_back_fails_nothing() -> None:
    with mock_aws():
        raw = a_table()
        with TableStore(raw).lease(UNTIL, NOW):
            raw.delete()


def test_a_run_that_lost_its_lease_does_not_give_back_anothers() -> None:
    with mock_aws():
        store = TableStore(a_table())
        late = UNTIL + HOUR
        mine = store.lease(UNTIL, NOW)
        with mine, store.lease(late, late):
            mine.__exit__(None, None, None)
            with pytest.raises(Busy), store.lease(late, late):
                pass


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.load(),
        lambda store: store.save(Memory(), replacing=Memory()),
        lambda store: store.lease(UNTIL, NOW).__enter__(),
    ],
)
def test_a_table_that_is_not_there_is_unavailable(use: Callable[[TableStore], object]) -> None:
    with mock_aws():
        gone: Any = boto3.resource("dynamodb").Table("gone")
        with pytest.raises(Unavailable, match="dynamodb:"):
            use(TableStore(gone))
