"""The benchmarks run and print what they document; no test depends on how fast anything was."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import fleet, fleet_on_local_aws
from benchmarks.backtest import SlowEndpoint
from benchmarks.event_clock import EventClock
from benchmarks.fixture import DAYS, METRICS, NOW, account_of
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.core.fleet.document import parse_fleet
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.queries import Query
from vdm_alerts_cli.in_process_ses import in_process_client
from vdm_local.fleet_scenario import load_fleet_scenario
from vdm_local.quota import QUERIES_PER_SECOND
from vdm_local.scenario import parse_scenario

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


def test_fleet_benchmark_compares_a_fleet_with_a_stack_for_each_target() -> None:
    rows = rows_of("fleet", "--accounts", "4", "--identities", "400")
    fleets = [rows[f"fleet, {count} at a time"] for count in (10, 40, 100)]
    stacks, one = rows["a stack for each target"], rows["one stack, one target"]
    assert {row["throttled"] for row in rows.values()} == {0}
    assert {row["targets"] for row in fleets} == {stacks["targets"]} == {20}
    assert {row["usual_queries"] for row in fleets} == {stacks["usual_queries"]}
    assert [row["usual_s"] for row in fleets] == sorted(
        (row["usual_s"] for row in fleets), reverse=True
    )
    assert stacks["first_messages"] == 20
    assert fleets[0]["first_messages"] == 1
    assert fleets[0]["usual_messages"] == stacks["usual_messages"] == 1
    assert one["dollars_a_month"] < fleets[0]["dollars_a_month"] < stacks["dollars_a_month"]


@pytest.mark.parametrize("identities", [1, 150])
def test_simulated_reading_takes_as_long_as_that_of_the_adapter(identities: int) -> None:
    clock = EventClock()
    endpoint = SlowEndpoint(parse_scenario(account_of(identities), "here"), NOW, clock)
    queries = [
        Query(metric, Scope(identity=f"{number}.example.com"))
        for number in range(identities)
        for metric in METRICS
    ]
    with clock.running():
        adapter = SesMetrics(in_process_client(endpoint), RateLimiter(clock))
        adapter.read(queries, DAYS, NOW.date(), NoDeadline())
    simulated = fleet.Clock()
    source = fleet.TimedSeries(identities, simulated)
    source.read(queries, DAYS, NOW.date(), NoDeadline())
    assert endpoint.quota.throttled == source.throttled == 0
    # On a busy machine, the event clock moves before a thread has made its next call.
    assert 0.98 * simulated.now <= clock.monotonic() <= 1.5 * simulated.now


def test_simulated_quota_throttles_a_reader_without_a_limit() -> None:
    clock = fleet.Clock()
    source = fleet.TimedSeries(1_000, clock)
    source.limiter = RateLimiter(clock, 100)
    queries = [Query(METRICS[0], Scope(identity=f"{number}")) for number in range(1_000)]
    source.read(queries, DAYS, NOW.date(), NoDeadline())
    assert source.throttled > 0
    assert clock.now > 1_000 / QUERIES_PER_SECOND - 1


def test_map_starts_the_next_target_when_one_ends() -> None:
    evaluations = [fleet.Evaluation(seconds, 0, 0, 0) for seconds in (100, 10, 10, 10)]
    execution = fleet.FleetExecution(evaluations, 0, 0)
    overhead = fleet.STATES_S + fleet.WARM_START_S
    cold = fleet.COLD_START_S - fleet.WARM_START_S
    assert execution.map_seconds(1) == pytest.approx(130 + 4 * overhead + cold)
    assert execution.map_seconds(2) == pytest.approx(100 + overhead + cold)
    assert execution.map_seconds(1_000) == pytest.approx(100 + overhead + cold)


def test_tenants_benchmark_finds_the_breaches_in_a_simulated_sweep() -> None:
    rows = rows_of("tenants", "--tenants", "3000", "--active", "20", by="sweep")
    first, usual = rows["first"], rows["usual"]
    assert first["queries"] > 3_000
    assert usual["queries"] < first["queries"]
    assert (first["found"], first["others_found"]) == (first["breached"], 0)
    assert first["roster_items"] == 1


def test_fleet_on_the_local_aws_has_a_scenario_for_each_target(tmp_path: Path) -> None:
    targets = [Target("222222222222", "eu-west-1"), Target("222222222223", "us-east-1")]
    fleet_file = parse_fleet(fleet_on_local_aws._fleet_file(targets), "here")
    assert [entry.target for entry in fleet_file.targets] == targets
    (tmp_path / "account.toml").write_text(account_of(1))
    story = tmp_path / "story.toml"
    story.write_text("".join(map(fleet_on_local_aws._scenario_of, targets)))
    assert list(load_fleet_scenario(story).scenarios) == targets
