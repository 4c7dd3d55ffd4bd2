"""Fuzz every target, print what happened, and store each input that failed.

`make fuzz` runs all of it. `python -m fuzzing --target rules --inputs 1000` runs a part.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from fuzzing import regressions
from fuzzing.fuzzer import Tally, fuzz
from fuzzing.targets import TARGETS


def main() -> int:
    """Fuzz, print the counts, and return 1 if an input failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    total = sum(target.inputs for target in TARGETS)
    parser.add_argument("--inputs", type=int, help=f"of all chosen targets; {total:,} of all")
    parser.add_argument("--seed", type=int, default=0, help="determines the inputs")
    parser.add_argument("--target", choices=[target.name for target in TARGETS], action="append")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    targets = [each for each in TARGETS if not options.target or each.name in options.target]
    usual = sum(target.inputs for target in targets)
    share = 1 if options.inputs is None else options.inputs / usual
    tallies = []
    for target in targets:
        tallies.append(fuzz(target, round(target.inputs * share), options.seed))
        print(json.dumps(_figures(tallies[-1])), file=sys.stderr, flush=True)
    paths = {
        str(regressions.store(tally.target, input_)): what
        for tally in tallies
        for input_, what in tally.failures
    }
    if options.json:
        rows = [_figures(tally) for tally in tallies]
        print(json.dumps({"seed": options.seed, "targets": rows, "failures": paths}, indent=2))
    else:
        _print(tallies, paths, options.seed)
    return 1 if paths else 0


def _figures(tally: Tally) -> dict[str, object]:
    return {
        "target": tally.target,
        "inputs": tally.inputs,
        "accepted": tally.accepted,
        "rejected": tally.inputs - tally.accepted - len(tally.failures),
        "outcomes": len(tally.kinds),
        "cpu_s": round(tally.cpu_seconds),
        "slowest_ms": round(tally.slowest * 1_000),
        "failures": len(tally.failures),
    }


def _print(tallies: Sequence[Tally], paths: dict[str, str], seed: int) -> None:
    console, rows = Console(width=110, highlight=False), [_figures(tally) for tally in tallies]
    numbers: dict[str, list[Any]] = {
        key: [row[key] for row in rows] for key in rows[0] if key != "target"
    }
    totals: dict[str, Any] = {key: sum(column) for key, column in numbers.items()}
    totals["slowest_ms"] = max(numbers["slowest_ms"])
    table = Table(title=f"seed {seed}")
    for key in rows[0]:
        table.add_column(key.replace("_", " "), justify="left" if key == "target" else "right")
    for row in (*rows, {"target": "all", **totals}):
        table.add_row(*(each if isinstance(each, str) else f"{each:,}" for each in row.values()))
    console.print(table)
    for path, what in paths.items():
        console.print(f"{path}: {what}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
