"""An estimate of what a fleet costs per month, compared with one stack for each target."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.table import Table

from vdm_alerts.core.fleet.fleet import MAX_TARGETS, Fleet
from vdm_alerts.core.observations.run_report import RECORDING_PERIOD
from vdm_alerts_cli.cost import (
    HOUR,
    LOG_KB,
    MAX_ALERT_METRICS,
    MIN_WIDTH_OF_QUANTITIES,
    RUN_METRICS,
    RUNS,
    LineItem,
    Workload,
    metrics_item,
    monthly_costs,
)
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.terminal import Terminal

EXECUTION_TRANSITIONS = 5
"""State transitions of an execution: the states ListTargets to Summarize."""
TARGET_TRANSITIONS = 4
"""State transitions of each target: the start of its execution, and the three states in it.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-transitions.html
"""
FLEET_ALARMS = 6
EXECUTION_METRICS = RECORDING_PERIOD // HOUR
"""Metrics recorded four times a day that cost as much as one that each execution records."""
STEP_SECONDS = (5.0, 0.01)
"""Seconds of the functions that list and deliver together, and of each target. Assumed."""
STEP_MEMORY_GB = 0.5
WRITTEN_FILES = (5, 1)
"""Files that an execution writes: the targets and the results, and one for each target."""
READ_FILES = 5
"""Files that an execution without alerts reads: the fleet file, the targets and the results."""
EVENTS_OF_TARGET = 1
"""Events of SES that a target forwards in a month. Assumed: they are changes of its status."""
_SHARED = {"EventBridge Scheduler", "CloudWatch dashboard", "KMS key"}
"""What a fleet has once, like a single stack."""


@dataclass(frozen=True, slots=True)
class FleetSize:
    """How many targets a fleet has, and in how many accounts."""

    targets: int
    accounts: int


def fleet_size(fleet: Fleet, members: int | None) -> FleetSize:
    """Return the size of *fleet*, whose organization has *members* accounts to monitor.

    Raises InvalidInputError if *members* is None although the fleet has an organization, or the
    other way round.
    """
    accounts = {entry.target.account for entry in fleet.targets}
    if fleet.organization is None:
        if members is not None:
            raise InvalidInputError(
                "--accounts: the fleet file names no organization. Fix: leave the option out."
            )
        return FleetSize(len(fleet.targets), len(accounts))
    if members is None:
        raise InvalidInputError(
            "--accounts: missing. The fleet file names an organization, which this command does "
            "not read. Fix: pass the number of accounts of the organization that are not in the "
            "file, for example --accounts 50."
        )
    targets = len(fleet.targets) + members * len(fleet.organization.regions)
    if not 0 < targets <= MAX_TARGETS:
        raise InvalidInputError(
            f"--accounts: {targets:,} targets are not a fleet. Use 1 to {MAX_TARGETS:,} targets."
        )
    return FleetSize(targets, len(accounts) + members)


def stack_costs(workload: Workload, targets: int) -> Sequence[LineItem]:
    """Return the monthly costs of one stack for each of *targets*, with the same *workload*."""
    return [replace(item, amount=targets * item.amount) for item in monthly_costs(workload)]


def fleet_costs(workload: Workload, targets: int) -> Sequence[LineItem]:
    """Return the monthly costs of a fleet of *targets*, each of which has *workload*."""
    seconds, seconds_of_target = STEP_SECONDS
    files, files_of_target = WRITTEN_FILES
    rates = targets * workload.recorded_rates
    alert_metrics = min(targets * workload.firing, MAX_ALERT_METRICS)
    steps = RUNS * (seconds + targets * seconds_of_target) * STEP_MEMORY_GB
    added = {
        "Lambda, arm64": steps,
        "Lambda, requests": 2 * RUNS,
        "DynamoDB, writes": 2 * RUNS,  # The lease of the state of the fleet.
        "DynamoDB, reads": RUNS,
        "CloudWatch Logs": 2 * RUNS * LOG_KB / 1e6,
    }
    items = []
    for item in monthly_costs(workload):
        match item.service:
            case service if service in _SHARED:
                items.append(item)
            case "CloudWatch metrics":
                items.append(metrics_item(rates + RUN_METRICS + alert_metrics + EXECUTION_METRICS))
            case "CloudWatch alarms":
                items.append(replace(item, amount=FLEET_ALARMS))
            case service:
                items.append(replace(item, amount=targets * item.amount + added.get(service, 0)))
    transitions = RUNS * (EXECUTION_TRANSITIONS + targets * TARGET_TRANSITIONS)
    written = RUNS * (files + targets * files_of_target)
    return [
        *items,
        LineItem("Step Functions", transitions, "transitions", 0.025 / 1e3, free=4_000),
        LineItem("S3, writes", written, "requests", 0.005 / 1e3),
        LineItem("S3, reads", RUNS * READ_FILES, "requests", 0.0004 / 1e3),
        LineItem("EventBridge", targets * EVENTS_OF_TARGET, "events", 1.00 / 1e6),
    ]


def list_total(items: Sequence[LineItem]) -> float:
    """Return the cost of *items* in US dollars, without the free tier."""
    return sum(item.list_cost for item in items)


def free_tier_total(items: Sequence[LineItem]) -> float:
    """Return the cost of *items* in US dollars, with one free tier for all of them."""
    return sum(item.free_tier_cost for item in items)


def break_even(workload: Workload) -> int | None:
    """Return the fewest targets from which on a fleet is cheaper at list prices.

    None if it never is. Both costs grow linearly, apart from the metrics of alerts.
    """
    for targets in range(1, MAX_TARGETS + 1):
        if list_total(fleet_costs(workload, targets)) < list_total(stack_costs(workload, targets)):
            return targets
    return None


def _comparison_table(workload: Workload, targets: int, *, has_quantities: bool) -> Table:
    """Return both costs, one line per service, with the quantities behind them or without."""
    fleet = {item.service: item for item in fleet_costs(workload, targets)}
    stacks = {item.service: item for item in stack_costs(workload, targets)}
    table = Table("")
    columns = ("fleet,\nper month", "fleet, $", "stacks,\nper month", "stacks, $")
    for column in columns:
        if has_quantities or column.endswith("$"):
            table.add_column(column, justify="right")
    for service, item in fleet.items():
        cells = []
        for each in (item, stacks.get(service)):
            quantity = each.quantity if each and each.amount else ""
            cost = f"{each.list_cost:.2f}" if each and each.amount else ""
            cells += [quantity, cost] if has_quantities else [cost]
        if any(cells):
            table.add_row(service, *cells)
    totals = []
    for items in (fleet.values(), stacks.values()):
        total = f"{list_total(list(items)):.2f}"
        totals += ["", total] if has_quantities else [total]
    table.add_section()
    table.add_row("total", *totals)
    return table


def print_fleet_costs(workload: Workload, size: FleetSize) -> None:
    """Print the monthly costs of a fleet of *size* and of one stack for each target."""
    console = Terminal()
    console.print(
        f"{size.targets:,} targets in {size.accounts:,} accounts: one fleet, compared with one "
        "stack for each target. List prices of us-east-1."
    )
    has_quantities = console.width >= MIN_WIDTH_OF_QUANTITIES
    console.print(_comparison_table(workload, size.targets, has_quantities=has_quantities))
    for sentence in comparison(workload, size):
        console.print(sentence)


def comparison(workload: Workload, size: FleetSize) -> Sequence[str]:
    """Return what is cheaper, and when, in sentences."""
    fleet = fleet_costs(workload, size.targets)
    stacks = stack_costs(workload, size.targets)
    targets = break_even(workload)
    limit = f"A fleet is cheaper from {targets} targets on." if targets else "A fleet never is."
    listed = _cheaper(list_total(fleet), list_total(stacks))
    shared = _cheaper(free_tier_total(fleet), free_tier_total(stacks))
    separate = _cheaper(free_tier_total(fleet), _separate_bills(workload, size))
    return [
        f"Listed: {listed} {limit}",
        "Free tier: the accounts of an organization share one. If VDM Alerts has all of it: "
        + shared,
        "Accounts with a bill of their own have a free tier each. If VDM Alerts has all of them: "
        + separate,
        "The totals do not include VDM itself, which costs the same both ways.",
    ]


def _separate_bills(workload: Workload, size: FleetSize) -> float:
    """Return the cost of one stack for each target, with a free tier in each account.

    The targets are distributed evenly.
    """
    per_account, more = divmod(size.targets, size.accounts)
    return (size.accounts - more) * free_tier_total(
        stack_costs(workload, per_account)
    ) + more * free_tier_total(stack_costs(workload, per_account + 1))


def _cheaper(fleet: float, stacks: float) -> str:
    """Return which of both costs is lower, in a sentence."""
    costs = f"The fleet costs ${fleet:,.2f} a month, one stack for each target ${stacks:,.2f}."
    if f"{fleet:.2f}" == f"{stacks:.2f}":
        return f"{costs} Both cost the same."
    cheaper = "The fleet" if fleet < stacks else "One stack for each target"
    return f"{costs} {cheaper} is cheaper."
