"""The monthly costs, as the command and the page have them."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from builders import a_run_report
from click.testing import Result
from templates import ordinary_template

from vdm_alerts.core.observations.run_metrics import run_metrics
from vdm_alerts_cli.cost import (
    ALARMS,
    MAX_ALERT_METRICS,
    MEMORY_MB,
    RUN_METRICS,
    RUNS,
    TIME_OUT,
    Workload,
    monthly_costs,
    print_costs,
)

PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text()
COLUMNS = (1, 100, 10_000)
RunCommand = Callable[..., Result]


@cache
def workload_of(identities: int) -> Workload:
    """Return a workload that works out its queries once: 10,000 identities take seconds."""
    return Workload(identities)


def list_cost(workload: Workload) -> float:
    return sum(item.list_cost for item in monthly_costs(workload))


def test_monthly_cost_of_100_identities_is_below_one_dollar() -> None:
    assert 0.5 < list_cost(workload_of(100)) < 1


def test_table_of_the_page_shows_the_estimated_costs() -> None:
    rows = {
        cells[0]: cells[2:]
        for line in re.findall(r"^\| (.+) \|$", PAGE, re.MULTILINE)
        if (cells := [each.strip() for each in line.split("|")])
    }
    for position, identities in enumerate(COLUMNS):
        workload = workload_of(identities)
        for item in monthly_costs(workload):
            if item.amount:
                shown = rows[item.service][2 * position : 2 * position + 2]
                assert shown == [item.quantity, f"{item.list_cost:.2f}"]
        assert rows["total"][2 * position + 1] == f"{list_cost(workload):.2f}"
        assert rows["queries of VDM"][2 * position] == f"{workload.queries * RUNS:,}"


def test_estimate_assumes_the_alarms_memory_and_timeout_of_the_stack() -> None:
    template = ordinary_template()
    template.resource_count_is("AWS::CloudWatch::Alarm", ALARMS)
    ((_, function),) = template.find_resources("AWS::Lambda::Function").items()
    assert function["Properties"]["MemorySize"] == MEMORY_MB
    assert function["Properties"]["Timeout"] == TIME_OUT.total_seconds()


def test_options_add_their_price_and_firing_scopes_add_a_capped_price() -> None:
    base = list_cost(workload_of(100))
    assert list_cost(Workload(100, dashboard=True)) == pytest.approx(base + 3)
    assert list_cost(Workload(100, encrypt=True)) == pytest.approx(base + 1)
    assert list_cost(Workload(100, firing=20)) == pytest.approx(base + 1.2)
    assert list_cost(Workload(100, firing=5_000)) == pytest.approx(base + 1.2)


def test_estimate_counts_the_metrics_of_a_run() -> None:
    quiet = a_run_report()
    assert len(run_metrics(quiet, is_new_period=True)) == RUN_METRICS
    busy = replace(
        quiet,
        alerts_warning=2,
        alerts_critical=2,
        alerts_warning_recovering=1,
        alerts_critical_recovering=1,
    )
    assert len(run_metrics(busy, is_new_period=True)) == RUN_METRICS + MAX_ALERT_METRICS


def test_cost_prints_the_total_and_says_that_it_excludes_queries(run_command: RunCommand) -> None:
    result = run_command("cost", "--identities", "100")
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    assert f"total │ │ │ {list_cost(workload_of(100)):.2f}" in shown
    assert "334 VDM queries" in shown
    assert "The total does not include the queries" in shown


def test_query_price_adds_the_cost_of_all_queries() -> None:
    workload = Workload(100, query_price=0.0001)
    assert list_cost(workload) == pytest.approx(list_cost(workload_of(100)) + 334 * RUNS * 0.0001)


@pytest.mark.parametrize(("identities", "fits"), [(10_000, True), (50_000, False)])
def test_cost_warns_when_a_run_takes_longer_than_the_function_may(
    capsys: pytest.CaptureFixture[str], identities: int, *, fits: bool
) -> None:
    planned = workload_of(10_000)
    workload = Workload(identities)
    # Queries grow with identities. Planning them for 50,000 identities takes 10 seconds.
    vars(workload)["queries"] = planned.queries * identities // planned.identities
    print_costs(workload)
    shown = " ".join(capsys.readouterr().out.split())
    assert ("it does not read all of these" not in shown) is fits


@pytest.mark.parametrize("option", ["--identities", "--configuration-sets", "--firing"])
@pytest.mark.parametrize("number", ["-1", "many", "", "1.5", "nan", "50001", "9" * 5_000])
def test_cost_rejects_an_invalid_count(run_command: RunCommand, option: str, number: str) -> None:
    result = run_command("cost", f"{option}={number}")
    assert result.exit_code == 2
    error = result.stderr.splitlines()[-1]
    assert error.startswith(f"Error: Invalid value for '{option}': \"{number[:38]}")
    assert error.endswith("is not a whole number from 0 to 50,000. Use one, for example 100.")


@pytest.mark.parametrize("price", ["nan", "inf", "-inf", "-5", "1e9", "", "1,5", "cheap"])
def test_cost_rejects_an_invalid_price(run_command: RunCommand, price: str) -> None:
    result = run_command("cost", f"--query-price={price}")
    assert result.exit_code == 2
    error = result.stderr.splitlines()[-1]
    assert error.startswith(f"Error: Invalid value for '--query-price': \"{price}\" is not a price")
    assert error.endswith("Use a number, for example 0.001.")
