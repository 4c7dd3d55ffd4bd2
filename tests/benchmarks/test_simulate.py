"""The benchmark of the simulation runs and prints what it promises."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_simulate_benchmark_measures_each_size_of_account() -> None:
    command = [sys.executable, "-m", "benchmarks.simulate", "--json", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [row["identities"] for row in rows] == [3, 20, 100]
    assert all(row["median_cpu_s"] > 0 for row in rows)
