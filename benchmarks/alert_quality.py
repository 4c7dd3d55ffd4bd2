"""The quality of alert evaluation, on simulated senders.

    .venv/bin/python -m benchmarks.alert_quality [--world NAME ...] [--seeds N] [--json]

Each world is scored on its own. A figure is the median over the seeds, which are consecutive. The
shares of cohorts are means. `benchmarks/quality/senders.py` describes the standard senders of the
worlds "bounce" and "complaint", `further.py` beside it the other worlds, and `scoring.py` the
figures. At first, run lengths of CUSUM charts are computed and compared with published ones.

`VDM Alerts` is the shipped code with the default rules. It skips series without an alert while none
of their counted rates reaches the threshold, because it cannot fire then. `--exact` skips nothing.
The other methods are what people use today, and a CUSUM that knows more than VDM serves.
"""

import argparse
import os
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from benchmarks.quality.catalog import WORLDS
from benchmarks.quality.methods import BASELINES
from benchmarks.quality.replay import PRODUCT, replay
from benchmarks.quality.run_lengths import run_lengths
from benchmarks.quality.scoring import Figures, Scores
from benchmarks.report import positive_integer, report

FIRST_SEED = 1
SEEDS = 10
METHODS = (PRODUCT, *BASELINES)
SUMMARY = {
    "false_alarms": "false",
    "found_percent": "found_%",
    "delay_hours": "delay_h",
    "delay_hours_95": "95%_h",
    "resolve_hours": "resolve_h",
    "flaps": "flaps",
    "ratio_to_limit": "ratio",
}
"""The figures of the table of all methods, and their headings. JSON contains all figures."""


Row: TypeAlias = dict[str, Any]
"""The figures of one method in one world, by name."""


@dataclass(frozen=True, slots=True)
class Task:
    """One world to simulate with one seed."""

    world: str
    seed: int
    series: int | None
    """The number of series; None for the world's own number."""
    methods: Sequence[str]
    exact: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The scores of one task, by method."""

    task: Task
    scores: Mapping[str, Scores]
    seconds: float
    """The processor time."""


def run(task: Task) -> Result:
    """Simulate one world with one seed."""
    started_at = time.process_time()
    recipe = WORLDS[task.world]
    world = recipe.make(task.seed, task.series or recipe.series)
    scores = replay(world, task.methods, exact=task.exact)
    return Result(task, scores, time.process_time() - started_at)


def main() -> None:
    """Simulate all worlds and print the figures."""
    options = _parser().parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    tasks = [
        Task(world, seed, options.series, options.method, options.exact)
        for world in options.world
        for seed in seeds
    ]
    results = list(_run_all(tasks, options.jobs))
    rows = [
        row
        for world in options.world
        for row in _rows(world, [result for result in results if result.task.world == world])
    ]
    about = {
        "command": shlex.join(["python", "-m", "benchmarks.alert_quality", *sys.argv[1:]]),
        "figures": "medians over the seeds; shares of cohorts and *_mean: means",
        "seeds": f"{seeds[0]} to {seeds[-1]}",
        "false": "false alarms in 1,000 days of a series",
    }
    lengths = [asdict(length) | {"agrees": length.agrees} for length in run_lengths()]
    if options.json:
        report({**about, "run_lengths": lengths}, rows, as_json=True)
        return
    table = [
        {
            "chart": length["chart"],
            "computed": f"{length['computed']:.7g}",
            "published": f"{length['published']:,}",
            "agrees": length["agrees"],
        }
        for length in lengths
    ]
    report({"CUSUM charts,": "mean run lengths"}, table, as_json=False)
    print(*(f"{key}: {value}" for key, value in about.items()), sep="\n")
    for world in options.world:
        _print_world([row for row in rows if row["world"] == world])


def _print_world(rows: Sequence[Row]) -> None:
    """Print tables of the *rows* of one world: of the methods, of the product, of its cohorts."""
    about = {"world": rows[0]["world"]}
    if any(row[key] is not None for row in rows for key in SUMMARY):
        summary = [
            {"method": row["method"], **{title: row[key] for key, title in SUMMARY.items()}}
            for row in rows
        ]
        report(about, summary, as_json=False)
    product = next((row for row in rows if row["method"] == PRODUCT), rows[0])
    about["method"] = product["method"]
    details = [
        {"figure": key.replace("_", " "), "value": value}
        for key, value in product.items()
        if key not in {*about, *SUMMARY, "cohorts"} and value is not None
    ]
    report(about, details, as_json=False)
    cohorts: Mapping[str, Mapping[str, object]] = product["cohorts"]
    if cohorts:
        table = [{"cohort": label, **figures} for label, figures in cohorts.items()]
        report({**about, "% of": "series"}, table, as_json=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--world", nargs="+", choices=WORLDS, default=list(WORLDS), metavar="NAME")
    parser.add_argument("--method", nargs="+", choices=METHODS, default=METHODS, metavar="NAME")
    parser.add_argument("--seeds", type=positive_integer, default=SEEDS, help=f"default {SEEDS}")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help=f"default {FIRST_SEED}")
    parser.add_argument(
        "--series", type=positive_integer, help="default: the number of the world, mostly 500"
    )
    parser.add_argument("--jobs", type=positive_integer, default=1, help="processes, default 1")
    parser.add_argument("--exact", action="store_true", help="evaluate every series at each look")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    return parser


def _run_all(tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """Yield the results of *tasks* in their order, with progress on stderr."""
    if jobs == 1:
        results: Iterator[Result] = map(run, tasks)
        yield from _with_progress(results, len(tasks))
        return
    with ProcessPoolExecutor(min(jobs, os.cpu_count() or 1)) as pool:
        yield from _with_progress(pool.map(run, tasks), len(tasks))


def _with_progress(results: Iterator[Result], count: int) -> Iterator[Result]:
    for number, result in enumerate(results, start=1):
        task = result.task
        line = f"{number} of {count}: {task.world}, seed {task.seed}, {result.seconds:.0f} s"
        print(line, file=sys.stderr)
        yield result


def _rows(world: str, results: Sequence[Result]) -> Iterator[Row]:
    """Yield a row for each method in *world*, of the *results* of all seeds."""
    for method in results[0].task.methods:
        scores = [result.scores[method] for result in results]
        cohorts = {
            label: _combine([score.cohorts[label] for score in scores], statistics.fmean)
            for label in scores[0].cohorts
        }
        all_figures = [score.figures for score in scores]
        figures = _combine(all_figures, statistics.median)
        # Alarms are rare: a median over the seeds can be 0 although some seeds have one.
        mean = _combine(all_figures, statistics.fmean)["false_alarms"]
        yield {
            "world": world,
            "method": method,
            **figures,
            "false_alarms_mean": mean,
            "cohorts": cohorts,
        }


def _combine(seeds: Sequence[Figures], average: Callable[[list[float]], float]) -> Figures:
    """Return the *average* of each figure over *seeds*. Seeds without the figure do not count."""
    combined: dict[str, float | None] = {}
    for name in seeds[0]:
        values = [value for figures in seeds if (value := figures[name]) is not None]
        combined[name] = float(f"{average(values):.4g}") if values else None
    return combined


if __name__ == "__main__":
    main()
