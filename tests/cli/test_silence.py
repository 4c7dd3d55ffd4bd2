"""Tests of `vdm-alerts silence`."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from builders import HOTMAIL, NEWS_IDENTITY, TARGET, firing
from click.testing import CliRunner, Result
from mocked_stack import mocked_stack

from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.silences import parse_silence
from vdm_alerts.core.rules.rule_set import RuleText
from vdm_alerts_cli.command_line import vdm_alerts
from vdm_alerts_cli.errors import UnexpectedResultError
from vdm_alerts_cli.silence_store import SilenceStore

RunCommand = Callable[..., Result]
PATH = "/vdm-alerts/silences"
RULES = {"bounce-rate": RuleText("", "/vdm-alerts/rules/shipped/bounce-rate")}
WHO = ("--reason", "We move", "--author", "ops")


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with mocked_stack(monkeypatch) as table:
        alerts = {alert.key: alert for alert in (firing(), firing(HOTMAIL))}
        DynamoDbState(table).save(TARGET, StoredState(alerts, rules=RULES), StoredState())
        yield


def parameters() -> dict[str, str]:
    """Return the text of each silence by its name."""
    response = boto3.client("ssm").get_parameters_by_path(Path=PATH, Recursive=True)
    return {each["Name"].removeprefix(f"{PATH}/"): each["Value"] for each in response["Parameters"]}


def add(run_command: RunCommand, name: str = "move", *more: str) -> Result:
    identity = ("--identity", "news.example.com")
    return run_command("silence", "add", "--id", name, *identity, "--for", "3d", *WHO, *more)


def listed(run_command: RunCommand, *options: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(
        run_command("silence", "list", "-o", "json", *options).stdout
    )
    return rows


def test_silence_is_written_as_the_function_reads_it(run_command: RunCommand) -> None:
    result = add(run_command)
    assert result.exit_code == 0
    assert parameters() == {
        "move": 'identity = "news.example.com"\nuntil = 2026-03-15T09:00:00Z\n'
        'reason = "We move"\nauthor = "ops"\n'
    }
    silence = parse_silence("move", parameters()["move"], f"{PATH}/move")
    assert silence.covers("bounce-rate", NEWS_IDENTITY)


def test_added_silence_says_what_it_mutes_now(run_command: RunCommand) -> None:
    assert "It mutes 1 open alert now: bounce-rate of news.example.com." in add(run_command).stderr
    nothing = run_command("silence", "add", "--isp", "Gmail", "--for", "1h", *WHO)
    assert "It mutes no alert that is open now." in nothing.stderr
    no_rule = run_command("silence", "add", "--rule", "x", "--for", "1h", *WHO)
    assert "It matches no rule, so it mutes nothing. The rules are bounce-rate." in no_rule.stderr


def test_silence_may_be_for_other_accounts_and_regions(run_command: RunCommand) -> None:
    elsewhere = add(run_command, "move", "--in-account", "3333*", "--in-region", "us-*")
    assert "It mutes nothing in account" in elsewhere.stderr
    (row,) = listed(run_command)
    assert (row["account"], row["region"]) == ("3333*", "us-*")
    silence = parse_silence("move", parameters()["move"], f"{PATH}/move")
    assert silence.target_matcher.matches(Target("333333333333", "us-east-1"))
    assert not silence.target_matcher.matches(Target("333333333333", "eu-west-1"))

    run_command("silence", "update", "move", "--in-account", "*", "--in-region", "*")
    (row,) = listed(run_command)
    assert (row["account"], row["region"]) == (None, None), "as without the keys"


def test_silence_gets_an_id_of_its_own(run_command: RunCommand) -> None:
    for rule in ("a", "b"):
        run_command("silence", "add", "--rule", rule, "--for", "1h", *WHO)
    first, second = parameters()
    assert first != second
    assert first.startswith("20260312-")


def test_add_does_not_replace_a_silence(run_command: RunCommand) -> None:
    add(run_command)
    before = parameters()
    again = add(run_command, "move", "--rule", "x")
    assert again.exit_code == 1
    assert "Silence move exists already, and was not changed" in again.stderr
    assert parameters() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--rule", "x", *WHO), "Use either --until or --for"),
        (("--rule", "x", "--for", "1h", "--author", "ops"), "Missing option '--reason'"),
        (("--rule", "x", "--for", "1h", "--reason", "ops"), "Missing option '--author'"),
        (("--for", "1h", *WHO), "is missing, and so are identity"),
        (("--rule", "x", "--for", "90d", *WHO), '"90d" is not a duration'),
        (("--rule", "x", "--until", "tomorrow", *WHO), '"tomorrow" is not a time with an offset'),
        (("--rule", "x", "--until", "2026-03-12T08:00:00Z", *WHO), "has passed"),
        (("--isp", "Outlook", "--for", "1h", *WHO), 'Use "Hotmail"'),
        (("--in-account", "shop", "--for", "1h", *WHO), "An alias is not valid here."),
        (("--rule", "x", "--for", "1h", "--id", "a b", *WHO), "is not the name of a silence"),
        (("--rule", "x", "--for", "1h", "--author", "x", "--reason", "é" * 2_048), "4,096"),
    ],
)
def test_invalid_silence_is_not_written(
    run_command: RunCommand, arguments: tuple[str, ...], message: str
) -> None:
    result = run_command("silence", "add", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert parameters() == {}


def test_update_changes_only_the_given_fields(run_command: RunCommand) -> None:
    add(run_command)
    run_command("silence", "update", "move", "--for", "5d", "--isp", "Gmail")
    (row,) = listed(run_command)
    assert row == {
        "id": "move",
        "rule": None,
        "identity": "news.example.com",
        "configuration_set": None,
        "tenant": None,
        "isp": "Gmail",
        "account": None,
        "region": None,
        "until": "2026-03-17T09:00:00+00:00",
        "reason": "We move",
        "author": "ops",
        "state": "active",
        "version": 2,
    }


def test_update_of_no_field_and_of_no_silence_is_an_error(run_command: RunCommand) -> None:
    add(run_command)
    assert run_command("silence", "update", "move").exit_code == 2
    unknown = run_command("silence", "update", "mvoe", "--for", "1h")
    assert unknown.exit_code == 2
    assert 'Did you mean "move"?' in unknown.stderr


def test_silence_that_changed_meanwhile_is_not_overwritten(run_command: RunCommand) -> None:
    add(run_command)
    store = SilenceStore(boto3.client("ssm"), PATH)
    version = store.read()["move"].version
    run_command("silence", "update", "move", "--reason", "theirs")
    with pytest.raises(UnexpectedResultError, match="it has version 2, not 1"):
        store.replace("move", parameters()["move"].replace("theirs", "mine"), version)
    assert "theirs" in parameters()["move"]


def test_change_in_the_same_moment_is_reported(run_command: RunCommand) -> None:
    add(run_command)
    client = boto3.client("ssm")
    read = client.get_parameter

    def read_then_change(**request: Any) -> Any:
        response = read(**request)
        text = parameters()["move"].replace("We move", "theirs")
        client.put_parameter(Name=f"{PATH}/move", Value=text, Type="String", Overwrite=True)
        return response

    client.get_parameter = read_then_change  # type: ignore[method-assign]
    with pytest.raises(UnexpectedResultError, match="Version 2 has the other text"):
        SilenceStore(client, PATH).replace("move", "x = 1", 1)


def test_ended_silence_is_kept_and_mutes_nothing(run_command: RunCommand) -> None:
    add(run_command)
    assert run_command("silence", "end", "move").exit_code == 0
    assert listed(run_command) == []
    (row,) = listed(run_command, "--expired")
    assert (row["state"], row["until"]) == ("expired", "2026-03-12T09:00:00+00:00")
    again = run_command("silence", "end", "move")
    assert (again.exit_code, "has ended already" in again.stderr) == (0, True)


def test_no_silence_is_ended_if_one_is_unknown(run_command: RunCommand) -> None:
    add(run_command)
    assert run_command("silence", "end", "move", "other").exit_code == 2
    assert len(listed(run_command)) == 1


def test_list_shows_what_ends_soon(run_command: RunCommand) -> None:
    add(run_command)
    run_command("silence", "add", "--id", "soon", "--rule", "x", "--for", "2h", *WHO)
    result = run_command("silence", "list", "--within", "2h", "-o", "ids")
    assert result.stdout == "soon\n"
    assert [row["id"] for row in listed(run_command)] == ["soon", "move"]


def test_invalid_stored_silence_is_reported(run_command: RunCommand) -> None:
    boto3.client("ssm").put_parameter(Name=f"{PATH}/bad", Value="x = 1", Type="String")
    result = run_command("silence", "list")
    assert result.exit_code == 1
    assert "this silence is invalid and mutes nothing" in result.stderr
    assert run_command("silence", "end", "bad").exit_code == 2


def import_rows(run_command: RunCommand, folder: Path, rows: object) -> Result:
    path = folder / "silences.json"
    path.write_text(rows if isinstance(rows, str) else json.dumps(rows))
    return run_command("silence", "import", path)


def test_listed_silences_can_be_imported(run_command: RunCommand, tmp_path: Path) -> None:
    add(run_command)
    rows, before = listed(run_command), parameters()
    boto3.client("ssm").delete_parameter(Name=f"{PATH}/move")
    result = import_rows(run_command, tmp_path, rows)
    assert result.exit_code == 0
    assert parameters() == before
    again = import_rows(run_command, tmp_path, rows)
    assert "0 silences written, 1 as they are" in again.stderr
    assert listed(run_command) == rows


def test_import_replaces_the_version_that_was_listed(
    run_command: RunCommand, tmp_path: Path
) -> None:
    add(run_command)
    (row,) = listed(run_command)
    changed = {**row, "reason": "It takes longer"}
    assert import_rows(run_command, tmp_path, [changed]).exit_code == 0
    assert listed(run_command)[0]["reason"] == "It takes longer"
    outdated = {**row, "reason": "Other"}
    assert import_rows(run_command, tmp_path, [outdated]).exit_code == 1
    assert import_rows(run_command, tmp_path, [{**outdated, "version": None}]).exit_code == 1
    assert listed(run_command)[0]["reason"] == "It takes longer"


ROW = {"id": "a", "rule": "x", "until": "2026-03-20T09:00:00Z", "reason": "r", "author": "o"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("{", "is not JSON"),
        ({}, "is not a list of silences"),
        ([7], "silences.json[0]: is not an object"),
        ([ROW, {**ROW, "id": "b", "x": 1}], '[1]: "x" is not a key of a silence'),
        ([ROW, {**ROW, "id": "b", "until": None}], "[1].until: is missing"),
        ([ROW, {**ROW, "id": "b", "until": "soon"}], "[1].until"),
        ([ROW, {**ROW, "id": "b", "isp": 7}], "[1].isp: 7 is not a text"),
        ([ROW, {**ROW, "id": "b", "version": "1"}], "[1].version"),
        ([ROW, {**ROW, "id": "b", "isp": "Outlook"}], 'Use "Hotmail"'),
        ([ROW, {**ROW, "id": "/b"}], '"/b" is not the name of a silence'),
        ([ROW, ROW], 'has silence "a" more than once'),
    ],
)
def test_nothing_is_imported_if_one_silence_is_invalid(
    run_command: RunCommand, tmp_path: Path, rows: object, message: str
) -> None:
    result = import_rows(run_command, tmp_path, rows)
    assert result.exit_code == 2
    assert message in result.stderr
    assert parameters() == {}


def test_silences_can_be_imported_from_standard_input() -> None:
    result = CliRunner().invoke(vdm_alerts, ["silence", "import", "-"], input=json.dumps([ROW]))
    assert result.exit_code == 0
    assert [*parameters()] == ["a"]
    invalid = CliRunner().invoke(vdm_alerts, ["silence", "import", "-"], input="x")
    assert invalid.exit_code == 2
    assert "standard input: is not JSON" in invalid.stderr


def test_import_says_what_was_written_before_an_error(
    run_command: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = SilenceStore.add

    def add_or_fail(store: SilenceStore, name: str, text: str) -> int:
        if name == "b":
            raise UnexpectedResultError("Silence b exists already")
        return write(store, name, text)

    monkeypatch.setattr(SilenceStore, "add", add_or_fail)
    rows = [{**ROW, "id": name} for name in "abc"]
    result = import_rows(run_command, tmp_path, rows)
    assert (result.exit_code, [*parameters()]) == (1, ["a"])
    assert "1 of 3 silences were written before an error:" in result.stderr


def test_expired_silence_is_not_imported(run_command: RunCommand, tmp_path: Path) -> None:
    result = import_rows(run_command, tmp_path, [{**ROW, "until": "2026-03-01T09:00:00Z"}])
    assert (result.exit_code, parameters()) == (0, {})
    assert "Silence a has ended, so it is not written." in result.stderr
