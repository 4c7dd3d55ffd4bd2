"""How the table is written: what goes together, and what is left where that breaks off."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError, ReadTimeoutError
from builders import HOTMAIL, HOUR, NEWS, NOW, ORIGIN, a_table, firing
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_items import EXPIRES, HISTORY, packed, partition_key
from vdm_alerts.adapters.aws.dynamodb_state import MOST, TableStore
from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.errors import Superseded
from vdm_alerts.core.model.findings import Finding, Unavailable
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.rule_set import Written

OFF = Finding("VDM", "VDM is off", "Switch it on")
RULE = Written('indicator = "bounce_rate"', "/vdm-alerts/rules/bounce-rate")
LOST = ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")
WRITES = ("PutItem", "TransactWriteItems", "UpdateItem", "DeleteItem", "BatchWriteItem")


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        yield a_table()


@pytest.fixture
def store(table: Any) -> TableStore:
    return TableStore(table)


def remembering(*alerts: Alert, **more: Any) -> Memory:
    return Memory({alert.key: alert for alert in alerts}, (OFF,), 3, NOW, introduced=True, **more)


def many(count: int, *, incidents: int = 1) -> list[Alert]:
    """Alerts that take turns in belonging to so many incidents."""
    return [
        replace(firing(Scope(identity=f"{each}.example.com")), incident=f"{each % incidents}")
        for each in range(count)
    ]


def began(alert: Alert) -> Transition:
    return Transition(alert.key, NOW, "Ok", "Firing WARNING", "bounces are 6%")


def whenever(table: Any, event: str, act: Callable[[], Any], *, from_: int = 1) -> list[Any]:
    """Act at the *event* of every write of *table* from that one on; return all of them."""
    writes: list[Any] = []

    def note(model: Any, **more: Any) -> Any:
        writes.append((model.name, more.get("params")))
        return act() if len(writes) >= from_ else None

    for each in WRITES:
        table.meta.client.meta.events.register(f"{event}.dynamodb.{each}", note)
    return writes


def written(table: Any) -> list[Any]:
    """Return, in time, each write of *table* and what it was called with."""
    return whenever(table, "provide-client-params", lambda: None)


def breaks(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def cancelled(*codes: str) -> ClientError:
    error: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ", ".join(codes)},
        "CancellationReasons": [{"Code": code} for code in codes],
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    return ClientError(error, "TransactWriteItems")


def a_second_view(table: Any) -> Any:
    """The same table through a client of its own, which nothing was done to."""
    return boto3.resource("dynamodb").Table(table.name)


def history(table: Any) -> Sequence[Any]:
    items: Sequence[Any] = table.query(
        KeyConditionExpression=Key("pk").eq(partition_key(HISTORY, ORIGIN))
    )["Items"]
    return items


def test_a_run_without_news_writes_one_item_and_outside_of_a_transaction(
    table: Any, store: TableStore
) -> None:
    before = store.save(ORIGIN, remembering(firing(), rules={"mine": RULE}), replacing=Memory())
    writes = written(table)
    store.save(ORIGIN, replace(before, last_run=NOW + HOUR), replacing=before)
    assert [name for name, _ in writes] == ["PutItem"]


def test_only_what_changed_is_written(table: Any, store: TableStore) -> None:
    before = store.save(
        ORIGIN,
        remembering(firing(NEWS), firing(HOTMAIL), rules={"mine": RULE}),
        replacing=Memory(),
    )
    writes = written(table)
    worse = replace(firing(HOTMAIL), incident="another")
    after = replace(remembering(firing(NEWS), worse), rules={"mine": RULE, "other": RULE})
    store.save(ORIGIN, after, replacing=before)
    ((name, params),) = writes
    assert name == "TransactWriteItems"
    assert [one["Put"]["Item"]["sk"] for one in params["TransactItems"]] == [
        "run",
        'alert#["bounce-rate", {"ISP": "Hotmail"}, "bounce_rate"]',
        "rule#other",
    ]


def test_what_happened_is_kept_for_400_days(table: Any, store: TableStore) -> None:
    alert = firing(replace(NEWS, isp="Hotmail"))
    store.save(
        ORIGIN,
        remembering(alert),
        replacing=Memory(),
        history=[began(alert), began(firing())],
    )
    at = "2026-03-12T09:00:00+00:00"
    where = '{"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"}'
    line, other = sorted(history(table), key=lambda item: len(item["sk"]), reverse=True)
    assert line == {
        "pk": partition_key(HISTORY, ORIGIN),
        "sk": f'{at}#["bounce-rate", {where}, "bounce_rate"]',
        "rule": "bounce-rate",
        "indicator": "bounce_rate",
        "scope": {"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"},
        "at": at,
        "before": "Ok",
        "after": "Firing WARNING",
        "why": "bounces are 6%",
        EXPIRES: int((NOW + timedelta(days=400)).timestamp()),
    }
    assert other["scope"] == {"EMAIL_IDENTITY": "news.example.com"}


def test_250_alerts_take_three_transactions_each_a_version(table: Any, store: TableStore) -> None:
    writes = written(table)
    saved = store.save(ORIGIN, remembering(*many(250)), replacing=Memory())
    assert [len(params["TransactItems"]) for _, params in writes] == [100, 100, 53]
    assert [params["TransactItems"][0]["Put"]["Item"]["version"] for _, params in writes] == [
        1,
        2,
        3,
    ]
    assert len({params["ClientRequestToken"] for _, params in writes}) == 3
    assert store.load(ORIGIN) == saved


def test_a_save_that_breaks_off_leaves_whole_incidents_and_the_run_before(
    table: Any, store: TableStore
) -> None:
    before = store.save(ORIGIN, Memory(trouble_sequence=7), replacing=Memory())
    alerts = many(250, incidents=25)
    whenever(table, "provide-client-params", breaks(LOST), from_=2)
    with pytest.raises(Unavailable, match="dynamodb:TransactWriteItems"):
        store.save(ORIGIN, remembering(*alerts), before, history=[began(alert) for alert in alerts])
    left = store.load(ORIGIN)
    incidents = {alert.incident for alert in left.alerts.values()}
    assert {*left.alerts.values()} == {one for one in alerts if one.incident in incidents}
    assert len(left.alerts) == len(history(table)) == 40
    assert left == replace(before, alerts=left.alerts, version=before.version + 1)


def test_the_next_run_goes_on_from_where_one_broke_off(table: Any, store: TableStore) -> None:
    memory = remembering(*many(250, incidents=25))
    other = TableStore(a_second_view(table))
    whenever(table, "provide-client-params", breaks(LOST), from_=2)
    with pytest.raises(Unavailable):
        store.save(ORIGIN, memory, replacing=Memory())
    assert not other.load(ORIGIN).introduced
    saved = other.save(ORIGIN, memory, replacing=other.load(ORIGIN))
    assert other.load(ORIGIN) == saved == replace(memory, version=3)


def test_what_a_rule_left_to_say_stays_together_beside_what_it_finds_now(
    table: Any, store: TableStore
) -> None:
    """Two alerts of the same rule and scope, of two rates, are of two incidents."""
    former = many(60)
    other = Indicator.TRANSIENT_BOUNCE_RATE
    new = [replace(alert, indicator=other, incident="new") for alert in former[:40]]
    writes = written(table)
    store.save(ORIGIN, remembering(*former, *new), replacing=Memory())
    batches = [
        [one["Put"]["Item"]["record"] for one in params["TransactItems"][1:]]
        for _, params in writes
    ]
    assert [{record["incident"] for record in batch} for batch in batches] == [{"0"}, {"new"}]


def test_alerts_of_an_earlier_version_move_to_their_keys_one_by_one(
    table: Any, store: TableStore
) -> None:
    """It kept no rate of them, neither in their records nor in their keys."""
    alerts = many(250, incidents=5)
    former = [replace(alert, indicator=None) for alert in alerts]
    before = store.save(ORIGIN, remembering(*former), replacing=Memory())
    other = Indicator.TRANSIENT_BOUNCE_RATE
    new = [replace(alert, indicator=other, incident="new") for alert in alerts]
    whenever(table, "provide-client-params", breaks(LOST), from_=2)
    with pytest.raises(Unavailable):
        store.save(ORIGIN, remembering(*alerts, *new), replacing=before)
    left = [one for one in store.load(ORIGIN).alerts.values() if one.indicator is not other]
    assert {alert.scope for alert in left} == {alert.scope for alert in alerts}
    assert len(left) == 250
    assert {alert.indicator for alert in left} == {None, Indicator.BOUNCE_RATE}


def test_who_is_overtaken_between_two_transactions_goes_no_further(
    table: Any, store: TableStore
) -> None:
    other = TableStore(a_second_view(table))

    def overtakes() -> None:
        if other.load(ORIGIN).version == 1:
            other.save(ORIGIN, Memory(), replacing=other.load(ORIGIN))

    whenever(table, "provide-client-params", overtakes, from_=2)
    with pytest.raises(Superseded):
        store.save(ORIGIN, remembering(*many(250)), replacing=Memory())
    assert other.load(ORIGIN) == Memory(version=2)


def test_who_is_overtaken_between_two_pages_of_reading_saves_nothing(
    table: Any, store: TableStore
) -> None:
    """A query is no transaction: some of what it reads may be newer than the rest."""
    large = [replace(alert, incident="x" * 30_000) for alert in many(60)]
    before = store.save(ORIGIN, remembering(*large), replacing=Memory())
    other = TableStore(a_second_view(table))
    pages: list[Any] = []

    def overtakes(**_: Any) -> None:
        pages.append(None)
        if len(pages) == 2:
            other.save(ORIGIN, replace(before, alerts={}), replacing=before)

    table.meta.client.meta.events.register("provide-client-params.dynamodb.Query", overtakes)
    mixed = store.load(ORIGIN)
    assert 0 < len(mixed.alerts) < 60
    with pytest.raises(Superseded):
        store.save(ORIGIN, mixed, replacing=mixed)


@pytest.mark.parametrize("count", [0, 1], ids=["one item", "a transaction"])
@pytest.mark.parametrize("version", [0, 1], ids=["at first", "later"])
def test_a_write_whose_answer_was_lost_is_tried_again_and_counts_once(
    table: Any, store: TableStore, count: int, version: int
) -> None:
    before = store.save(ORIGIN, Memory(), replacing=Memory()) if version else Memory()
    client = table.meta.client
    answers: list[Any] = []

    def once_more(response: Any, **_: Any) -> float | None:
        answers.append(response)
        return 0 if len(answers) == 1 else None

    client.meta.events.register_first("needs-retry.dynamodb", once_more)
    saved = store.save(ORIGIN, remembering(*many(count)), replacing=before)
    assert len(answers) == 2
    client.meta.events.unregister("needs-retry.dynamodb", once_more)
    assert saved.version == version + 1
    assert store.load(ORIGIN) == saved


@pytest.mark.parametrize("count", [0, 1], ids=["one item", "a transaction"])
@pytest.mark.parametrize("when", ["before-call", "after-call"])
def test_a_crash_leaves_what_was_or_what_is_to_be(
    table: Any, store: TableStore, count: int, when: str
) -> None:
    alerts = [replace(alert, incident=None) for alert in many(count)]
    before = store.save(ORIGIN, remembering(firing(), *alerts), replacing=Memory())
    after = replace(remembering(firing()), last_run=NOW + HOUR)
    lines = [began(alert) for alert in alerts]
    whenever(table, when, breaks(LOST))
    with pytest.raises(Unavailable):
        store.save(ORIGIN, after, replacing=before, history=lines)
    other = TableStore(a_second_view(table))
    if when == "before-call":
        assert (other.load(ORIGIN), history(table)) == (before, [])
    else:
        assert other.load(ORIGIN) == replace(after, version=2)
        assert len(history(table)) == len(lines)
        with pytest.raises(Superseded):
            other.save(ORIGIN, after, replacing=before, history=lines)


def test_two_who_write_at_once_is_an_outage_that_passes(table: Any, store: TableStore) -> None:
    whenever(table, "provide-client-params", breaks(cancelled("TransactionConflict", "None")))
    with pytest.raises(Unavailable, match="dynamodb:TransactWriteItems") as caught:
        store.save(ORIGIN, remembering(firing()), replacing=Memory())
    assert caught.value.finding.passing


def test_only_an_incident_that_is_too_large_is_cut_and_never_an_alert_from_its_history() -> None:
    large: list[list[Any]] = [[(f"alert {each}", {})] * 2 for each in range(60)]
    small: list[list[Any]] = [[(f"other {each}", {})] for each in range(90)]
    batches = packed([large, small, [[("rule", {})]]], MOST)
    assert [len(batch) for batch in batches] == [98, 22, 91]
    for batch in batches[:2]:
        assert {len([*each]) for _, each in groupby(batch)} == {2}


def test_nothing_to_write_beside_the_run_is_one_empty_batch() -> None:
    assert packed([], MOST) == [[]]
