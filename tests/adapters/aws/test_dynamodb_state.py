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
from builders import HOTMAIL, HOUR, NEWS, NOW, TARGET, a_table, firing
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_items import EXPIRES, HISTORY, pack_transactions, partition_key
from vdm_alerts.adapters.aws.dynamodb_state import MAX_WRITES, DynamoDbState
from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.errors import StaleStateError
from vdm_alerts.core.model.findings import Finding, UnavailableError
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.rule_set import RuleText

OFF = Finding("VDM", "VDM is off", "Switch it on")
RULE = RuleText('indicator = "bounce_rate"', "/vdm-alerts/rules/bounce-rate")
LOST = ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")
WRITES = ("PutItem", "TransactWriteItems", "UpdateItem", "DeleteItem", "BatchWriteItem")


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        yield a_table()


@pytest.fixture
def store(table: Any) -> DynamoDbState:
    return DynamoDbState(table)


def remembering(*alerts: Alert, **more: Any) -> StoredState:
    return StoredState(
        {alert.key: alert for alert in alerts}, (OFF,), 3, NOW, summary_sent=True, **more
    )


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
        KeyConditionExpression=Key("pk").eq(partition_key(HISTORY, TARGET))
    )["Items"]
    return items


def test_unchanged_state_is_saved_as_one_item_without_a_transaction(
    table: Any, store: DynamoDbState
) -> None:
    before = store.save(
        TARGET, remembering(firing(), rules={"mine": RULE}), replacing=StoredState()
    )
    writes = written(table)
    store.save(TARGET, replace(before, last_run=NOW + HOUR), replacing=before)
    assert [name for name, _ in writes] == ["PutItem"]


def test_save_writes_only_the_changed_items(table: Any, store: DynamoDbState) -> None:
    before = store.save(
        TARGET,
        remembering(firing(NEWS), firing(HOTMAIL), rules={"mine": RULE}),
        replacing=StoredState(),
    )
    writes = written(table)
    worse = replace(firing(HOTMAIL), incident="another")
    after = replace(remembering(firing(NEWS), worse), rules={"mine": RULE, "other": RULE})
    store.save(TARGET, after, replacing=before)
    ((name, params),) = writes
    assert name == "TransactWriteItems"
    assert [one["Put"]["Item"]["sk"] for one in params["TransactItems"]] == [
        "run",
        'alert#["bounce-rate", {"ISP": "Hotmail"}, "bounce_rate"]',
        "rule#other",
    ]


