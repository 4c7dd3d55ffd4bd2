"""Tests of `vdm-alerts history`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import (
    HOTMAIL,
    HOUR,
    NEWS_IDENTITY,
    NOW,
    TARGET,
    TODAY,
    a_confidence_rule,
    a_series,
    firing,
)
from click.testing import Result
from mocked_stack import mocked_stack

from vdm_alerts.adapters.aws.dynamodb_items import HISTORY, partition_key
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.explanation import explain
from vdm_alerts.core.evaluation.verdict_record import NoRecord, VerdictRecord
from vdm_alerts.core.evaluation.verdicts import Breached
from vdm_alerts.core.model.target import Target

RunCommand = Callable[..., Result]
DAY = timedelta(days=1)


def a_record() -> VerdictRecord:
    rule, as_of = a_confidence_rule(), AsOf(NOW, TODAY)
    counts = a_series(10, 12, 560), a_series(1_000, 1_000, 8_000)
    verdict = evaluate_series(rule, NEWS_IDENTITY, counts, as_of, series_count=25)
    assert isinstance(verdict, Breached)
    return VerdictRecord(verdict, rule, "0ddb83413057ef16", as_of, *counts, series_count=25)


RECORD = a_record()
FIRED = Transition(firing().key, NOW - DAY, "Ok", "Firing WARNING", explain(RECORD.verdict), RECORD)
CLOSED = Transition(
    firing(HOTMAIL).key, NOW - HOUR, "Pending", "Ok", "Rule x was deleted", NoRecord.NO_VERDICT
)
OLD = replace(FIRED, time=NOW - 20 * DAY)


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The table of a stack with three transitions, the oldest of an earlier version."""
    with mocked_stack(monkeypatch) as table:
        DynamoDbState(table).save(TARGET, StoredState(), StoredState(), [OLD, FIRED, CLOSED])
        change(table, OLD, lambda item: item.pop("evidence"))
        yield table


def change(table: Any, transition: Transition, edit: Callable[[Any], object]) -> None:
    """Change the item of *transition*, and delete the item as it was."""
    (item,) = (
        item
        for item in table.scan()["Items"]
        if item["pk"] == partition_key(HISTORY, TARGET)
        if item["at"] == transition.time.isoformat()
    )
    edit(item)
    table.put_item(Item=item)


def documents(run_command: RunCommand, *options: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(run_command("history", "-o", "json", *options).stdout)
    return rows


def test_newest_alert_is_first(run_command: RunCommand) -> None:
    result = run_command("history")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        "2026-03-12 08:00 UTC  Ok, was Pending: Hotmail (bounce-rate)",
        "  Rule x was deleted",
        "  No evidence: the alert was closed without a verdict.",
    ]
    assert "2026-03-11 09:00 UTC  Firing WARNING, was Ok: news.example.com (bounce-rate)" in lines
    assert "  Counts by day: 03-12 560 of 8,000." in lines
    assert (
        "  Rule: WARNING 5%, CRITICAL 10%; confidence 98%, version 0ddb83413057ef16. "
        "One of 25 rates." in lines
    )
    assert lines[-2] == "  No evidence: an earlier version stored it without evidence."


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ((), [CLOSED.time, FIRED.time, OLD.time]),
        (("--since", "2d"), [CLOSED.time, FIRED.time]),
        (("--since", "2026-03-12T07:00:00Z"), [CLOSED.time]),
        (("--rule", "bounce-*", "hotmail"), [CLOSED.time]),
        (("--rule", "complaint-*"), []),
        (("news.example.com",), [FIRED.time, OLD.time]),
    ],
)
def test_history_can_be_filtered(
    run_command: RunCommand, options: tuple[str, ...], times: list[Any]
) -> None:
    rows = documents(run_command, *options)
    assert [row["time"] for row in rows] == [time.isoformat() for time in times]


def test_json_has_the_whole_evidence(run_command: RunCommand) -> None:
    _, fired, old = documents(run_command)
    assert (fired["events"], fired["emails"]) == (560, 8_000)
    assert fired["evidence"]["events"] == {"2026-03-10": 10, "2026-03-11": 12, "2026-03-12": 560}
    assert fired["evidence"]["rule_fingerprint"] == "0ddb83413057ef16"
    assert (old["evidence"], old["no_evidence"]) == (None, NoRecord.NOT_STORED.value)


def test_unchanged_verdicts_are_verified(run_command: RunCommand) -> None:
    result = run_command("history", "--verify")
    assert result.exit_code == 0
    assert "  Verified: this version comes to the same verdict." in result.stdout
    assert result.stderr == (
        "3 changes: 1 with the same verdict, 0 with a difference, 2 not verifiable (1: the alert "
        "was closed without a verdict; 1: an earlier version stored it without evidence).\n"
    )


def test_changed_evidence_is_a_difference(run_command: RunCommand, table: Any) -> None:
    change(table, FIRED, lambda item: item["evidence"]["events"].update({"2026-03-12": 60}))
    result = run_command("history", "--verify")
    assert result.exit_code == 1
    assert "  DIFFERENT now:\n    verdict: Breached, now Healthy\n" in result.stdout
    assert "1 with a difference" in result.stderr
    assert run_command("history").exit_code == 0


def test_damaged_evidence_is_not_verifiable(run_command: RunCommand, table: Any) -> None:
    change(table, FIRED, lambda item: item.update(evidence=7))
    result = run_command("history", "--verify")
    assert result.exit_code == 0
    assert "  Not verifiable: its evidence is damaged." in result.stdout


def test_damaged_change_is_reported_as_not_read(run_command: RunCommand, table: Any) -> None:
    change(table, FIRED, lambda item: item.update(scope=7))
    result = run_command("history")
    assert result.exit_code == 3
    assert "not read: a part of the alert history" in result.stderr


def test_target_of_a_fleet_has_a_history_of_its_own(run_command: RunCommand, table: Any) -> None:
    target = Target("222222222222", "us-east-1")
    state = DynamoDbState(table)
    state.save(target, StoredState(), replacing=StoredState(), transitions=[FIRED])
    (document,) = documents(run_command, "--target", "222222222222/us-east-1")
    assert document["scope"]
    assert documents(run_command, "--target", "333333333333/us-east-1") == []


@pytest.mark.parametrize("text", ["222222222222", "shop/eu-west-1", "222222222222/nowhere", "/"])
def test_malformed_target_is_reported(run_command: RunCommand, text: str) -> None:
    result = run_command("history", "--target", text)
    assert result.exit_code == 2
    assert "--target: " in result.stderr


def test_empty_history_says_so(run_command: RunCommand) -> None:
    result = run_command("history", "--since", "2026-03-12T08:30:00Z", "anything")
    assert result.stdout == "No alert changed since 2026-03-12 08:30 UTC.\n"
    assert run_command("history", "-o", "json", "--since", "2026-03-12T08:30:00Z").stdout == "[]\n"


def test_scope_without_a_change_has_an_empty_history(run_command: RunCommand) -> None:
    result = run_command("history", "nowhere", "--since", "2026-03-01T00:00:00Z")
    assert (result.exit_code, result.stdout) == (
        0,
        "No alert changed since 2026-03-01 00:00 UTC.\n",
    )


def test_invalid_option_is_reported(run_command: RunCommand) -> None:
    assert run_command("history", "--since", "last week").exit_code == 2
