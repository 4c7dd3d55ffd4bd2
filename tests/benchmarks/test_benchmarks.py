"""The benchmarks run and print what they document; no test depends on how fast anything was."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def rows_of(name: str, *arguments: str, by: str = "contender") -> dict[str, dict[str, Any]]:
    """Return the rows that the benchmark *name* prints as JSON, the last row of each *by*."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {row[by]: row for row in json.loads(done.stdout)["rows"]}


def test_cold_start_benchmark_compares_the_asset_with_boto3_alone() -> None:
    rows = rows_of("cold_start", "--rounds", "1")
    assert rows["boto3 alone"]["median_ratio"] == 1
    asset = rows["the asset, no byte code"]
    assert asset["median_ratio"] > 0
    assert 0.5 < asset["zipped_mb"] < 3


def test_sweep_benchmark_reads_every_series_without_being_throttled() -> None:
    # The other contenders take a minute and more for so many identities, and are cut short.
    rows = rows_of("sweep", "--identities", "60", "--seconds", "2", by="case")
    everything = rows["everything"]
    assert everything["contender"] == "the reader that ships", "the last of three"
    assert everything["queries"] == everything["answered"] == 240
    assert everything["full_fanout_queries"] == 240
    rejected = rows["one name rejected, two sweeps"]
    assert 0 < rejected["first_extra_calls"] <= 10
    assert rejected["next_extra_calls"] == 0
    breached = rows["trouble at single providers"]
    assert breached["found"] == breached["in_trouble"] > 0
    assert breached["wrongly_found"] == 0
    assert breached["queries"] < 0.5 * breached["full_fanout_queries"]


def test_backtest_benchmark_reads_every_series_and_replays_every_day() -> None:
    rows = rows_of("backtest", "--identities", "40", by="runs")
    (row,) = rows.values()
    assert row["queries"] == (40 + 1 + 1) * 4 + 12, (
        "the account, one provider with email, 12 without"
    )
    assert row["throttled"] == 0
    assert row["runs"] == 46
    assert row["alerts"] > 0
