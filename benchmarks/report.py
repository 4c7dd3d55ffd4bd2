"""What the benchmarks have in common: their arguments, and how they show what they found."""

import argparse
import json
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table


def arguments(doc: str | None, rounds: int) -> tuple[int, bool]:
    """Return from the command line how many rounds to measure, and whether to print JSON."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    given = parser.parse_args()
    return given.rounds, given.json


def report(
    about: Mapping[str, object],
    rows: Sequence[Mapping[str, object]],
    *,
    as_json: bool,
    by: str | None = None,
) -> None:
    """Print *rows*, which have the same keys, under what there is to say *about* all of them.

    Where they are told apart *by* one of the keys, each of its values is a table of its own, with
    a column for each row and a line for each figure that any of them has.
    """
    if as_json:
        print(json.dumps({**about, "rows": rows}, indent=2))
        return
    console = Console()
    console.print(", ".join(f"{key} {value}" for key, value in about.items()), highlight=False)
    if by is None:
        console.print(_side_by_side(rows))
        return
    for value in dict.fromkeys(row[by] for row in rows):
        console.print(_upright(str(value), [row for row in rows if row[by] == value], by))


def _side_by_side(rows: Sequence[Mapping[str, object]]) -> Table:
    table = Table()
    for position, key in enumerate(rows[0]):
        table.add_column(key.replace("_", " "), justify="right" if position else "left")
    for row in rows:
        table.add_row(*map(_shown, row.values()))
    return table


def _upright(title: str, rows: Sequence[Mapping[str, object]], by: str) -> Table:
    _, heading, *figures = rows[0]
    table = Table(title, title_justify="left")
    for row in rows:
        table.add_column(str(row[heading]), justify="right")
    for key in figures:
        if key != by and any(row[key] is not None for row in rows):
            table.add_row(key.replace("_", " "), *(_shown(row[key]) for row in rows))
    return table


def _shown(figure: object) -> str:
    return "" if figure is None else str(figure)
