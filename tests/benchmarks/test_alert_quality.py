"""The benchmark of alert quality measures the code that ships."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.quality.catalog import WORLDS
from benchmarks.quality.replay import differences
from benchmarks.quality.run_lengths import run_lengths

ROOT = Path(__file__).parents[2]


def test_run_lengths_agree_with_the_published_figures() -> None:
    lengths = run_lengths()
    assert len(lengths) > 5
    assert all(length.agrees for length in lengths)


@pytest.mark.parametrize("name", ["bounce", "complaint", "weekly bounces, trickle", "revised"])
def test_shortcut_of_the_benchmark_changes_nothing(name: str) -> None:
    assert differences(WORLDS[name].make(7, 6)) == []


def test_benchmark_prints_the_figures_of_each_method() -> None:
    arguments = ["--series", "30", "--seeds", "1", "--world", "bounce", "--json"]
    command = [sys.executable, "-m", "benchmarks.alert_quality", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = {row["method"]: row for row in json.loads(done.stdout)["rows"]}
    assert rows["VDM Alerts"]["found_percent"] > rows["ratio, 7 days"]["found_percent"]
    assert all(row["false_alarms"] >= 0 for row in rows.values())
