"""Runs whose stored state is damaged: one damaged item costs no more than itself."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from builders import HOUR, NEWS_IDENTITY, NOW, TARGET, a_rule
from damage import places, with_damage
from fakes import World
from hypothesis import given, settings
from hypothesis import strategies as st

from vdm_alerts.adapters.aws.dynamodb_items import HISTORY, RUN, STATE, partition_key
from vdm_alerts.app.notify import NotificationsUnsentError
from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.model.findings import Finding, UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.planning.roster import SenderRecord, SenderRoster
from vdm_alerts.core.rules.rule_set import RuleText

SHOP, MAIL = Scope(identity="shop.example.com"), Scope(identity="mail.example.com")
PARTITION = partition_key(STATE, TARGET)
BROKEN: tuple[object, ...] = (7, -1, True, "2026-03-12", "2026-03-12T09:00:00", [], {}, "x" * 50)
"""Values that are wrong in most places of an item."""


def world_with_alerts() -> World:
    """Return a world in which two identities are above the threshold, in two incidents."""
    world = World().set_rules(a_rule(scopes=frozenset({(), (Dimension.IDENTITY,)})))
    world.rules.rule_set.texts["bounce-rate"] = RuleText("text", "source")  # type: ignore[index]
    world.account.senders = [NEWS_IDENTITY, SHOP, MAIL]
    world.set_bounces(ACCOUNT, 100)
    for identity in (NEWS_IDENTITY, SHOP):
        world.set_bounces(identity, 600)
    world.set_bounces(MAIL, 100)
    world.run()
    world.notifier.sent.clear()
    return world


@pytest.fixture
def world() -> World:
    return world_with_alerts()


def alert_sort_key(world: World, scope: Scope) -> tuple[str, str]:
    keys = (key for key in world.store.table.items if key[0] == PARTITION)
    return next(key for key in keys if f'"{scope}"' in key[1])


def damage(world: World, key: tuple[str, str], **attributes: Any) -> None:
    world.store.table.items[key] = {**world.store.table.items[key], **attributes}


def test_only_the_alert_of_a_damaged_item_is_notified_again_and_marked(world: World) -> None:
    damage(world, alert_sort_key(world, SHOP), record={"schema": 4, "rule": 7})

    world.run(hours=1)

    repeat, service = world.documents
    assert "shop.example.com" in str(repeat["affected"])
    assert "news.example.com" not in str(repeat["affected"])
    assert not repeat["history_available"]
    assert "Alert history damaged" in world.notifier.sent[0].text
    assert "shop.example.com" in str(service["findings"])
    world.notifier.sent.clear()
    world.run(hours=2)
    assert world.documents == []


def test_mark_stays_until_the_repeat_is_delivered(world: World) -> None:
    damage(world, alert_sort_key(world, SHOP), record={})
    world.notifier.confirmed = 0
    world.run(hours=1)
    world.notifier.confirmed = 1

    world.run(hours=2)

    (incident,) = [document for document in world.documents if "affected" in document]
    assert not incident["history_available"]


def test_damaged_item_is_kept_while_the_rate_is_unreadable(world: World) -> None:
    key = alert_sort_key(world, SHOP)
    damage(world, key, record={})
    world.series.answers |= {Query(metric, SHOP): Gap.UNAVAILABLE for metric in Metric}

    world.run(hours=1)

    assert world.store.table.items[key]["record"] == {}
    assert [document["kind"] for document in world.documents] == ["service"]


def test_damaged_item_is_deleted_when_the_rate_is_healthy(world: World) -> None:
    key = alert_sort_key(world, SHOP)
    damage(world, key, record={})
    world.set_bounces(SHOP, 0)

    world.run(hours=1)

    assert key not in world.store.table.items
    assert [document["kind"] for document in world.documents] == ["service"]


def test_damage_is_reported_by_a_later_run_when_nothing_can_be_sent(world: World) -> None:
    damage(world, alert_sort_key(world, SHOP), record={})
    world.set_bounces(SHOP, 0)
    world.notifier.confirmed = 0
    world.run(hours=1)
    assert world.documents == []
    world.notifier.confirmed = 1

    world.run(hours=2)
    world.run(hours=3)

    (service,) = world.documents
    assert "shop.example.com" in str(service["findings"])


def test_damage_is_reported_by_a_later_run_when_its_publish_fails(world: World) -> None:
    damage(world, (PARTITION, RUN), findings={})
    world.fail("publish", UnavailableError("sns:Publish", "not now"))
    with pytest.raises(NotificationsUnsentError):
        world.run(hours=1)
    world.repair("publish")

    world.run(hours=2)
    world.run(hours=3)

    (service,) = world.documents
    assert "stored item run" in str(service["findings"])


def test_damage_is_reported_again_when_it_occurs_again(world: World) -> None:
    key = alert_sort_key(world, SHOP)
    for hours in (1, 3):
        damage(world, key, record={})
        world.run(hours=hours)
        world.run(hours=hours + 1)

    services = [document for document in world.documents if document["kind"] == "service"]
    assert [service["sequence"] for service in services] == [1, 2]


def test_damaged_version_is_reported_when_the_run_that_repairs_it_dies(world: World) -> None:
    damage(world, (PARTITION, RUN), version=-1)
    world.store.load(TARGET)

    world.run(hours=1)

    (service,) = world.documents
    assert "stored item run" in str(service["findings"])


@pytest.mark.parametrize(
    "last_run", ["9999-01-01T00:00:00+00:00", "2026-03-12", "2030-01-01T00:00:00Z"]
)
def test_last_run_that_is_no_past_time_is_reported_and_replaced(
    world: World, last_run: str
) -> None:
    damage(world, (PARTITION, RUN), last_run=last_run)

    world.run(hours=1)

    (service,) = world.documents
    assert "stored item run" in str(service["findings"])
    assert world.state.last_run == NOW + HOUR


def test_alert_from_the_future_has_no_history(world: World) -> None:
    key = alert_sort_key(world, SHOP)
    record = deepcopy(world.store.table.items[key]["record"])
    record["state"]["since"] = "2031-03-12T09:00:00+00:00"
    damage(world, key, record=record)

    world.run(hours=1)

    assert [document["kind"] for document in world.documents] == ["incident", "service"]
    assert not world.documents[0]["history_available"]


@pytest.mark.parametrize(
    "roster",
    [
        SenderRoster(),
        SenderRoster(listed_at={Dimension.IDENTITY: NOW}),
        SenderRoster({MAIL: SenderRecord()}, {Dimension.IDENTITY: NOW}),
        SenderRoster({MAIL: SenderRecord()}, {Dimension.IDENTITY: NOW + 9_999 * HOUR}),
    ],
)
def test_lost_roster_closes_no_alert_and_is_rebuilt_at_once(
    world: World, roster: SenderRoster
) -> None:
    world.roster = roster

    world.run(hours=1)

    assert world.documents == []
    assert {NEWS_IDENTITY, SHOP, MAIL} <= world.roster.records.keys()


def test_changed_severity_of_an_alert_is_reported_and_marked(world: World) -> None:
    key = alert_sort_key(world, SHOP)
    record = deepcopy(world.store.table.items[key]["record"])
    record["state"]["severity"] = "CRITICAL"
    damage(world, key, record=record)

    world.run(hours=1)

    repeat, service = world.documents
    assert "shop.example.com" in str(repeat["affected"])
    assert not repeat["history_available"]
    assert "its checksum differs" in str(service["findings"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("introduced", False),
        ("trouble_sequence", 40),
        ("findings", []),
        ("subscribers", 9),
        ("last_run", "2026-03-12T20:00:00+00:00"),
        ("days_without_vdm", ["2026-03-01"]),
    ],
)
def test_run_item_with_a_changed_value_repeats_no_alert(
    world: World, field: str, value: object
) -> None:
    world.account.current_status = replace(
        world.account.current_status, findings=[Finding("x", "A known problem", "Fix it")]
    )
    world.run(hours=1)
    world.notifier.sent.clear()
    damage(world, (PARTITION, RUN), **{field: value})

    world.run(hours=2)
    world.run(hours=3)

    (service,) = world.documents
    assert service["kind"] == "service"
    assert "its checksum differs" in str(service["findings"])
    assert service["sequence"] > 1
    assert world.state.last_run == NOW + 3 * HOUR


def test_item_that_a_user_edits_is_valid_without_its_checksum(world: World) -> None:
    key = alert_sort_key(world, SHOP)
    edited = deepcopy(world.store.table.items[key])
    edited["record"]["told"]["sequence"] = 5
    del edited["checksum"]
    world.store.table.items[key] = edited

    world.run(hours=1)

    assert world.documents == []
    assert world.state.damage == ()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damaged_item_loses_no_alert(data: st.DataObject) -> None:
    world = world_with_alerts()
    items = world.store.table.items
    keys = sorted(key for key in items if not key[0].startswith(HISTORY))
    key = data.draw(st.sampled_from(keys))
    paths = [path for path in places(items[key]) if path[0] not in {"pk", "sk"}]
    path = data.draw(st.sampled_from(sorted(paths, key=str)))
    value = data.draw(st.sampled_from(BROKEN))
    if path[-1] == "schema" and value == 7:
        return  # A later schema makes all of the history unavailable.
    items[key] = with_damage(items[key], path, value)

    world.run(hours=1)
    world.run(hours=2)

    alerts = [document for document in world.documents if document["kind"] != "service"]
    assert len(alerts) <= key[1].startswith("alert#")
    assert all(not document["history_available"] for document in alerts)
    open_scopes = {
        alert.scope for alert in world.state.alerts.values() if isinstance(alert.state, Firing)
    }
    assert open_scopes == {NEWS_IDENTITY, SHOP}
