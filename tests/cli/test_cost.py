"""The cost of a month, as the command and the documentation state it."""

import re
from functools import cache
from pathlib import Path

import pytest
from templates import ordinary

from vdm_alerts_cli.__main__ import main
from vdm_alerts_cli.cost import ALARMS, MEMORY_MB, RUNS, TIME_OUT, Deployment, month, show

PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text()
COLUMNS = (1, 100, 10_000)
"""The numbers of identities in the table of the page."""


@cache
def deployment_of(identities: int) -> Deployment:
    """Return a deployment, which works out its queries once: 10,000 identities take seconds."""
    return Deployment(identities)


def listed(deployment: Deployment) -> float:
    return sum(use.listed for use in month(deployment))


def test_month_of_100_identities_costs_less_than_a_dollar() -> None:
    assert 0.5 < listed(deployment_of(100)) < 1


def test_table_on_the_page_matches_the_calculation() -> None:
    rows = {
        cells[0]: cells[2:]
        for line in re.findall(r"^\| (.+) \|$", PAGE, re.MULTILINE)
        if (cells := [each.strip() for each in line.split("|")])
    }
    for position, identities in enumerate(COLUMNS):
        deployment = deployment_of(identities)
        for use in month(deployment):
            if use.amount:
                shown = rows[use.what][2 * position : 2 * position + 2]
                assert shown == [use.quantity, f"{use.listed:.2f}"]
        assert rows["together"][2 * position + 1] == f"{listed(deployment):.2f}"
        assert rows["queries of VDM"][2 * position] == f"{deployment.queries * RUNS:,}"


def test_calculation_uses_the_figures_of_the_deployed_stack() -> None:
    template = ordinary()
    template.resource_count_is("AWS::CloudWatch::Alarm", ALARMS)
    ((_, function),) = template.find_resources("AWS::Lambda::Function").items()
    assert function["Properties"]["MemorySize"] == MEMORY_MB
    assert function["Properties"]["Timeout"] == TIME_OUT.total_seconds()


def test_each_option_adds_its_own_cost_and_firing_alerts_are_capped() -> None:
    base = listed(deployment_of(100))
    assert listed(Deployment(100, dashboard=True)) == pytest.approx(base + 3)
    assert listed(Deployment(100, encrypt=True)) == pytest.approx(base + 1)
    assert listed(Deployment(100, firing=20)) == pytest.approx(base + 1)
    assert listed(Deployment(100, firing=5_000)) == pytest.approx(base + 1)


def test_command_prints_the_sum_and_states_that_queries_are_not_included(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["vdm-alerts", "cost", "--identities", "100"])
    assert main() == 0
    output = " ".join(capsys.readouterr().out.split())
    assert f"together │ │ │ {listed(deployment_of(100)):.2f}" in output
    assert "347 queries of VDM" in output
    assert "They are not in the sum" in output


def test_query_price_is_added_to_the_sum() -> None:
    deployment = Deployment(100, query_price=0.0001)
    assert listed(deployment) == pytest.approx(listed(deployment_of(100)) + 347 * RUNS * 0.0001)


@pytest.mark.parametrize(("identities", "fits"), [(10_000, True), (50_000, False)])
def test_identities_that_do_not_fit_in_a_run_are_reported(
    capsys: pytest.CaptureFixture[str], identities: int, *, fits: bool
) -> None:
    deployment = deployment_of(10_000)
    if identities != deployment.identities:
        # Queries grow with identities. To plan them for 50,000 identities takes 10 seconds.
        queries = deployment.queries * identities // deployment.identities
        deployment = Deployment(identities)
        vars(deployment)["queries"] = queries
    show(deployment)
    output = " ".join(capsys.readouterr().out.split())
    assert ("stay unread at every run" not in output) is fits


@pytest.mark.parametrize("number", ["-1", "many"])
def test_invalid_number_of_identities_is_rejected(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    monkeypatch.setattr("sys.argv", ["vdm-alerts", "cost", f"--identities={number}"])
    with pytest.raises(SystemExit):
        main()
    assert "--identities" in capsys.readouterr().err
