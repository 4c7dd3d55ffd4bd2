"""Tables, JSON, CSV and ids; options that commands share; and the order of exit statuses."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner, Result

from vdm_alerts_cli.exit_status import ErrorReportingGroup, ExitStatus
from vdm_alerts_cli.options import (
    AccountOptions,
    Format,
    OutputOptions,
    ReadingOptions,
    account_options,
    output_options,
    reading_options,
)
from vdm_alerts_cli.output import Column, Row, print_rows, say, show_time, warn

ROWS: Sequence[Row] = (
    {
        "id": "a",
        "rate": 0.05,
        "at": datetime(2026, 3, 12, 9, tzinfo=UTC),
        "day": date(2026, 3, 12),
        "names": ["x", "y"],
        "open": True,
    },
    {"id": "[red]b\x1b[31m", "rate": None, "at": None, "day": None, "names": [], "open": False},
)
COLUMNS = (
    Column("Name", lambda row: row["id"]),
    Column("Rate", lambda row: str(row["rate"]), is_number=True),
    Column("Names", lambda row: ", ".join(row["names"]), from_width=100),
)


def printed(capsys: pytest.CaptureFixture[str], output: OutputOptions) -> str:
    print_rows(ROWS, COLUMNS, output)
    return capsys.readouterr().out


def test_table_shows_names_as_they_are_and_columns_that_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    narrow = printed(capsys, OutputOptions())
    assert "[red]b\\u001B[31m" in narrow
    assert "Names" not in narrow
    monkeypatch.setenv("COLUMNS", "100")
    assert "x, y" in printed(capsys, OutputOptions())


def test_json_has_every_value_in_the_time_zone(capsys: pytest.CaptureFixture[str]) -> None:
    output = OutputOptions(Format.JSON, time_zone=ZoneInfo("Europe/Berlin"))
    first, second = json.loads(printed(capsys, output))
    assert first["at"] == "2026-03-12T10:00:00+01:00"
    assert first["day"] == "2026-03-12"
    assert second["rate"] is None


def test_csv_has_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = csv.DictReader(io.StringIO(printed(capsys, OutputOptions(Format.CSV))))
    assert first["names"] == '["x", "y"]'
    assert first["open"] == "true"
    assert second["rate"] == ""


def test_ids_are_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, OutputOptions(Format.IDS)).splitlines()[0] == "a"


def test_table_without_rows_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows((), COLUMNS, OutputOptions(), "No alert is open.")
    assert capsys.readouterr().out == "No alert is open.\n"


def test_messages_are_on_stderr_and_quiet_keeps_what_was_not_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("Reads.", OutputOptions())
    say("Reads.", OutputOptions(quiet=True))
    warn("not read: [x]")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "Reads.\nvdm-alerts: not read: [x]\n")


def test_time_is_shown_in_the_zone() -> None:
    time = datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert show_time(time, UTC) == "2026-07-01 09:00 UTC"
    assert show_time(time, ZoneInfo("Europe/Berlin")) == "2026-07-01 11:00 CEST"


@pytest.mark.parametrize(
    ("invalid", "found", "unread", "status"),
    [
        (False, False, False, 0),
        (False, False, True, 3),
        (False, True, True, 1),
        (True, True, True, 2),
        (True, False, False, 2),
    ],
)
def test_invalid_wins_over_found_over_unread_over_well(
    *, invalid: bool, found: bool, unread: bool, status: int
) -> None:
    assert ExitStatus.of(invalid=invalid, found=found, unread=unread) == status


@pytest.fixture
def parse() -> Callable[..., tuple[Result, dict[str, object]]]:
    """Run a command with all shared options, and return what it was passed."""
    passed: dict[str, object] = {}

    @click.command("try")
    @account_options
    @reading_options
    @output_options()
    def command(**values: object) -> ExitStatus:
        passed.update(values)
        return ExitStatus.NOT_READ

    group = ErrorReportingGroup("vdm-alerts", commands=[command])

    def run(*arguments: str) -> tuple[Result, dict[str, object]]:
        return CliRunner(catch_exceptions=False).invoke(group, ["try", *arguments]), passed

    return run


def test_options_are_passed_as_objects(
    parse: Callable[..., tuple[Result, dict[str, object]]],
) -> None:
    result, passed = parse()
    assert result.exit_code == 3, "the status that the command returned"
    assert passed == {
        "account": AccountOptions(),
        "reading": ReadingOptions(0.5, None),
        "output": OutputOptions(),
    }
    options = "--profile me --region eu-west-1 --prefix mail --quota-share 100% --max-queries 7"
    _, passed = parse(*options.split(), "-o", "csv", "--quiet", "--no-color", "--time-zone", "UTC")
    assert passed == {
        "account": AccountOptions("me", "eu-west-1", "mail"),
        "reading": ReadingOptions(1.0, 7),
        "output": OutputOptions(Format.CSV, quiet=True, color=False, time_zone=ZoneInfo("UTC")),
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--quota-share", "0%"), "'0%' is not a percentage. Use 1% to 100%, for example 50%."),
        (("--quota-share", "101"), "'101' is not a percentage"),
        (("--quota-share", "9" * 5_000), "is not a percentage"),
        (("--time-zone", "Berlin"), '"Berlin" is not a time zone. Use an IANA name'),
        (("--time-zone", "../../etc/passwd"), "is not a time zone"),
        (("--max-queries", "0"), "0 is not in the range x>=1"),
        (("-o", "xml"), "'xml' is not one of 'table', 'json', 'csv', 'ids'"),
    ],
)
def test_invalid_option_is_a_usage_error(
    parse: Callable[..., tuple[Result, dict[str, object]]],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    result, _ = parse(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
