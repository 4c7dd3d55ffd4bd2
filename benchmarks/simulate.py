"""How long `vdm-alerts simulate` takes for a scenario of 60 daily runs.

Each round is a new process, so that it includes the start of Python. The account has a few, tens,
or a hundred identities, each at three mailbox providers; one pair of them bounces for six days,
twice.

    .venv/bin/python -m benchmarks.simulate [--rounds N] [--json]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.fixture import ROOT
from benchmarks.report import arguments, report

IDENTITIES = (3, 20, 100)
RUNS = 60
BEGINS = datetime(2026, 1, 1, 9, tzinfo=UTC)
DAYS_BEFORE_RUNS = 30
DAYS = DAYS_BEFORE_RUNS + RUNS
VOLUMES = {"Gmail": 6_000, "Yahoo": 3_000, "Hotmail": 1_000}
"""Emails per day of each identity, by mailbox provider."""


def main() -> None:
    """Measure, and print the result."""
    rounds, as_json = arguments(__doc__, rounds=5)
    rows = [measure(identities, rounds) for identities in IDENTITIES]
    report({"runs": RUNS, "rounds": rounds}, rows, as_json=as_json)


def measure(identities: int, rounds: int) -> Mapping[str, object]:
    """Return how long the simulation of an account with so many identities takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.toml"
        path.write_text("\n".join(scenario(identities)))
        wall, cpu = zip(*(simulate(path) for _ in range(rounds)), strict=True)
    median = statistics.median(wall)
    return {
        "identities": identities,
        "median_s": round(median, 2),
        "slowest_s": round(max(wall), 2),
        "median_cpu_s": round(statistics.median(cpu), 2),
        "ms_per_run": round(median / RUNS * 1_000),
    }


def simulate(path: Path) -> tuple[float, float]:
    """Return the wall time and the CPU time of a simulation of *path*, in seconds."""
    started, before = time.monotonic(), os.times()
    done = subprocess.run(
        [sys.executable, "-m", "vdm_alerts_cli", "simulate", path],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    )
    wall, after = time.monotonic() - started, os.times()
    if done.stdout.count("[CRITICAL]") == 0:
        raise SystemExit(f"the simulation sent no alert:\n{done.stdout}")
    cpu = after.children_user + after.children_system
    return wall, cpu - before.children_user - before.children_system


def scenario(identities: int) -> Iterator[str]:
    """Yield the lines of a scenario with so many identities and RUNS runs."""
    yield f"begins = {BEGINS.date()}"
    for number in range(identities):
        for isp, volume in VOLUMES.items():
            usual = volume // 100
            bounces = f'"{usual}x{DAYS}"'
            if (number, isp) == (0, "Yahoo"):
                bounces = f'"{usual}x40 {volume // 2}x6 {usual}x14 {volume // 2}x6 {usual}x24"'
            yield from (
                "[[emails]]",
                f'identity = "{number}.example.com"',
                f'configuration_set = "set-{number % 3}"',
                f'isp = "{isp}"',
                f'send = "{volume}x{DAYS}"',
                f"permanent_bounce = {bounces}",
                f'complaint = "0x{DAYS}"',
            )
    for day in range(DAYS_BEFORE_RUNS, DAYS):
        yield from ("[[run]]", f"at = {(BEGINS + timedelta(days=day)).isoformat()}")


if __name__ == "__main__":
    main()
