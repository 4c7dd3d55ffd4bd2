"""State in DynamoDB: which writes share a transaction, and what an interrupted save leaves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError, ReadTimeoutError
from builders import HOTMAIL, HOUR, NEWS_IDENTITY, NOW, TARGET, a_table, firing
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_items import (
    EXPIRES,
    HISTORY,
    MAX_WRITES,
    pack_transactions,
    partition_key,
)
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.errors import StaleStateError
from vdm_alerts.core.model.findings import Finding, UnavailableError
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.rule_set import RuleText

VDM_OFF = Finding("VDM", "VDM is off", "Turn it on")
RULE = RuleText('indicator = "bounce_rate"', "/vdm-alerts/rules/bounce-rate")
LOST_RESPONSE = ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")
WRITE_OPERATIONS = ("PutItem", "TransactWriteItems", "UpdateItem", "DeleteItem", "BatchWriteItem")


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        yield a_table()


@pytest.fixture
def store(table: Any) -> DynamoDbState:
    return DynamoDbState(table)


def a_state(*alerts: Alert, **more: Any) -> StoredState:
    return StoredState(
        {alert.key: alert for alert in alerts}, (VDM_OFF,), 3, NOW, summary_sent=True, **more
    )


def many_alerts(count: int, *, incidents: int = 1) -> list[Alert]:
    """Return *count* firing alerts, distributed evenly to *incidents* incidents."""
    return [
        replace(firing(Scope(identity=f"{number}.example.com")), incident=f"{number % incidents}")
        for number in range(count)
    ]


def a_transition(alert: Alert) -> Transition:
    return Transition(alert.key, NOW, "Ok", "Firing WARNING", "bounces are 6%")


def on_each_write(
    table: Any, event: str, act: Callable[[], Any], *, from_: int = 1
) -> list[tuple[str, Any]]:
    """Call *act* at the *event* of each write of *table*, beginning with write number *from_*.

    Return a list that grows by the operation and the parameters of each write.
    """
    writes: list[tuple[str, Any]] = []

    def on_event(model: Any, **details: Any) -> Any:
        writes.append((model.name, details.get("params")))
        return act() if len(writes) >= from_ else None

    for operation in WRITE_OPERATIONS:
        table.meta.client.meta.events.register(f"{event}.dynamodb.{operation}", on_event)
    return writes


def recorded_writes(table: Any) -> list[tuple[str, Any]]:
    """Return a list that grows by the operation and the parameters of each write of *table*."""
    return on_each_write(table, "provide-client-params", lambda: None)


def raises_error(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def transaction_canceled_error(*codes: str) -> ClientError:
    error: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ", ".join(codes)},
        "CancellationReasons": [{"Code": code} for code in codes],
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    return ClientError(error, "TransactWriteItems")


def a_second_table_client(table: Any) -> Any:
    """Return *table* with another client, whose calls no test intercepts."""
    return boto3.resource("dynamodb").Table(table.name)


def history_items(table: Any) -> Sequence[Any]:
    items: Sequence[Any] = table.query(
        KeyConditionExpression=Key("pk").eq(partition_key(HISTORY, TARGET))
    )["Items"]
    return items


def test_unchanged_state_is_saved_as_one_item_without_a_transaction(
    table: Any, store: DynamoDbState
) -> None:
    before = store.save(TARGET, a_state(firing(), rules={"mine": RULE}), replacing=StoredState())
    writes = recorded_writes(table)
    store.save(TARGET, replace(before, last_run=NOW + HOUR), replacing=before)
    assert [name for name, _ in writes] == ["PutItem"]


def test_save_writes_only_the_changed_items(table: Any, store: DynamoDbState) -> None:
    before = store.save(
        TARGET,
        a_state(firing(NEWS_IDENTITY), firing(HOTMAIL), rules={"mine": RULE}),
        replacing=StoredState(),
    )
    writes = recorded_writes(table)
    worse = replace(firing(HOTMAIL), incident="another")
    after = replace(a_state(firing(NEWS_IDENTITY), worse), rules={"mine": RULE, "other": RULE})
    store.save(TARGET, after, replacing=before)
    ((name, params),) = writes
    assert name == "TransactWriteItems"
    assert [action["Put"]["Item"]["sk"] for action in params["TransactItems"]] == [
        "run",
        'alert#["bounce-rate", {"ISP": "Hotmail"}, "bounce_rate"]',
        "rule#other",
    ]


def test_history_item_has_the_transition_and_expires_after_400_days(
    table: Any, store: DynamoDbState
) -> None:
    alert = firing(replace(NEWS_IDENTITY, isp="Hotmail"))
    store.save(
        TARGET,
        a_state(alert),
        replacing=StoredState(),
        transitions=[a_transition(alert), a_transition(firing())],
    )
    at = "2026-03-12T09:00:00+00:00"
    dimensions = '{"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"}'
    item, other = sorted(history_items(table), key=lambda stored: len(stored["sk"]), reverse=True)
    assert item == {
        "pk": partition_key(HISTORY, TARGET),
        "sk": f'{at}#["bounce-rate", {dimensions}, "bounce_rate"]',
        "rule": "bounce-rate",
        "indicator": "bounce_rate",
        "scope": {"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"},
        "at": at,
        "before": "Ok",
        "after": "Firing WARNING",
        "why": "bounces are 6%",
        "no_evidence": "not stored",
        EXPIRES: int((NOW + timedelta(days=400)).timestamp()),
    }
    assert other["scope"] == {"EMAIL_IDENTITY": "news.example.com"}


def test_save_of_250_alerts_takes_three_transactions_with_a_version_each(
    table: Any, store: DynamoDbState
) -> None:
    writes = recorded_writes(table)
    saved = store.save(TARGET, a_state(*many_alerts(250)), replacing=StoredState())
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
    alerts = many_alerts(250, incidents=25)
    on_each_write(table, "provide-client-params", raises_error(LOST_RESPONSE), from_=2)
    with pytest.raises(UnavailableError, match="dynamodb:TransactWriteItems"):
        store.save(
            TARGET, a_state(*alerts), before, transitions=[a_transition(alert) for alert in alerts]
        )
    left = store.load(TARGET)
    incidents = {alert.incident for alert in left.alerts.values()}
    assert {*left.alerts.values()} == {alert for alert in alerts if alert.incident in incidents}
    assert len(left.alerts) == len(history_items(table)) == 40
    assert left == replace(before, alerts=left.alerts, version=before.version + 1)


def test_next_run_completes_an_interrupted_save(table: Any, store: DynamoDbState) -> None:
    state = a_state(*many_alerts(250, incidents=25))
    other = DynamoDbState(a_second_table_client(table))
    on_each_write(table, "provide-client-params", raises_error(LOST_RESPONSE), from_=2)
    with pytest.raises(UnavailableError):
        store.save(TARGET, state, replacing=StoredState())
    assert not other.load(TARGET).summary_sent
    saved = other.save(TARGET, state, replacing=other.load(TARGET))
    assert other.load(TARGET) == saved == replace(state, version=3)


def test_incident_is_written_in_one_batch_beside_alerts_of_another_indicator(
    table: Any, store: DynamoDbState
) -> None:
    """Alerts of one rule and scope with two indicators belong to two incidents."""
    former = many_alerts(60)
    other = Indicator.TRANSIENT_BOUNCE_RATE
    new = [replace(alert, indicator=other, incident="new") for alert in former[:40]]
    writes = recorded_writes(table)
    store.save(TARGET, a_state(*former, *new), replacing=StoredState())
    batches = [
        [action["Put"]["Item"]["record"] for action in params["TransactItems"][1:]]
        for _, params in writes
    ]
    assert [{record["incident"] for record in batch} for batch in batches] == [{"0"}, {"new"}]


def test_alerts_without_an_indicator_move_to_their_new_keys_one_by_one(
    table: Any, store: DynamoDbState
) -> None:
    """An earlier version stored no indicator, neither in a record nor in its key."""
    alerts = many_alerts(250, incidents=5)
    former = [replace(alert, indicator=None) for alert in alerts]
    before = store.save(TARGET, a_state(*former), replacing=StoredState())
    other = Indicator.TRANSIENT_BOUNCE_RATE
    new = [replace(alert, indicator=other, incident="new") for alert in alerts]
    on_each_write(table, "provide-client-params", raises_error(LOST_RESPONSE), from_=2)
    with pytest.raises(UnavailableError):
        store.save(TARGET, a_state(*alerts, *new), replacing=before)
    stored = store.load(TARGET).alerts.values()
    left = [alert for alert in stored if alert.indicator is not other]
    assert {alert.scope for alert in left} == {alert.scope for alert in alerts}
    assert len(left) == 250
    assert {alert.indicator for alert in left} == {None, Indicator.BOUNCE_RATE}


def test_superseded_save_stops_between_two_transactions(table: Any, store: DynamoDbState) -> None:
    other = DynamoDbState(a_second_table_client(table))

    def save_meanwhile() -> None:
        other.save(TARGET, StoredState(), replacing=other.load(TARGET))

    writes = on_each_write(table, "provide-client-params", save_meanwhile, from_=2)
    with pytest.raises(StaleStateError):
        store.save(TARGET, a_state(*many_alerts(250)), replacing=StoredState())
    assert len(writes) == 2
    assert other.load(TARGET) == StoredState(version=2)


def test_state_read_during_another_save_cannot_be_saved(table: Any, store: DynamoDbState) -> None:
    """A query is not a transaction: some items that it reads may be newer than others."""
    large = [replace(alert, incident="x" * 30_000) for alert in many_alerts(60)]
    before = store.save(TARGET, a_state(*large), replacing=StoredState())
    other = DynamoDbState(a_second_table_client(table))
    pages: list[Any] = []

    def save_before_the_second_page(**_: Any) -> None:
        pages.append(None)
        if len(pages) == 2:
            other.save(TARGET, replace(before, alerts={}), replacing=before)

    table.meta.client.meta.events.register(
        "provide-client-params.dynamodb.Query", save_before_the_second_page
    )
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
    responses: list[Any] = []

    def retry_once(response: Any, **_: Any) -> float | None:
        responses.append(response)
        return 0 if len(responses) == 1 else None

    client.meta.events.register_first("needs-retry.dynamodb", retry_once)
    saved = store.save(TARGET, a_state(*many_alerts(count)), replacing=before)
    assert len(responses) == 2
    client.meta.events.unregister("needs-retry.dynamodb", retry_once)
    assert saved.version == version + 1
    assert store.load(TARGET) == saved


@dataclass(frozen=True)
class InterruptedSave:
    """A save that a test interrupts: it resolves alerts, and records their transitions."""

    before: StoredState
    after: StoredState
    transitions: Sequence[Transition]

    def run(self, store: DynamoDbState) -> StoredState:
        return store.save(TARGET, self.after, replacing=self.before, transitions=self.transitions)


@pytest.fixture(params=[0, 1], ids=["one item", "a transaction"])
def interrupted_save(request: pytest.FixtureRequest, store: DynamoDbState) -> InterruptedSave:
    resolved = [replace(alert, incident=None) for alert in many_alerts(request.param)]
    before = store.save(TARGET, a_state(firing(), *resolved), replacing=StoredState())
    after = replace(a_state(firing()), last_run=NOW + HOUR)
    return InterruptedSave(before, after, [a_transition(alert) for alert in resolved])


def test_crash_before_the_write_leaves_the_old_state(
    table: Any, store: DynamoDbState, interrupted_save: InterruptedSave
) -> None:
    on_each_write(table, "before-call", raises_error(LOST_RESPONSE))
    with pytest.raises(UnavailableError):
        interrupted_save.run(store)
    other = DynamoDbState(a_second_table_client(table))
    assert other.load(TARGET) == interrupted_save.before
    assert history_items(table) == []
    assert interrupted_save.run(other) == other.load(TARGET)


def test_crash_after_the_write_leaves_the_new_state(
    table: Any, store: DynamoDbState, interrupted_save: InterruptedSave
) -> None:
    on_each_write(table, "after-call", raises_error(LOST_RESPONSE))
    with pytest.raises(UnavailableError):
        interrupted_save.run(store)
    other = DynamoDbState(a_second_table_client(table))
    assert other.load(TARGET) == replace(interrupted_save.after, version=2)
    transitions = [(item["at"], item["why"]) for item in history_items(table)]
    assert transitions == [
        (transition.time.isoformat(), transition.reason)
        for transition in interrupted_save.transitions
    ]
    with pytest.raises(StaleStateError):
        interrupted_save.run(other)


def test_transaction_conflict_is_reported_as_transient(table: Any, store: DynamoDbState) -> None:
    on_each_write(
        table,
        "provide-client-params",
        raises_error(transaction_canceled_error("TransactionConflict", "None")),
    )
    with pytest.raises(UnavailableError, match="dynamodb:TransactWriteItems") as caught:
        store.save(TARGET, a_state(firing()), replacing=StoredState())
    assert caught.value.finding.transient


def test_batches_split_only_an_oversized_incident_and_never_an_alert_from_its_history() -> None:
    large: list[list[Any]] = [[(f"alert {number}", {})] * 2 for number in range(60)]
    small: list[list[Any]] = [[(f"other {number}", {})] for number in range(90)]
    batches = pack_transactions([large, small, [[("rule", {})]]], MAX_WRITES)
    assert [len(batch) for batch in batches] == [98, 22, 91]
    for batch in batches[:2]:
        assert {len([*writes]) for _, writes in groupby(batch)} == {2}


def test_batches_are_one_empty_batch_when_only_the_run_item_is_written() -> None:
    assert pack_transactions([], MAX_WRITES) == [[]]
