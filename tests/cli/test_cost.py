"""What a month costs, as the command and the page have it."""

import re
from pathlib import Path

import pytest
from templates import ordinary_template

from vdm_alerts_cli.__main__ import main
from vdm_alerts_cli.cost import ALARMS, MEMORY_MB, RUNS, TIME_OUT, Deployment, month

PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text()
COLUMNS = (1, 100, 10_000)


def listed(deployment: Deployment) -> float:
    return sum(use.listed for use in month(deployment))


def test_a_month_of_100_identities_is_under_a_dollar_whatever_else_the_account_does() -> None:
    assert 0.5 < listed(Deployment(100)) < 1


def test_the_table_on_the_page_is_what_the_calculator_says() -> None:
    rows = {
        cells[0]: cells[2:]
        for line in re.findall(r"^\| (.+) \|$", PAGE, re.MULTILINE)
        if (cells := [each.strip() for each in line.split("|")])
    }
    for position, identities in enumerate(COLUMNS):
        deployment = Deployment(identities)
        for use in month(deployment):
            if use.amount:
                shown = rows[use.what][2 * position : 2 * position + 2]
                assert shown == [use.quantity, f"{use.listed:.2f}"]
        assert rows["together"][2 * position + 1] == f"{listed(deployment):.2f}"
        assert rows["queries of VDM"][2 * position] == f"{deployment.queries * RUNS:,}"


def test_the_calculator_reckons_with_the_stack_that_is_deployed() -> None:
    template = ordinary_template()
    template.resource_count_is("AWS::CloudWatch::Alarm", ALARMS)
    ((_, function),) = template.find_resources("AWS::Lambda::Function").items()
    assert function["Properties"]["MemorySize"] == MEMORY_MB
    assert function["Properties"]["Timeout"] == TIME_OUT.total_seconds()


def test_what_is_optional_costs_what_it_adds_and_what_fires_is_capped() -> None:
    base = listed(Deployment(100))
    assert listed(Deployment(100, dashboard=True)) == pytest.approx(base + 3)
    assert listed(Deployment(100, encrypt=True)) == pytest.approx(base + 1)
    assert listed(Deployment(100, firing=20)) == pytest.approx(base + 1)
    assert listed(Deployment(100, firing=5_000)) == pytest.approx(base + 1)


def test_the_command_prints_the_sum_and_that_queries_are_not_in_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["vdm-alerts", "cost", "--identities", "100"])
    assert main() == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"together │ │ │ {listed(Deployment(100)):.2f}" in said
    assert "347 queries of VDM" in said
    assert "They are not in the sum" in said


def test_a_price_of_queries_from_a_bill_goes_into_the_sum() -> None:
    deployment = Deployment(100, query_price=0.0001)
    assert listed(deployment) == pytest.approx(listed(Deployment(100)) + 347 * RUNS * 0.0001)


def test_what_would_outlast_the_function_is_said_to(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for identities, fits in ((10_000, True), (50_000, False)):
        monkeypatch.setattr("sys.argv", ["vdm-alerts", "cost", f"--identities={identities}"])
        main()
        said = " ".join(capsys.readouterr().out.split())
        assert ("stay unread at every run" not in said) is fits


@pytest.mark.parametrize("number", ["-1", "many"])
def test_a_number_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    monkeypatch.setattr("sys.argv", ["vdm-alerts", "cost", f"--identities={number}"])
    with pytest.raises(SystemExit):
        main()
    assert "--identities" in capsys.readouterr().err
