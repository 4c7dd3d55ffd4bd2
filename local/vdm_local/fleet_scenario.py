"""A fleet scenario: SES in several accounts and Regions, and the executions of a hub.

A fleet scenario is a TOML file that names a scenario for each target, an account in a Region:

    [[targets]]
    account  = "222222222222"
    region   = "us-east-1"
    scenario = "shop.toml"          relative to the folder of this file; its runs are ignored

    [[run]]                         an execution of the state machine
    at       = 2026-03-10T09:00:00Z
    expects  = ["SUMMARY"]          the expected notifications, in order: reasons, or the topics of
                                    notifications about several targets
    story    = "They pass 5%."      a description
    denied   = ["333333333333"]     accounts that deny their role to the hub at that time
    weekly_summary = true           the schedule of the weekly summary starts this run

Elsewhere, no email is sent, and VDM is off. Faults of single queries and of the responses of
BatchGetMetricData are those of the target's own scenario; all other faults are those of the hub's.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vdm_alerts.core.fleet.field_types import (
    AccountId,
    RegionName,
    parse_account,
    parse_region,
)
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.document_converter import document_converter
from vdm_alerts.core.rules.field_types import choice_parser, parse_timestamp
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts.core.rules.toml_document import DocumentType, InvalidField, Table
from vdm_local.scenario import InvalidScenarioError, Scenario, load_scenario
from vdm_local.scenario_document import run_order_errors, tables
from vdm_local.scenario_field_types import (
    EXPECTED_REASONS,
    ExpectedReason,
    parse_switch,
    parse_text,
)
from vdm_local.text_file import read_text_file


@dataclass(frozen=True, slots=True)
class FleetRun:
    """One execution of the hub's state machine in a fleet scenario."""

    at: datetime
    """The time of the execution."""
    expected_reasons: tuple[str, ...] = ()
    """The reasons of the notifications that the execution should send, in order.

    The reason of a notification about several targets is its topic.
    """
    story: str = ""
    """A description for the reader."""
    denied: tuple[str, ...] = ()
    """Accounts that deny their role to the hub at that time."""
    weekly_summary: bool = False
    """Whether the schedule of the weekly summary starts the execution."""

    @property
    def event(self) -> dict[str, object]:
        """The input of the execution."""
        weekly = {"weeklySummary": True} if self.weekly_summary else {}
        return {"now": self.at.isoformat(), **weekly}


@dataclass(frozen=True, slots=True)
class FleetScenario:
    """A scenario for each target of a fleet, and the executions of the hub."""

    scenarios: Mapping[Target, Scenario]
    runs: Sequence[FleetRun] = ()


@dataclass(frozen=True, kw_only=True)
class TargetDocument:
    """The keys of `[[targets]]`."""

    account: AccountId
    region: RegionName
    scenario: str


@dataclass(frozen=True, kw_only=True)
class FleetRunDocument:
    """The keys of `[[run]]`."""

    at: datetime
    expects: tuple[ExpectedReason, ...] = ()
    story: str = ""
    denied: tuple[AccountId, ...] = ()
    weekly_summary: bool = False


@dataclass(frozen=True, kw_only=True)
class FleetScenarioDocument:
    """The keys of a fleet scenario."""

    targets: tuple[TargetDocument, ...]
    run: tuple[FleetRunDocument, ...] = ()


def load_scenarios(path: Path) -> Scenario | FleetScenario:
    """Return the scenario or the fleet scenario in the file at *path*.

    Raises UnreadableFileError or InvalidScenarioError.
    """
    try:
        has_targets = "targets" in tomllib.loads(read_text_file(path))
    except ValueError:
        has_targets = False
    return load_fleet_scenario(path) if has_targets else load_scenario(path)


def load_fleet_scenario(path: Path) -> FleetScenario:
    """Return the fleet scenario in the file at *path*.

    Raises UnreadableFileError or InvalidScenarioError, also for the scenarios that it names.
    """
    document = _DOCUMENT_TYPE.parse(read_text_file(path), str(path))
    scenarios = {
        each.scenario: load_scenario(path.parent / each.scenario) for each in document.targets
    }
    return FleetScenario(
        {Target(each.account, each.region): scenarios[each.scenario] for each in document.targets},
        [
            FleetRun(run.at, run.expects, run.story, run.denied, run.weekly_summary)
            for run in document.run
        ],
    )


def _cross_field_errors(table: Table) -> Iterator[InvalidField]:
    """Yield the contradictions among the keys of a fleet scenario's *table*."""
    paths: dict[tuple[str, str], str] = {}
    for path, target in tables(table, "targets"):
        name = str(target.get("account")), str(target.get("region"))
        first = paths.setdefault(name, path)
        if first != path:
            yield InvalidField(path, f"is the same target as {first}. Delete one of them.")
    accounts = {account for account, _ in paths}
    for path, run in tables(table, "run"):
        denied = run.get("denied")
        for number, account in enumerate(denied if isinstance(denied, list) else []):
            if account not in accounts:
                what = f"{quote(account)} is not an account of a target."
                yield InvalidField(f"{path}.denied[{number}]", what)
    yield from run_order_errors(table)


def _read(table: Table) -> FleetScenarioDocument:
    return _converter.structure(table, FleetScenarioDocument)


FLEET_REASONS = {**EXPECTED_REASONS, "PROVIDER": "PROVIDER", "OTHERS": "OTHERS"}
"""The reasons and topics that notifications of a fleet can have."""
_TABLE_EXAMPLES = {
    TargetDocument: "tables, each with the heading [[targets]] and keys below it, for example "
    'account = "222222222222"',
    FleetRunDocument: "tables, each with the heading [[run]] and keys below it, for example "
    "at = 2026-03-10T09:00:00Z",
}
_MISSING_KEY_HINTS: Mapping[str, str] = {
    "targets": "Add a table with the heading [[targets]] for each account in a Region.",
    "account": 'Add the account, for example account = "222222222222".',
    "region": 'Add the Region, for example region = "eu-west-1".',
    "scenario": 'Add the file of its scenario, for example scenario = "shop.toml".',
    "at": "Add the time of the run, for example at = 2026-03-10T09:00:00Z.",
}
_converter = document_converter(_TABLE_EXAMPLES, min_items=0)
_converter.register_structure_hook(AccountId, lambda value, _: parse_account(value))
_converter.register_structure_hook(RegionName, lambda value, _: parse_region(value))
_converter.register_structure_hook(
    ExpectedReason, choice_parser("a reason of a notification", FLEET_REASONS)
)
_converter.register_structure_hook(datetime, lambda value, _: parse_timestamp(value))
_converter.register_structure_hook(bool, lambda value, _: parse_switch(value))
_converter.register_structure_hook(str, lambda value, _: parse_text(value))
_DOCUMENT_TYPE = DocumentType(
    noun="a fleet scenario",
    read=_read,
    cross_field_errors=_cross_field_errors,
    missing_key_hints=_MISSING_KEY_HINTS,
    error_class=InvalidScenarioError,
)
