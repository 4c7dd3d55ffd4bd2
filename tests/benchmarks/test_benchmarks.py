"""The benchmarks run, and print what they promise; how fast anything was is no matter of a test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def measured(name: str, *arguments: str, by: str = "contender") -> dict[str, dict[str, Any]]:
    """The rows that the benchmark *name* prints as JSON, the last of each *by*."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {row[by]: row for row in json.loads(done.stdout)["rows"]}


def test_a_cold_start_is_measured_beside_boto3_alone() -> None:
    rows = measured("cold_start", "--rounds", "1")
    assert rows["boto3 alone"]["median_ratio"] == 1
    ours = rows["the asset, no byte code"]
    assert ours["median_ratio"] > 1
    assert 0.5 < ours["zipped_mb"] < 3


def test_a_sweep_reads_every_series_and_is_never_refused() -> None:
    rows = measured("sweep", "--identities", "60", "--seconds", "30", by="case")
    everything = rows["everything"]
    assert everything["contender"] == "the reader that ships", "the last of three"
    assert everything["queries"] == everything["answered"] == 240
    assert everything["full_fanout_queries"] == 240
    refused = rows["one name refused, two sweeps"]
    assert 0 < refused["first_extra_calls"] <= 10
    assert refused["next_extra_calls"] == 0
    trouble = rows["trouble at single providers"]
    assert (trouble["in_trouble"], trouble["found"], trouble["wrongly_found"]) == (2, 2, 0)
    assert trouble["queries"] < 0.5 * trouble["full_fanout_queries"]
