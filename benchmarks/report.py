"""The command-line options of the benchmarks, and their output."""

import argparse
import json
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table


def positive_integer(text: str) -> int:
    """Return *text* as a number of repetitions or objects, which is at least 1.

    Raises ArgumentTypeError.
    """
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0. Use one like 5.")
    return int(text)


def arguments(doc: str | None, rounds: int) -> tuple[int, bool]:
    """Return the number of rounds, and whether to print JSON."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=positive_integer, default=rounds, help=f"default {rounds}")
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    options = parser.parse_args()
    return options.rounds, options.json


def report(
    about: Mapping[str, object],
    rows: Sequence[Mapping[str, object]],
    *,
    as_json: bool,
    group_key: str | None = None,
) -> None:
    """Print *rows*, which have the same keys, after the facts in *about*.

    With *group_key*, each value of that key gets a table of its own, with a column for each row and
    a line for each figure.
    """
    if as_json:
        print(json.dumps({**about, "rows": rows}, indent=2))
        return
    console = Console()
    console.print(", ".join(f"{key} {value}" for key, value in about.items()), highlight=False)
    if group_key is None:
        console.print(_table(rows))
        return
    for value in dict.fromkeys(row[group_key] for row in rows):
        console.print(
            _transposed_table(
                str(value), [row for row in rows if row[group_key] == value], group_key
            )
        )


def _table(rows: Sequence[Mapping[str, object]]) -> Table:
    table = Table()
    for position, key in enumerate(rows[0]):
        table.add_column(key.replace("_", " "), justify="right" if position else "left")
    for row in rows:
        table.add_row(*map(_format, row.values()))
    return table


def _transposed_table(title: str, rows: Sequence[Mapping[str, object]], group_key: str) -> Table:
    _, heading, *figures = rows[0]
    table = Table(title, title_justify="left")
    for row in rows:
        table.add_column(str(row[heading]), justify="right")
    for key in figures:
        if key != group_key and any(row[key] is not None for row in rows):
            table.add_row(key.replace("_", " "), *(_format(row[key]) for row in rows))
    return table


def _format(figure: object) -> str:
    return "" if figure is None else str(figure)
