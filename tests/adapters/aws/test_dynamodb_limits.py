"""State in DynamoDB: the limits of items, keys and transactions, for states of any size."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from builders import NOW, TARGET, a_table, firing
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_items import (
    MAX_ITEM_SIZE,
    MAX_KEY_SIZE,
    MAX_TRANSACTION_SIZE,
    item_size,
)
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.adapters.aws.ssm_parameters import invalid_text_finding
from vdm_alerts.app.failures import FailureCollector
from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.muting.silences import InvalidSilenceError, parse_silence
from vdm_alerts.core.notifications.delivery import mark_attempted, mark_delivered
from vdm_alerts.core.notifications.service_notification import service_notification
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule

LONG = "é" * 5_000


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        yield a_table()


def require_limits(table: Any, transactions: list[Any]) -> None:
    """Require that everything in *table*, and each of *transactions*, is within the limits."""
    page = table.scan()
    items = page["Items"]
    while last := page.get("LastEvaluatedKey"):
        page = table.scan(ExclusiveStartKey=last)
        items += page["Items"]
    assert max(item_size(item) for item in items) <= MAX_ITEM_SIZE
    assert max(len(item["sk"].encode()) for item in items) <= MAX_KEY_SIZE
    for params in transactions:
        actions = params["TransactItems"]
        assert len(actions) <= 100
        assert sum(item_size(action) for action in actions) <= MAX_TRANSACTION_SIZE


def recorded_transactions(table: Any) -> list[Any]:
    transactions: list[Any] = []
    table.meta.client.meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems",
        lambda params, **_: transactions.append(params),
    )
    return transactions


def broken_silence(number: int) -> Finding:
    with pytest.raises(InvalidSilenceError) as caught:
        parse_silence("s", "until = 3\nnonsense = 1\nfoo = 2", f"/vdm-alerts/silences/{number}")
    return invalid_text_finding("silence", caught.value)


def broken_rule(number: int) -> Finding:
    text = "\n".join(f"unknown_key_{key} = {LONG!r}" for key in range(100))
    with pytest.raises(InvalidRuleError) as caught:
        parse_rule("r", text, f"/vdm-alerts/rules/{'n' * 900}{number}")
    return invalid_text_finding("rule", caught.value)


def collected(findings: list[Finding]) -> list[Finding]:
    collector = FailureCollector()
    collector.add(findings, FindingSource.SILENCES)
    return collector.findings


@pytest.mark.parametrize("broken", [broken_silence, broken_rule])
def test_thousands_of_findings_fit_into_the_run_item(table: Any, broken: Any) -> None:
    store = DynamoDbState(table)
    first = broken(1)
    findings = collected([replace(first, key=f"{n}{first.key}") for n in range(5_000)])
    notification = service_notification(findings, (), 0)
    assert notification is not None
    assert notification.count == 5_000

    attempted = mark_attempted(StoredState(), [notification], NOW)
    saved = store.save(TARGET, attempted, replacing=StoredState())
    delivered = mark_delivered(saved, [notification], NOW)
    store.save(TARGET, delivered, replacing=saved)

    require_limits(table, [])
    assert service_notification(findings, store.load(TARGET).findings, 1) is None


def test_findings_of_the_longest_texts_fit_into_the_run_item(table: Any) -> None:
    names = [f"{number}{LONG}" for number in range(99)]
    findings = collected(
        [
            Finding(f"{number}{LONG}", LONG, LONG, LONG, aws_message=LONG).with_subjects(names)
            for number in range(100)
        ]
    )
    notification = service_notification(findings, (), 0)
    assert notification is not None

    DynamoDbState(table).save(
        TARGET, mark_attempted(StoredState(), [notification], NOW), replacing=StoredState()
    )

    require_limits(table, [])


def test_hundreds_of_incidents_fit_into_items_of_their_own(table: Any) -> None:
    store, transactions = DynamoDbState(table), recorded_transactions(table)
    ids = [f"{'r' * 128}{number}-20260312T0900Z-{number}" for number in range(500)]
    state = StoredState(
        sequences=dict.fromkeys(ids, 1), attempts=dict.fromkeys(ids, SendAttempt(2, "f" * 16))
    )

    saved = store.save(TARGET, state, replacing=StoredState())

    assert store.load(TARGET) == saved
    require_limits(table, transactions)
    assert store.save(TARGET, StoredState(), replacing=saved).sequences == {}
    assert store.load(TARGET).attempts == {}


def long_alert(number: int) -> Alert:
    scope = Scope(identity=f"{LONG}{number}", tenant=LONG)
    return replace(firing(scope), incident=f"{number}")


def test_alerts_with_names_of_any_length_are_stored(table: Any) -> None:
    store, transactions = DynamoDbState(table), recorded_transactions(table)
    alerts = [long_alert(number) for number in range(200)]
    state = StoredState({alert.key: alert for alert in alerts}, sequences={LONG: 7})
    history = [Transition(alert.key, NOW, "Ok", "Firing", LONG) for alert in alerts]

    saved = store.save(TARGET, state, replacing=StoredState(), transitions=history)

    require_limits(table, transactions)
    assert store.load(TARGET) == saved
    store.save(TARGET, StoredState(), replacing=saved)
    assert store.load(TARGET).alerts == {}


def test_damaged_alert_with_a_long_name_keeps_its_key(table: Any) -> None:
    store, alert = DynamoDbState(table), long_alert(1)
    store.save(TARGET, StoredState({alert.key: alert}), replacing=StoredState())
    (item,) = (item for item in table.scan()["Items"] if item["sk"].startswith("alert#"))
    table.put_item(Item={**item, "record": "damaged"})

    assert store.load(TARGET).alerts == {alert.key: Alert(*alert.key, history_lost=True)}


@pytest.mark.parametrize("parse", [parse_rule, parse_silence])
def test_name_of_a_rule_or_silence_has_at_most_128_characters(parse: Any) -> None:
    name = "n" * 129
    with pytest.raises((InvalidRuleError, InvalidSilenceError), match=r"129 characters.* 128"):
        parse(name, "", f"/vdm-alerts/x/{name}")
