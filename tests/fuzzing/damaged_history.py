"""Damage of one stored item: no alert is lost, and only that of the item repeats, marked.

The history has two open incidents, an alert that is pending, one that has resolved, a rule that has
become invalid, and a notification whose delivery is unknown.
"""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

from builders import NEWS_IDENTITY
from fakes import World
from rule_texts import BOUNCE_RULE, INVALID_RULE, TRANSIENT_RULE

from fuzzing.mutations import mutate_value, paths, value_at
from fuzzing.stored_items import STORABLE, storable
from fuzzing.target import Outcome, Target, accepted, rejected
from vdm_alerts.adapters.aws.codec import LaterSchemaError
from vdm_alerts.adapters.aws.dynamodb_items import CHECKSUM, HISTORY, RUN, Item
from vdm_alerts.adapters.memory import MemoryState, MemoryTable
from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.model.findings import OperationFailedError, UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT, Metric, Scope
from vdm_alerts.core.planning.queries import Query

SHOP, MAIL, LIST = (Scope(identity=f"{name}.example.com") for name in ("shop", "mail", "list"))
DAMAGED_AT = 6
"""The hours of the history before the damage."""


def undamaged_world() -> World:
    """Return the world after the history."""
    rules = {
        "bounce-rate": BOUNCE_RULE.replace(', "isp"', ""),
        "slow": f'{TRANSIENT_RULE}hold = "3d"\n'.replace(', "isp"', ""),
        "mine": BOUNCE_RULE.replace(', "isp"', "").replace("5%", "4%"),
    }
    world = World().write_rules(rules)
    world.account.senders = [NEWS_IDENTITY, SHOP, MAIL, LIST]
    world.set_bounces(ACCOUNT, 100)
    for scope, bounces in ((NEWS_IDENTITY, 600), (SHOP, 0), (MAIL, 100), (LIST, 700)):
        world.set_bounces(scope, bounces)
    world.series.answers[Query(Metric.TRANSIENT_BOUNCE, MAIL)] = world.series.answers[
        Query(Metric.PERMANENT_BOUNCE, NEWS_IDENTITY)
    ]
    world.run()
    world.set_bounces(SHOP, 1_200)
    world.set_bounces(LIST, 0)
    world.run(hours=3)
    world.write_rules({"mine": INVALID_RULE})
    world.run(hours=DAMAGED_AT)
    world.notifier.sent.clear()
    return world


@cache
def history() -> World:
    """Return the world after the history. It does not change: use `copied`."""
    return undamaged_world()


def copied(world: World) -> World:
    """Return a world like *world*, whose runs do not change *world*."""
    store = MemoryState(MemoryTable(dict(world.store.table.items)))
    copy = World(rules=world.rules, account=world.account, store=store)
    store.table.items = dict(world.store.table.items)
    copy.series.answers = dict(world.series.answers)
    copy.rosters.rosters = dict(world.rosters.rosters)
    return copy


def stored() -> Mapping[tuple[str, str], Item]:
    """Return the items that can be damaged. The history items are only written, and never read."""
    items = history().store.table.items
    return {key: item for key, item in items.items() if not key[0].startswith(HISTORY)}


def open_alerts(world: World) -> set[tuple[str, str]]:
    alerts = world.state.alerts.values()
    return {(each.rule, str(each.scope)) for each in alerts if isinstance(each.state, Firing)}


def mutate(random: Random, old: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return another damage: a value at a place of an item, and what replaces it."""
    del old
    sort_key, item = random.choice([(key[1], item) for key, item in stored().items()])
    places = [path for path in paths(item) if path and path[0] not in {"pk", "sk"}]
    place = random.choice(places)
    if random.random() < 0.1:
        return {"item": sort_key, "place": [*place], "deleted": True, "value": None}
    value = storable(mutate_value(random, value_at(item, place), other["value"], STORABLE))
    return {"item": sort_key, "place": [*place], "deleted": False, "value": value}


def check(damage: dict[str, Any]) -> Outcome:
    world, before = copied(history()), open_alerts(history())
    items = world.store.table.items
    key = next(key for key in stored() if key[1] == damage["item"])
    items[key] = item = deepcopy(items[key])
    *steps, last = damage["place"]
    parent = value_at(item, steps)
    if damage["deleted"]:
        del parent[last]
    else:
        parent[last] = damage["value"]
    table = dict(items)
    try:
        reported = bool(world.state.damage)
    except (LaterSchemaError, OperationFailedError):
        return _check_later(world, table)
    assert reported or _is_harmless(damage, item), "the damage is not reported"
    world.run(hours=DAMAGED_AT + 1)
    assert open_alerts(world) == before, "an open alert is lost or new"
    repeats = [document for document in world.documents if document["kind"] != "service"]
    assert len(repeats) <= key[1].startswith("alert#"), "another alert repeats"
    assert all(not document["history_available"] for document in repeats), (
        "the repeat is not marked"
    )
    world.notifier.sent.clear()
    world.set_bounces(MAIL, 2_000)
    world.run(hours=DAMAGED_AT + 2)
    incidents = [document for document in world.documents if document["kind"] != "service"]
    assert "mail.example.com" in str(incidents), "a new breach is not notified"
    kind = f"{damage['item'].partition('#')[0]} {damage['place'][-1]}"
    return (rejected if reported else accepted)(f"{kind} {len(repeats)}")


def _is_harmless(damage: dict[str, Any], item: Item) -> bool:
    """Return whether *damage* of what is *item* now changes nothing that a run uses."""
    is_unchanged = item == stored()[item["pk"], item["sk"]]
    return is_unchanged or damage["place"][0] in {"version", CHECKSUM}


def _check_later(world: World, table: Mapping[tuple[str, str], Item]) -> Outcome:
    """Check a run whose history a later version seems to have stored."""
    world.fail("load state", UnavailableError("load", "a later schema"))
    world.run(hours=DAMAGED_AT + 1)
    assert world.store.table.items == table, "the history is overwritten"
    sent = [document for document in world.documents if document["kind"] == "incident"]
    assert sent
    assert not any(document["history_available"] for document in sent)
    return rejected("later schema")


TARGETS = (
    Target(
        "damaged history",
        1_000,
        ({"item": RUN, "place": ["version"], "deleted": False, "value": "x"},),
        mutate,
        check,
    ),
)
