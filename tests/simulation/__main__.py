"""Prove it: play histories, the whole demo broken off everywhere, and every broken variant.

`make proof`; or `python -m simulation --seed 1204 --histories 1` for one history again.
"""

import argparse
import json
import logging
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from simulation.exhaustive import pairs_broken_off, stories_broken_off
from simulation.histories import play
from simulation.mutants import VARIANTS, Variant
from simulation.oracle import WRONG, Oracle
from simulation.random_histories import made_up

WORKERS = 2
TRIES = 600
"""Histories in which a broken variant has to be caught."""
SHARE = 25
"""Histories that a worker plays before it says how they went."""
PARTS = 8
"""Into how many parts those are split that are played in every way there is."""
EXHAUSTIVE = {
    "the demo, broken off once": stories_broken_off,
    "a short story, broken off twice": pairs_broken_off,
}


@dataclass
class Tally:
    """How many histories there were, what happened in them, and what was wrong."""

    histories: int = 0
    messages: int = 0
    looks: int = 0
    twice: int = 0
    excused: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def counts(self, oracle: Oracle, name: str) -> None:
        """Count what *oracle* saw in the history of that *name*."""
        self.histories += 1
        self.messages += len(oracle.world.delivered)
        self.looks += oracle.looks
        self.twice += oracle.repeats.twice.total()
        self.excused += oracle.repeats.excused.total()
        self.runs += oracle.runs
        self.faults += oracle.faults
        self.wrong.update(what for what, _ in oracle.wrong)
        self.examples += [f"{name}: {what}, {details}" for what, details in oracle.wrong[:1]]

    def adds(self, other: "Tally") -> None:
        """Add what *other* counted."""
        self.histories += other.histories
        self.messages += other.messages
        self.looks += other.looks
        self.twice += other.twice
        self.excused += other.excused
        self.runs += other.runs
        self.faults += other.faults
        self.wrong += other.wrong
        self.examples += other.examples


def random_histories(seeds: range) -> Tally:
    """Play the histories of *seeds*."""
    tally = Tally()
    for seed in seeds:
        tally.counts(play(made_up(seed)), f"seed {seed}")
    return tally


def all_of(name: str, stories: Callable[[], Iterator[Oracle]]) -> Tally:
    """Play every one of *stories*, which go by that *name*."""
    tally = Tally()
    for oracle in stories():
        tally.counts(oracle, name)
    return tally


def caught(variant: Variant, tries: int = TRIES) -> int | None:
    """Return the seed by which *variant* was caught; None where it was not."""
    with variant.in_place():
        for seed in range(tries):
            if {what for what, _ in play(made_up(seed)).wrong} & set(variant.finds):
                return seed
    return None


def _caught(number: int) -> int | None:
    logging.disable(logging.CRITICAL)
    return caught(VARIANTS[number])


def _told(work: Callable[[], Any]) -> Any:
    logging.disable(logging.CRITICAL)
    return work()


def main() -> int:
    """Play everything, print what came of it, and return 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--histories", type=int, default=20_000, help="made up from seeds")
    parser.add_argument("--seed", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--json", action="store_true", help="print the same as JSON")
    chosen = parser.parse_args()
    seeds = range(chosen.seed, chosen.seed + chosen.histories)
    shares = [seeds[start : start + SHARE] for start in range(0, len(seeds), SHARE)]
    is_whole = chosen.histories > 1
    works: list[Callable[[], Tally]] = [partial(random_histories, share) for share in shares]
    exhaustive = [
        partial(all_of, name, partial(stories, PARTS, part))
        for name, stories in EXHAUSTIVE.items()
        for part in range(PARTS)
    ]
    begun = perf_counter()
    tallies = {name: Tally() for name in ("made up", *EXHAUSTIVE)}
    with multiprocessing.Pool(WORKERS) as pool:
        found = [pool.apply_async(_told, (part,)) for part in exhaustive] if is_whole else []
        played = pool.imap_unordered(_told, works)
        for part, told in zip(exhaustive, found, strict=False):
            tallies[part.args[0]].adds(told.get())
        for tally in played:
            tallies["made up"].adds(tally)
        hunts = range(len(VARIANTS)) if is_whole else range(0)
        seeds_caught = pool.map(_caught, hunts, chunksize=1)
    variants = {
        VARIANTS[number].name: seed for number, seed in zip(hunts, seeds_caught, strict=True)
    }
    _report(tallies, variants, chosen, perf_counter() - begun)
    is_kept = not any(tally.wrong for tally in tallies.values())
    return 0 if is_kept and None not in variants.values() else 1


def _report(
    tallies: dict[str, Tally], variants: dict[str, int | None], chosen: Any, seconds: float
) -> None:
    if chosen.json:
        figures = {name: vars(tally) for name, tally in tallies.items()}
        print(json.dumps({**figures, "variants": variants, "seed": chosen.seed, "s": seconds}))
        return
    console = Console(width=110, highlight=False)
    table = Table(title=f"From seed {chosen.seed}; {seconds:.0f} s, two at a time")
    for column in ("", *tallies):
        table.add_column(column, justify="right" if column else "left")
    rows: dict[str, Callable[[Tally], int]] = {
        "histories": lambda tally: tally.histories,
        "runs": lambda tally: sum(tally.runs.values()),
        "messages": lambda tally: tally.messages,
        "beliefs looked at": lambda tally: tally.looks,
        "faults": lambda tally: sum(tally.faults.values()),
        "told twice": lambda tally: tally.twice,
        "which nobody could know": lambda tally: tally.excused,
    }
    for name, of in rows.items():
        table.add_row(name, *(f"{of(tally):,}" for tally in tallies.values()))
    for what in WRONG:
        table.add_row(what, *(f"{tally.wrong[what]:,}" for tally in tallies.values()))
    console.print(table)
    for title, counts in (("fault", "faults"), ("a run ended", "runs")):
        console.print(_counted(title, (getattr(each, counts) for each in tallies.values())))
    if variants:
        table = Table("broken on purpose", "promise", "caught by seed")
        for each in VARIANTS:
            seed = variants[each.name]
            table.add_row(each.name, str(each.promise), "NOT CAUGHT" if seed is None else str(seed))
        console.print(table)
    for example in [each for tally in tallies.values() for each in tally.examples][:10]:
        console.print(example)


def _counted(title: str, counters: Iterable[Counter[str]]) -> Table:
    total: Counter[str] = sum(counters, Counter())
    table = Table(title, "times")
    for name, count in sorted(total.items()):
        table.add_row(name, f"{count:,}")
    return table


if __name__ == "__main__":
    sys.exit(main())
