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
    about: Mapping[str, object], rows: Sequence[Mapping[str, object]], *, as_json: bool
) -> None:
    """Print *rows*, which have the same keys, under what there is to say *about* all of them."""
    if as_json:
        print(json.dumps({**about, "rows": rows}, indent=2))
        return
    console = Console()
    console.print(", ".join(f"{key} {value}" for key, value in about.items()), highlight=False)
    table = Table()
    for position, key in enumerate(rows[0]):
        table.add_column(key.replace("_", " "), justify="right" if position else "left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)
