"""The monthly costs of a fleet, as the command and the page have them."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from click.testing import Result
from templates import fleet_template, only_resource, text_of

from vdm_alerts.core.fleet.document import parse_fleet
from vdm_alerts_cli.cost import Workload
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.fleet_cost import (
    EXECUTION_TRANSITIONS,
    FLEET_ALARMS,
    STEP_MEMORY_GB,
    TARGET_TRANSITIONS,
    FleetSize,
    break_even,
    comparison,
    fleet_costs,
    fleet_size,
    free_tier_total,
    list_total,
    stack_costs,
)

PAGE = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text()
LISTED = '[[targets]]\naccount = "222222222222"\nregions = ["eu-west-1", "us-east-1"]\n'
ORGANIZATION = '[organization]\nid = "o-abcdefghij"\nregions = ["eu-west-1"]\n'
RunCommand = Callable[..., Result]


@cache
def workload() -> Workload:
    return Workload(100)


def test_estimate_counts_the_states_of_the_state_machine() -> None:
    machine = only_resource(fleet_template(), "AWS::StepFunctions::StateMachine")
    states = json.loads(text_of(machine["DefinitionString"]))["States"]
    assert len(states.keys() - {"NoTarget"}) == EXECUTION_TRANSITIONS
    processor = states["EvaluateTargets"]["ItemProcessor"]["States"]
    assert 1 + len(processor) == TARGET_TRANSITIONS


def test_estimate_assumes_the_alarms_and_the_memory_of_the_hub() -> None:
    template = fleet_template()
    template.resource_count_is("AWS::CloudWatch::Alarm", FLEET_ALARMS)
    sizes = {
        each["Properties"]["MemorySize"]
        for name, each in template.find_resources("AWS::Lambda::Function").items()
        if name.startswith("Fleet")
    }
    assert sizes == {STEP_MEMORY_GB * 1024}


def test_estimate_counts_a_metric_of_each_execution() -> None:
    (fleet,) = [each for each in fleet_costs(workload(), 1) if each.service == "CloudWatch metrics"]
    (stack,) = [each for each in stack_costs(workload(), 1) if each.service == "CloudWatch metrics"]
    assert fleet.amount - stack.amount == pytest.approx(1)


def test_stacks_cost_the_same_as_the_single_stack_each() -> None:
    single, many = stack_costs(workload(), 1), stack_costs(workload(), 50)
    assert list_total(many) == pytest.approx(50 * list_total(single))


def test_fleet_of_one_target_costs_more_than_a_stack() -> None:
    assert list_total(fleet_costs(workload(), 1)) > list_total(stack_costs(workload(), 1))


def test_break_even_is_the_first_number_of_targets_at_which_a_fleet_is_cheaper() -> None:
    targets = break_even(workload())
    assert targets == 3
    for count in (1, 2, 3, 50, 10_000):
        fleet, stacks = fleet_costs(workload(), count), stack_costs(workload(), count)
        assert (list_total(fleet) < list_total(stacks)) is (count >= targets)


def test_options_cost_a_fleet_once_and_stacks_each() -> None:
    options = Workload(100, dashboard=True, encrypt=True)
    assert list_total(fleet_costs(options, 10)) == pytest.approx(
        list_total(fleet_costs(workload(), 10)) + 4
    )
    assert list_total(stack_costs(options, 10)) == pytest.approx(
        list_total(stack_costs(workload(), 10)) + 40
    )


def test_comparison_says_when_one_stack_for_each_target_is_cheaper() -> None:
    listed, shared, separate, _ = comparison(workload(), FleetSize(50, 50))
    assert listed.endswith("The fleet is cheaper. A fleet is cheaper from 3 targets on.")
    assert shared.endswith("The fleet is cheaper.")
    assert separate.endswith("One stack for each target is cheaper.")
    assert comparison(workload(), FleetSize(1, 1))[0].count("One stack for each target is ch") == 1


def test_targets_of_one_account_share_its_free_tier() -> None:
    def separate_bills(size: FleetSize) -> float:
        (cost,) = re.findall(
            r"stack for each target \$(\d+\.\d\d)", comparison(workload(), size)[2]
        )
        return float(cost)

    assert separate_bills(FleetSize(50, 50)) < separate_bills(FleetSize(50, 10))
    one_account = free_tier_total(stack_costs(workload(), 50))
    assert separate_bills(FleetSize(50, 1)) == pytest.approx(one_account, abs=0.005)
    assert separate_bills(FleetSize(3, 2)) == pytest.approx(
        free_tier_total(stack_costs(workload(), 1)) + free_tier_total(stack_costs(workload(), 2)),
        abs=0.005,
    )


@pytest.mark.parametrize(
    ("text", "accounts", "size"),
    [
        (LISTED, None, FleetSize(2, 1)),
        (ORGANIZATION, 50, FleetSize(50, 50)),
        (LISTED + ORGANIZATION.replace('"]', '", "us-east-1"]'), 10, FleetSize(22, 11)),
    ],
)
def test_size_is_that_of_the_list_and_of_the_organization(
    text: str, accounts: int | None, size: FleetSize
) -> None:
    assert fleet_size(parse_fleet(text, "fleet.toml"), accounts) == size


@pytest.mark.parametrize(
    ("text", "accounts", "error"),
    [
        (LISTED, 3, "--accounts: the fleet file names no organization"),
        (ORGANIZATION, None, "--accounts: missing. The fleet file names an organization"),
        (ORGANIZATION, 0, "--accounts: 0 targets are not a fleet. Use 1 to 10,000 targets"),
        (ORGANIZATION, 10_001, "--accounts: 10,001 targets are not a fleet"),
    ],
)
def test_number_of_accounts_is_for_an_organization(
    text: str, accounts: int | None, error: str
) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(error)):
        fleet_size(parse_fleet(text, "fleet.toml"), accounts)


def test_cost_prints_both_totals(run_command: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(ORGANIZATION)
    result = run_command("cost", "--fleet", str(file), "--accounts", "50")
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    fleet, stacks = (
        f"{list_total(costs(workload(), 50)):.2f}" for costs in (fleet_costs, stack_costs)
    )
    assert f"total │ │ {fleet} │ │ {stacks}" in shown
    assert shown.startswith("50 targets in 50 accounts: one fleet, compared with one stack for")
    assert "Step Functions" in shown


def test_accounts_without_a_fleet_are_an_error(run_command: RunCommand) -> None:
    result = run_command("cost", "--accounts", "5")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--accounts: has no effect without --fleet FILE." in result.stderr


def test_table_of_the_page_shows_the_estimated_costs() -> None:
    rows = [
        [int(cells[0].replace(",", "")), *cells[1:]]
        for line in re.findall(r"^\| ([\d,]+ \|.+) \|$", PAGE, re.MULTILINE)
        if (cells := [each.strip() for each in line.split("|")])
    ]
    assert [row[0] for row in rows] == [1, 2, 5, 10, 50, 500]
    for targets, *costs in rows:
        assert isinstance(targets, int)
        fleet, stacks = fleet_costs(workload(), targets), stack_costs(workload(), targets)
        separate = targets * free_tier_total(stack_costs(workload(), 1))
        expected = (
            *(list_total(fleet), list_total(stacks)),
            *(free_tier_total(fleet), free_tier_total(stacks), separate),
        )
        assert costs == [f"{cost:,.2f}" for cost in expected]
