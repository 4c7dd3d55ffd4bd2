"""The page about the first hour, compared with the code."""

import re
from pathlib import Path

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template
from templates import CONTEXT, ORDINARY, SETTINGS, full_template

from infra.settings import read_context
from infra.stack import VdmAlerts
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules
from vdm_alerts_cli.simulate import simulate
from vdm_local.scenario import load_scenario

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/first-hour.md").read_text()
ONE_RUN = "begins = 2026-03-01\n{more}\n[[run]]\nat = 2026-03-05T09:00:00Z\n"
HEALTHY = """
[[emails]]
identity = "anna@example.com"
isp = "Yahoo"
send = "1000x60"
"""


def first_subject(scenario: Path) -> str:
    first_run, *_ = simulate(load_scenario(scenario), read_rules(DEFAULT_RULES))
    return first_run.messages[0].subject


@pytest.mark.parametrize("more", [HEALTHY, "vdm_enabled = false", ""], ids=["ok", "off", "new"])
def test_first_subject_is_on_the_page(tmp_path: Path, more: str) -> None:
    scenario = tmp_path / "first.toml"
    scenario.write_text(ONE_RUN.format(more=more))
    assert f"\n{first_subject(scenario)}\n" in PAGE


def test_first_subject_of_many_incidents_is_on_the_page() -> None:
    assert f"\n{first_subject(ROOT / 'tests/scenarios/first-run.toml')}\n" in PAGE


def test_page_lists_every_service_of_the_stack() -> None:
    types = {each["Type"] for each in full_template().to_json()["Resources"].values()}
    (paragraph,) = re.findall(r"The policy must allow .*?\n\n", PAGE, re.DOTALL)
    assert {kind.split("::")[1].lower() for kind in types} <= set(re.findall(r"`(\w+)`", paragraph))


def test_permissions_boundary_of_the_page_is_on_every_role() -> None:
    boundary = {"@aws-cdk/core:permissionsBoundary": {"name": "BOUNDARY"}}
    assert '"@aws-cdk/core:permissionsBoundary": {"name": "BOUNDARY"}' in PAGE
    read_context(CONTEXT | ORDINARY | boundary)
    stack = VdmAlerts(App(context=CONTEXT | boundary), "VdmAlerts", SETTINGS)
    roles = Template.from_stack(stack).find_resources("AWS::IAM::Role")
    assert roles
    assert all(
        "BOUNDARY" in str(each["Properties"]["PermissionsBoundary"]) for each in roles.values()
    )


def test_qualifier_of_the_page_selects_the_bootstrap() -> None:
    stack = VdmAlerts(
        App(context=CONTEXT | {"@aws-cdk/core:bootstrapQualifier": "other"}), "VdmAlerts", SETTINGS
    )
    version = Template.from_stack(stack).to_json()["Parameters"]["BootstrapVersion"]
    assert version["Default"] == "/cdk-bootstrap/other/version"
