"""What every AlertStore does, whichever it is."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from builders import HOTMAIL, HOUR, NEWS, NOW, firing
from fakes import FakeStore
from moto import mock_aws

from vdm_alerts.aws.dynamodb import TableStore
from vdm_alerts.core.findings import Finding
from vdm_alerts.core.metrics import ACCOUNT
from vdm_alerts.core.rules import Severity
from vdm_alerts.ports import AlertStore, Busy, Memory, Unavailable

UNTIL = NOW + HOUR
OFF = Finding("VDM", "VDM is off", "Switch it on")


def table() -> Any:
    return boto3.resource("dynamodb").create_table(
        TableName="memory",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture(params=["in memory", "in DynamoDB"])
def store(request: pytest.FixtureRequest) -> Iterator[AlertStore]:
    if request.param == "in memory":
        yield FakeStore()
    else:
        with mock_aws():
            yield TableStore(table())


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


def test_a_run_that_lost_its_lease_does_not_give_back_anothers() -> None:
    with mock_aws():
        store = TableStore(table())
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
