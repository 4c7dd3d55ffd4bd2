"""The contract of RosterStore, tested on every implementation."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders import NEWS_IDENTITY, NOW, TARGET, a_sender_record, a_table
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.adapters.memory import MemoryRosters
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.planning.roster import SenderRecord, SenderRoster
from vdm_alerts.ports import RosterStore

ROSTER = SenderRoster(
    records={
        NEWS_IDENTITY: a_sender_record(7, drilled_down=("bounce-rate",), rejected=True),
        Scope(tenant="täglich", isp="Hotmail"): SenderRecord(),
    },
    listed_at={Dimension.IDENTITY: NOW},
    read_at=NOW,
    queries_made=12,
    unattributed=3,
    today_rejected_on=NOW.date(),
)


@pytest.fixture(params=["memory", "DynamoDB"])
def store(request: pytest.FixtureRequest) -> Iterator[RosterStore]:
    if request.param == "memory":
        yield MemoryRosters()
    else:
        with mock_aws():
            yield DynamoDbRoster(a_table())


def test_new_store_loads_an_empty_roster(store: RosterStore) -> None:
    assert store.load(TARGET) == SenderRoster()


def test_saved_roster_is_loaded(store: RosterStore) -> None:
    store.save(TARGET, ROSTER)

    assert store.load(TARGET) == ROSTER


def test_save_replaces_the_previous_roster(store: RosterStore) -> None:
    store.save(TARGET, ROSTER)
    later = replace(ROSTER, records={NEWS_IDENTITY: a_sender_record()})

    store.save(TARGET, later)

    assert store.load(TARGET) == later
