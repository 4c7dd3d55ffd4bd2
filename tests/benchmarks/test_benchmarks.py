"""The benchmarks run, and print what they promise; how fast anything was is no matter of a test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def measured(name: str, *arguments: str) -> dict[str, dict[str, Any]]:
    """The rows that the benchmark *name* prints as JSON, by their contender."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {row["contender"]: row for row in json.loads(done.stdout)["rows"]}


def test_a_cold_start_is_measured_beside_boto3_alone() -> None:
    rows = measured("cold_start", "--rounds", "1")
    assert rows["boto3 alone"]["median_ratio"] == 1
    ours = rows["the asset, no byte code"]
    assert ours["median_ratio"] > 1
    assert 0.5 < ours["zipped_mb"] < 3


def test_a_sweep_reads_every_series_and_is_never_refused() -> None:
    rows = measured("sweep", "--identities", "60", "--seconds", "20")
    assert len(rows) == 3
    ours = rows["the reader that ships"]
    assert ours["queries"] == ours["answered"] == ours["full_fanout_queries"] == 240
    assert ours["refused_share"] == 0
