"""The contract of RosterStore, on every implementation."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders import NEWS, NOW, ORIGIN, a_table, an_entry
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_roster import TableRoster
from vdm_alerts.adapters.memory import MemoryRosters
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.planning.roster import Entry, Roster
from vdm_alerts.ports import RosterStore

ROSTER = Roster(
    entries={
        NEWS: an_entry(7, drilled=("bounce-rate",), refused=True),
        Scope(tenant="täglich", isp="Hotmail"): Entry(),
    },
    listed={Dimension.IDENTITY: NOW},
    swept=NOW,
    asked=12,
    unclaimed=3,
    today_refused=NOW.date(),
)


@pytest.fixture(params=["memory", "DynamoDB"])
def store(request: pytest.FixtureRequest) -> Iterator[RosterStore]:
    if request.param == "memory":
        yield MemoryRosters()
    else:
        with mock_aws():
            yield TableRoster(a_table())


def test_new_store_loads_an_empty_roster(store: RosterStore) -> None:
    assert store.load(ORIGIN) == Roster()


def test_saved_roster_is_loaded(store: RosterStore) -> None:
    store.save(ORIGIN, ROSTER)

    assert store.load(ORIGIN) == ROSTER


def test_save_replaces_the_previous_roster(store: RosterStore) -> None:
    store.save(ORIGIN, ROSTER)
    later = replace(ROSTER, entries={NEWS: an_entry()})

    store.save(ORIGIN, later)

    assert store.load(ORIGIN) == later