def test_history_item_has_the_transition_and_expires_after_400_days(
    table: Any, store: DynamoDbState
) -> None:
    alert = firing(replace(NEWS, isp="Hotmail"))
    store.save(
        TARGET,
        remembering(alert),
        replacing=StoredState(),
        history=[began(alert), began(firing())],
    )
    at = "2026-03-12T09:00:00+00:00"
    where = '{"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"}'
    line, other = sorted(history(table), key=lambda item: len(item["sk"]), reverse=True)
    assert line == {
        "pk": partition_key(HISTORY, TARGET),
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


def test_save_of_250_alerts_takes_three_transactions_with_a_version_each(
    table: Any, store: DynamoDbState
) -> None:
    writes = written(table)
    saved = store.save(TARGET, remembering(*many(250)), replacing=StoredState())
    assert [len(params["TransactItems"]) for _, params in writes] == [100, 100, 53]
    assert [params["TransactItems"][0]["Put"]["Item"]["version"] for _, params in writes] == [
        1,
        2,
        3,
    ]
    assert len({params["ClientRequestToken"] for _, params in writes}) == 3
    assert store.load(TARGET) == saved


def test_interrupted_save_leaves_whole_incidents_and_the_previous_run(
    table: Any, store: DynamoDbState
) -> None:
    before = store.save(TARGET, StoredState(service_sequence=7), replacing=StoredState())
    alerts = many(250, incidents=25)
    whenever(table, "provide-client-params", breaks(LOST), from_=2)
    with pytest.raises(UnavailableError, match="dynamodb:TransactWriteItems"):
        store.save(TARGET, remembering(*alerts), before, history=[began(alert) for alert in alerts])
    left = store.load(TARGET)
    incidents = {alert.incident for alert in left.alerts.values()}
    assert {*left.alerts.values()} == {one for one in alerts if one.incident in incidents}
    assert len(left.alerts) == len(history(table)) == 40
    assert left == replace(before, alerts=left.alerts, version=before.version + 1)


def test_next_run_completes_an_interrupted_save(table: Any, store: DynamoDbState) -> None:
    memory = remembering(*many(250, incidents=25))
    other = DynamoDbState(a_second_view(table))
    whenever(table, "provide-client-params", breaks(LOST), from_=2)
    with pytest.raises(UnavailableError):
        store.save(TARGET, memory, replacing=StoredState())
    assert not other.load(TARGET).summary_sent
    saved = other.save(TARGET, memory, replacing=other.load(TARGET))
    assert other.load(TARGET) == saved == replace(memory, version=3)


def test_incident_is_written_in_one_batch_beside_alerts_of_another_indicator(
    table: Any, store: DynamoDbState
) -> None:
    """Two alerts of the same rule and scope, of two rates, are of two incidents."""
    former = many(60)
    other = Indicator.TRANSIENT_BOUNCE_RATE
    new = [replace(alert, indicator=other, incident="new") for alert in former[:40]]
    writes = written(table)
    store.save(TARGET, remembering(*former, *new), replacing=StoredState())
    batches = [
        [one["Put"]["Item"]["record"] for one in params["TransactItems"][1:]]
        for _, params in writes
    ]
    assert [{record["incident"] for record in batch} for batch in batches] == [{"0"}, {"new"}]


def test_alerts_without_an_indicator_move_to_their_new_keys_one_by_one(
    table: Any, store: DynamoDbState
) -> None:
    """It kept no rate of them, neither in their records nor in their keys."""
    alerts = many(250, incidents=5)
    former = [replace(alert, indicator=None) for alert in alerts]
    before = store.save(TARGET, remembering(*former), replacing=StoredState())
    other = Indicator.TRANSIENT_BOUNCE_RATE
    new = [replace(alert, indicator=other, incident="new") for alert in alerts]
    whenever(table, "provide-client-params", breaks(LOST), from_=2)
    with pytest.raises(UnavailableError):
        store.save(TARGET, remembering(*alerts, *new), replacing=before)
    left = [one for one in store.load(TARGET).alerts.values() if one.indicator is not other]
    assert {alert.scope for alert in left} == {alert.scope for alert in alerts}
    assert len(left) == 250
    assert {alert.indicator for alert in left} == {None, Indicator.BOUNCE_RATE}


def test_superseded_save_stops_between_two_transactions(table: Any, store: DynamoDbState) -> None:
    other = DynamoDbState(a_second_view(table))

    def overtakes() -> None:
        if other.load(TARGET).version == 1:
            other.save(TARGET, StoredState(), replacing=other.load(TARGET))

    whenever(table, "provide-client-params", overtakes, from_=2)
    with pytest.raises(StaleStateError):
        store.save(TARGET, remembering(*many(250)), replacing=StoredState())
    assert other.load(TARGET) == StoredState(version=2)


def test_state_read_during_another_save_cannot_be_saved(table: Any, store: DynamoDbState) -> None:
    """A query is no transaction: some of what it reads may be newer than the rest."""
    large = [replace(alert, incident="x" * 30_000) for alert in many(60)]
    before = store.save(TARGET, remembering(*large), replacing=StoredState())
    other = DynamoDbState(a_second_view(table))
    pages: list[Any] = []

    def overtakes(**_: Any) -> None:
        pages.append(None)
        if len(pages) == 2:
            other.save(TARGET, replace(before, alerts={}), replacing=before)

    table.meta.client.meta.events.register("provide-client-params.dynamodb.Query", overtakes)
    mixed = store.load(TARGET)
    assert 0 < len(mixed.alerts) < 60
    with pytest.raises(StaleStateError):
        store.save(TARGET, mixed, replacing=mixed)


@pytest.mark.parametrize("count", [0, 1], ids=["one item", "a transaction"])
@pytest.mark.parametrize("version", [0, 1], ids=["at first", "later"])
def test_write_with_a_lost_response_is_retried_and_counted_once(
    table: Any, store: DynamoDbState, count: int, version: int
) -> None:
    before = (
        store.save(TARGET, StoredState(), replacing=StoredState()) if version else StoredState()
    )
    client = table.meta.client
    answers: list[Any] = []

    def once_more(response: Any, **_: Any) -> float | None:
        answers.append(response)
        return 0 if len(answers) == 1 else None

    client.meta.events.register_first("needs-retry.dynamodb", once_more)
    saved = store.save(TARGET, remembering(*many(count)), replacing=before)
    assert len(answers) == 2
    client.meta.events.unregister("needs-retry.dynamodb", once_more)
    assert saved.version == version + 1
    assert store.load(TARGET) == saved


@pytest.mark.parametrize("count", [0, 1], ids=["one item", "a transaction"])
@pytest.mark.parametrize("when", ["before-call", "after-call"])
def test_crash_leaves_either_the_old_or_the_new_state(
    table: Any, store: DynamoDbState, count: int, when: str
) -> None:
    alerts = [replace(alert, incident=None) for alert in many(count)]
    before = store.save(TARGET, remembering(firing(), *alerts), replacing=StoredState())
    after = replace(remembering(firing()), last_run=NOW + HOUR)
    lines = [began(alert) for alert in alerts]
    whenever(table, when, breaks(LOST))
    with pytest.raises(UnavailableError):
        store.save(TARGET, after, replacing=before, history=lines)
    other = DynamoDbState(a_second_view(table))
    if when == "before-call":
        assert (other.load(TARGET), history(table)) == (before, [])
    else:
        assert other.load(TARGET) == replace(after, version=2)
        assert len(history(table)) == len(lines)
        with pytest.raises(StaleStateError):
            other.save(TARGET, after, replacing=before, history=lines)


def test_transaction_conflict_is_reported_as_transient(table: Any, store: DynamoDbState) -> None:
    whenever(table, "provide-client-params", breaks(cancelled("TransactionConflict", "None")))
    with pytest.raises(UnavailableError, match="dynamodb:TransactWriteItems") as caught:
        store.save(TARGET, remembering(firing()), replacing=StoredState())
    assert caught.value.finding.transient


def test_batches_split_only_an_oversized_incident_and_never_an_alert_from_its_history() -> None:
    large: list[list[Any]] = [[(f"alert {each}", {})] * 2 for each in range(60)]
    small: list[list[Any]] = [[(f"other {each}", {})] for each in range(90)]
    batches = pack_transactions([large, small, [[("rule", {})]]], MAX_WRITES)
    assert [len(batch) for batch in batches] == [98, 22, 91]
    for batch in batches[:2]:
        assert {len([*each]) for _, each in groupby(batch)} == {2}


def test_batches_are_one_empty_batch_when_only_the_run_item_is_written() -> None:
    assert pack_transactions([], MAX_WRITES) == [[]]
