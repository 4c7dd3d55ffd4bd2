"""Run the simulation: random histories of targets and fleets, the demo with faults, and mutants.

`make proof` runs all of it. `python -m simulation --seed 1204 --histories 1` repeats one history,
and `--part mutants` runs a part. Each part that has ended is reported on standard error.
"""

import argparse
import json
import logging
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from benchmarks.report import positive_integer
from simulation.exhaustive import demo_with_one_fault, short_story_with_two_faults
from simulation.fleet.histories import play_fleet
from simulation.fleet.mutants import FLEET_MUTANTS
from simulation.fleet.oracle import VIOLATIONS as FLEET_VIOLATIONS
from simulation.fleet.oracle import FleetOracle
from simulation.fleet.random_histories import random_fleet_history
from simulation.histories import play
from simulation.mutants import MUTANTS, Mutant
from simulation.oracle import VIOLATIONS, Oracle
from simulation.random_histories import random_history

T = TypeVar("T")

WORKERS = 2
MAX_SEEDS = 600
"""Random histories within which a mutant must be detected."""
BATCH = 25
"""Random histories that a worker plays at a time."""
PROGRESS_EVERY = 1000
"""Random histories after which a line of progress is printed."""
PARTS = 8
"""Parts into which each set of exhaustive histories is split."""
FLEETS_PER_HISTORY = 1 / 4
"""Random histories of a fleet for each one of a single target. They take longer."""
RANDOM, FLEET_PART, MUTANT_PART = "random", "fleet", "mutants"
ALL_MUTANTS = (*MUTANTS, *FLEET_MUTANTS)
EXHAUSTIVE = {
    "demo, 1 fault": demo_with_one_fault,
    "short story, 2 faults": short_story_with_two_faults,
}
EXHAUSTIVE_PART = "exhaustive"
MAX_EXAMPLES = 10


@dataclass
class Tally:
    """Counts over a set of histories."""

    histories: int = 0
    messages: int = 0
    checks: int = 0
    sent_twice: int = 0
    excused: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    excuses: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add_history(self, oracle: Oracle, name: str) -> None:
        """Add the counts of *oracle*, whose history has that *name*."""
        self.histories += 1
        self.messages += len(oracle.world.delivered)
        self.checks += oracle.checks
        self.sent_twice += oracle.repeats.duplicates.total()
        self.excused += oracle.repeats.allowed.total()
        self.runs += oracle.runs
        self.faults += oracle.faults
        self.excuses += oracle.excuses
        self.violations.update(kind for kind, _ in oracle.violations)
        self.examples += [f"{name}: {kind}, {details}" for kind, details in oracle.violations[:1]]

    def add_fleet(self, oracle: FleetOracle, name: str) -> None:
        """Add the counts of *oracle*, whose history of a fleet has that *name*."""
        self.histories += 1
        self.messages += oracle.fleet.messages
        self.checks += oracle.checks
        self.sent_twice += oracle.duplicates
        self.excused += oracle.excuses.total()
        self.runs += oracle.runs
        self.faults += oracle.faults
        self.violations.update(kind for kind, _ in oracle.violations)
        self.examples += [f"{name}: {kind}, {details}" for kind, details in oracle.violations[:1]]

    def merge(self, other: "Tally") -> None:
        """Add the counts of *other*."""
        self.histories += other.histories
        self.messages += other.messages
        self.checks += other.checks
        self.sent_twice += other.sent_twice
        self.excused += other.excused
        self.runs += other.runs
        self.faults += other.faults
        self.excuses += other.excuses
        self.violations += other.violations
        self.examples += other.examples


def play_random(seeds: range) -> Tally:
    """Play the random histories of *seeds*."""
    tally = Tally()
    for seed in seeds:
        tally.add_history(play(random_history(seed)), f"seed {seed}")
    return tally


def play_fleets(seeds: range) -> Tally:
    """Play the random histories of a fleet of *seeds*."""
    tally = Tally()
    for seed in seeds:
        tally.add_fleet(play_fleet_of(seed), f"fleet, seed {seed}")
    return tally


def play_one(seed: int) -> Oracle:
    """Play the random history of *seed*."""
    return play(random_history(seed))


def play_fleet_of(seed: int) -> FleetOracle:
    """Play the random history of a fleet of *seed*."""
    return play_fleet(random_fleet_history(seed))


def play_exhaustive(name: str, histories: Callable[[], Iterator[Oracle]]) -> Tally:
    """Play all *histories* of the set *name*."""
    tally = Tally()
    for oracle in histories():
        tally.add_history(oracle, name)
    return tally


def detecting_seed(
    mutant: Mutant, play_seed: Callable[[int], Oracle | FleetOracle] = play_one
) -> int | None:
    """Return the first seed whose history detects *mutant*, or None."""
    with mutant.applied():
        for seed in range(MAX_SEEDS):
            oracle = play_seed(seed)
            if {kind for kind, _ in oracle.violations} & set(mutant.detected_as):
                return seed
    return None


def _detecting_seed(number: int) -> int | None:
    logging.disable(logging.CRITICAL)
    mutant = ALL_MUTANTS[number]
    return detecting_seed(mutant, play_fleet_of if mutant in FLEET_MUTANTS else play_one)


def _without_logs(work: Callable[[], T]) -> T:
    logging.disable(logging.CRITICAL)
    return work()


