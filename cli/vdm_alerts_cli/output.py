"""The data of a command: a table for people, or JSON, CSV and ids for programs."""

import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, TypeAlias

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from vdm_alerts_cli.escaping import escape_lines
from vdm_alerts_cli.options import Format, OutputOptions
from vdm_alerts_cli.terminal import Terminal

Row: TypeAlias = Mapping[str, Any]
"""The values of one row, by their keys in JSON and CSV. None is an unknown value."""
UNKNOWN = "-"
"""An unknown value in a table."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table for people."""

    title: str
    text: Callable[[Row], str | Text]
    """The cell of a row."""
    is_number: bool = False
    """Whether the cells are aligned at the right."""
    from_width: int = 0
    """The fewest columns of a terminal in which the column is shown."""


def terminal(output: OutputOptions) -> Terminal:
    """Return the standard output for data."""
    return Terminal(color=output.color)


def say(message: str, output: OutputOptions) -> None:
    """Print *message* to standard error, unless the user wants it quiet."""
    if not output.quiet:
        Terminal(stderr=True, color=output.color).print(
            message, style="dim", soft_wrap=True, markup=False
        )


def warn(message: str) -> None:
    """Print what could not be read or done to standard error, also if the user wants it quiet."""
    Terminal(stderr=True).print(f"vdm-alerts: {message}", soft_wrap=True, markup=False)


def print_rows(
    rows: Sequence[Row], columns: Sequence[Column], output: OutputOptions, empty: str = "None."
) -> None:
    """Print *rows* in the format of *output*: with *columns* if that is a table.

    Without rows, a table is the sentence *empty*. The key "id" of a row is what `-o ids` prints.
    """
    match output.format:
        case Format.JSON:
            print_json(list(rows), output)
        case Format.CSV:
            _print_csv(rows)
        case Format.IDS:
            for name in dict.fromkeys(row["id"] for row in rows):
                print(name)
        case Format.TABLE if rows:
            console = terminal(output)
            shown = [column for column in columns if column.from_width <= console.width]
            console.print(table(rows, shown))
        case Format.TABLE:
            terminal(output).print(empty)


def table(rows: Sequence[Row], columns: Sequence[Column]) -> Table:
    """Return a table of *rows* that breaks long names instead of cutting them."""
    result = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        result.add_column(
            column.title,
            justify="right" if column.is_number else "left",
            overflow="fold",
            no_wrap=column.is_number,
        )
    for row in rows:
        result.add_row(*(_as_text(column.text(row)) for column in columns))
    return result


def print_json(value: object, output: OutputOptions) -> None:
    """Print *value* as JSON, with times in the time zone of *output*."""
    print(
        json.dumps(value, indent=2, ensure_ascii=False, default=lambda each: _plain(each, output))
    )


def show_time(time: datetime, zone: tzinfo) -> str:
    """Return *time* to the minute, with the abbreviation of *zone*."""
    try:
        return f"{time.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    except OverflowError:  # Near the first or the last year.
        return f"{time:%Y-%m-%d %H:%M} UTC"


def _print_csv(rows: Sequence[Row]) -> None:
    if not rows:
        return
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _csv_cell(value) for key, value in row.items()} for row in rows)


def _csv_cell(value: object) -> object:
    """Return *value* as a cell. A list or a table is JSON."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case dict() | list() | tuple():
            return json.dumps(value, default=str)
        case bool():
            return str(value).lower()
        case _:
            return value


def _plain(value: object, output: OutputOptions) -> object:
    match value:
        case datetime():
            return value.astimezone(output.time_zone).isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _as_text(cell: str | Text) -> Text:
    """Return *cell* without markup, and with escapes that the width of its column allows for."""
    return cell if isinstance(cell, Text) else Text(escape_lines(cell))
