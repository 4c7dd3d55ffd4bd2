"""Run every fault on the deployed function in a local AWS, and print what reached a queue.

`make faults` runs it.
"""

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter

from deployed_stack import (
    EMPTY_SCENARIO,
    README_OPTIONS,
    DeployedStack,
    deploy_assembly,
    synthesize,
)
from rich.console import Console
from rich.table import Table

from faults.cases import Case, all_cases
from faults.story import Outcome, Story, StoryError
from vdm_local.cdk import bootstrap
from vdm_local.deployment import InvocationFailedError
from vdm_local.launcher import LocalAws, local_aws

WORKERS = 2
"""Local AWS accounts that play cases at the same time."""


@contextmanager
def started_aws() -> Iterator[LocalAws]:
    """Start a local AWS for the block."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "empty.toml"
        scenario.write_text(EMPTY_SCENARIO)
        with local_aws(scenario) as aws:
            bootstrap(aws)
            yield aws


def row(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return the sums over *outcomes*, by column."""
    results = [outcome.comparison for outcome in outcomes]
    return {
        "cases": len(outcomes),
        "runs failed": sum(outcome.has_failed for outcome in outcomes),
        "expected": sum(each.expected for each in results),
        "received": sum(each.received for each in results),
        "repeated": sum(each.repeated for each in results),
        "updated": sum(each.updated for each in results),
        "reminders": sum(each.reminders for each in results),
        "without history": sum(each.without_history for each in results),
        "lost": sum(len(each.lost) for each in results),
        "wrongly resolved": sum(len(each.wrongly_resolved) for each in results),
        "unexpected": sum(len(each.unexpected) for each in results),
    }


def play_part(aws: LocalAws, assembly: Path, part: int) -> list[tuple[Case, Outcome | str]]:
    """Play every case of a *part* on *assembly*, deployed in *aws*; return their results."""
    results: list[tuple[Case, Outcome | str]] = []
    deployment = deploy_assembly(aws, assembly)
    with deployment.inbox() as inbox:
        story = Story(DeployedStack(deployment, inbox))
        story.record()
        cases = list(all_cases([step.operations for step in story.steps]))[part::WORKERS]
        for number, case in enumerate(cases, 1):
            result = _result_of(story, case)
            results.append((case, result))
            progress = f"worker {part}, case {number} of {len(cases)}: {case}: {result}"
            print(progress, file=sys.stderr, flush=True)
    return results


def _result_of(story: Story, case: Case) -> Outcome | str:
    """Return the outcome of *case*, or why it has none."""
    try:
        return story.play(case)
    except (StoryError, InvocationFailedError) as error:
        return str(error)


def main() -> int:
    """Play every case, print the counts, and return 1 if a guarantee is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    start = perf_counter()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        accounts = [stack.enter_context(started_aws()) for _ in range(WORKERS)]
        assembly = synthesize(accounts[0], Path(folder), *README_OPTIONS)
        with ThreadPoolExecutor(WORKERS) as pool:
            parts = pool.map(play_part, accounts, [assembly] * WORKERS, range(WORKERS))
            results = [each for part in parts for each in part]
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    broken: list[str] = []
    for case, outcome in results:
        if isinstance(outcome, str):
            broken.append(f"{case}: {outcome}")
            continue
        outcomes[case.group].append(outcome)
        if not outcome.comparison.keeps_guarantees:
            broken.append(f"{case}: {outcome.comparison}")
    rows = {group: row(of_group) for group, of_group in outcomes.items()}
    rows["all"] = row([each for of_group in outcomes.values() for each in of_group])
    seconds = perf_counter() - start
    if options.json:
        print(json.dumps({"faults": rows, "broken": broken, "s": round(seconds)}))
    else:
        _print(rows, broken, f"Faults of the deployed function; {seconds:.0f} s, {WORKERS} workers")
    return 1 if broken else 0


def _print(rows: Mapping[str, Mapping[str, int]], broken: Sequence[str], title: str) -> None:
    console = Console(width=130, highlight=False)
    table = Table(title=title)
    table.add_column("fault")
    for column in rows["all"]:
        table.add_column(column, justify="right")
    for group, figures in rows.items():
        table.add_row(group, *(f"{figure:,}" for figure in figures.values()))
    console.print(table)
    for case in broken:
        console.print(case)


if __name__ == "__main__":
    sys.exit(main())