def main() -> int:
    """Play everything, print the counts, and return 1 if a guarantee is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    histories_help = "number of random histories"
    parser.add_argument("--histories", type=positive_integer, default=10_000, help=histories_help)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    choices = (RANDOM, FLEET_PART, EXHAUSTIVE_PART, MUTANT_PART)
    part_help = "the parts to run; by default all, or one history if there is only one"
    parser.add_argument("--part", choices=choices, action="append", help=part_help)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.histories)
    fleets = seeds[: max(1, int(len(seeds) * FLEETS_PER_HISTORY))]
    chosen = options.part or (choices if options.histories > 1 else (RANDOM,))
    parts = [
        (name, partial(play_exhaustive, name, partial(histories, PARTS, part)))
        for name, histories in EXHAUSTIVE.items()
        for part in range(PARTS)
        if EXHAUSTIVE_PART in chosen
    ]
    mutants = range(len(ALL_MUTANTS)) if MUTANT_PART in chosen else range(0)
    start = perf_counter()
    tallies = {name: Tally() for name in (RANDOM, FLEET_PART, *EXHAUSTIVE)}
    with multiprocessing.Pool(WORKERS) as pool:
        results = [(name, pool.apply_async(_without_logs, (part,))) for name, part in parts]
        random_tallies = [
            (name, pool.imap_unordered(_without_logs, _batches(play_batch, chosen_seeds)))
            for name, play_batch, chosen_seeds in (
                (RANDOM, play_random, seeds),
                (FLEET_PART, play_fleets, fleets),
            )
            if name in chosen
        ]
        for name, result in results:
            tallies[name].merge(result.get())
            _report_progress(name, tallies[name], start)
        for name, batches in random_tallies:
            for tally in batches:
                tallies[name].merge(tally)
                if tallies[name].histories % PROGRESS_EVERY < BATCH:
                    _report_progress(name, tallies[name], start)
        detecting_seeds = pool.map(_detecting_seed, mutants, chunksize=1)
    detected = {
        ALL_MUTANTS[number].name: seed
        for number, seed in zip(mutants, detecting_seeds, strict=True)
    }
    seconds = perf_counter() - start
    if options.json:
        counts = {name: vars(tally) for name, tally in tallies.items()}
        print(json.dumps({**counts, "mutants": detected, "seed": options.seed, "s": seconds}))
    else:
        _print(tallies, detected, f"From seed {options.seed}; {seconds:.0f} s, {WORKERS} workers")
    is_kept = not any(tally.violations for tally in tallies.values())
    return 0 if is_kept and None not in detected.values() else 1


def _batches(play_batch: Callable[[range], Tally], seeds: range) -> Sequence[Callable[[], Tally]]:
    """Return what plays *seeds*, a batch at a time."""
    starts = range(0, len(seeds), BATCH)
    return [partial(play_batch, seeds[start : start + BATCH]) for start in starts]


def _report_progress(name: str, tally: Tally, start: float) -> None:
    """Print how many histories of the set *name* are played, and what they broke."""
    broken = ", ".join(f"{kind}: {count}" for kind, count in tally.violations.items())
    line = f"{name}: {tally.histories:,} histories in {perf_counter() - start:,.0f} s, "
    print(f"{line}{broken or 'every guarantee holds'}", file=sys.stderr, flush=True)


def _print(tallies: dict[str, Tally], detected: dict[str, int | None], title: str) -> None:
    console = Console(width=110, highlight=False)
    table = Table(title=title)
    for column in ("", *tallies):
        table.add_column(column, justify="right" if column else "left")
    rows: dict[str, Callable[[Tally], int]] = {
        "histories": lambda tally: tally.histories,
        "runs": lambda tally: sum(tally.runs.values()),
        "messages": lambda tally: tally.messages,
        "beliefs checked": lambda tally: tally.checks,
        "faults": lambda tally: sum(tally.faults.values()),
        "sent twice": lambda tally: tally.sent_twice,
        "excused: delivery unknown": lambda tally: tally.excused,
        "excused: damage, or too much": lambda tally: sum(tally.excuses.values()),
    }
    for name, count in rows.items():
        table.add_row(name, *(f"{count(tally):,}" for tally in tallies.values()))
    for kind in dict.fromkeys((*VIOLATIONS, *FLEET_VIOLATIONS)):
        table.add_row(kind, *(f"{tally.violations[kind]:,}" for tally in tallies.values()))
    console.print(table)
    console.print(_counts("fault", (tally.faults for tally in tallies.values())))
    console.print(_counts("excused", (tally.excuses for tally in tallies.values())))
    console.print(_counts("outcome of a run", (tally.runs for tally in tallies.values())))
    if detected:
        table = Table("mutant", "guarantee", "detected by seed")
        for mutant in ALL_MUTANTS:
            seed = detected[mutant.name]
            text = "NOT DETECTED" if seed is None else str(seed)
            table.add_row(mutant.name, str(mutant.guarantee), text)
        console.print(table)
    examples = [example for tally in tallies.values() for example in tally.examples]
    for example in examples[:MAX_EXAMPLES]:
        console.print(example)


def _counts(title: str, counters: Iterable[Counter[str]]) -> Table:
    total: Counter[str] = sum(counters, Counter())
    table = Table(title, "times")
    for name, count in sorted(total.items()):
        table.add_row(name, f"{count:,}")
    return table


if __name__ == "__main__":
    sys.exit(main())
