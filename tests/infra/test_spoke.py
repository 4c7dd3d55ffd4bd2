"""The templates of the accounts of a fleet, and the stacks that include them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template
from templates import CONTEXT, fleet_template, permissions, text_of

from infra.fleet_access import hub_role_name
from infra.spoke import TEMPLATES, Hub, SpokeEvents, SpokeRole
from infra.triggers import SES_EVENTS
from vdm_alerts.core.fleet.document import parse_fleet
from vdm_alerts.core.fleet.fleet import DEFAULT_ROLE
from vdm_alerts.core.fleet.targets import resolve_targets
from vdm_alerts.core.model.target import Target

LINTERS = Path(__file__).parents[2] / "build" / "linters" / "bin"
HUB = Hub("111111111111", "eu-west-1", external_id="9f1c7c1e")
FILES = sorted(str(file) for file in TEMPLATES.glob("spoke-*.yaml"))


@pytest.fixture(scope="module")
def role_template() -> Template:
    return Template.from_stack(SpokeRole(App(context=CONTEXT), "Role", HUB))


@pytest.fixture(scope="module")
def events_template() -> Template:
    return Template.from_stack(SpokeEvents(App(context=CONTEXT), "Events", HUB))


def resource(template: Template, name: str) -> dict[str, Any]:
    properties: dict[str, Any] = template.to_json()["Resources"][name]["Properties"]
    return properties


def filled(template: Template, value: Any) -> str:
    """Return *value* with the defaults of the parameters of *template*."""
    text = text_of(value)
    for name, parameter in template.to_json()["Parameters"].items():
        text = text.replace(f"<{name}>", parameter["Default"])
    return text


def allowed(template: Template, role: str) -> dict[str, str]:
    """Return the resource of each action of *role*. Each statement has one of each."""
    (policy,) = resource(template, role)["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {each["Action"]: filled(template, each["Resource"]) for each in statements}


def test_templates_pass_cfn_lint() -> None:
    assert len(FILES) == 2
    done = subprocess.run(
        [LINTERS / "cfn-lint", "--format", "json", "--info", "--", *FILES],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert done.stderr.count("Run scan of template") == 2


def test_reader_has_the_permissions_with_which_the_evaluator_reads(role_template: Template) -> None:
    evaluator = permissions(fleet_template(), "EvaluatorRole")
    assert allowed(role_template, "Reader") == {
        action: resource
        for action, resource in evaluator.items()
        if action.startswith(("ses:", "cloudwatch:"))
    }


def test_reader_trusts_the_role_of_the_hub_only(role_template: Template) -> None:
    (statement,) = resource(role_template, "Reader")["AssumeRolePolicyDocument"]["Statement"]
    assert filled(role_template, statement["Principal"]["AWS"]) == (
        "arn:<AWS::Partition>:iam::111111111111:root"
    )
    ((key, arn),) = statement["Condition"]["ArnEquals"].items()
    role = hub_role_name("vdm-alerts", "eu-west-1")
    assert (key, filled(role_template, arn)) == (
        "aws:PrincipalArn",
        f"arn:<AWS::Partition>:iam::111111111111:role/{role}",
    )


@pytest.mark.parametrize(
    ("key", "parameter"),
    [("aws:PrincipalOrgID", "Organization"), ("sts:ExternalId", "ExternalId")],
)
def test_reader_requires_what_is_set(role_template: Template, key: str, parameter: str) -> None:
    (statement,) = resource(role_template, "Reader")["AssumeRolePolicyDocument"]["Statement"]
    assert set(statement["Condition"]) == {"ArnEquals", "StringEquals"}
    condition, value, no_value = statement["Condition"]["StringEquals"][key]["Fn::If"]
    assert (condition, value, no_value) == (
        f"Has{parameter}",
        {"Ref": parameter},
        {"Ref": "AWS::NoValue"},
    )


def test_role_needs_an_organization_or_an_external_id(role_template: Template) -> None:
    rules = role_template.to_json()["Rules"]
    (assertion,) = rules["HubIsIdentified"]["Assertions"]
    assert assertion["AssertDescription"] == "Set Organization, or ExternalId, or both."
    assert "Fn::Not" in assertion["Assert"]


def test_reader_is_the_role_that_the_targets_name(role_template: Template) -> None:
    text = '[[targets]]\naccount = "222222222222"\nregions = ["eu-west-1"]'
    (target,) = resolve_targets(parse_fleet(text, "fleet.toml"), Target(HUB.account, HUB.region))
    name = filled(role_template, resource(role_template, "Reader")["RoleName"])
    assert target.role_arn == f"arn:aws:iam::222222222222:role/{name}"
    assert name == DEFAULT_ROLE


def test_forwarder_sends_events_to_the_bus_of_the_hub_only(role_template: Template) -> None:
    assert allowed(role_template, "Forwarder") == {
        "events:PutEvents": (
            "arn:<AWS::Partition>:events:eu-west-1:111111111111:event-bus/vdm-alerts"
        )
    }
    role = resource(role_template, "Forwarder")
    assert filled(role_template, role["RoleName"]) == "vdm-alerts-forwarder"
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_rule_forwards_the_events_that_start_runs(events_template: Template) -> None:
    rule = resource(events_template, "Rule")
    assert rule["EventPattern"] == {"source": ["aws.ses"], "detail-type": list(SES_EVENTS)}
    (target,) = rule["Targets"]
    assert filled(events_template, target["Arn"]) == (
        "arn:<AWS::Partition>:events:eu-west-1:111111111111:event-bus/vdm-alerts"
    )
    assert filled(events_template, target["RoleArn"]) == (
        "arn:<AWS::Partition>:iam::<AWS::AccountId>:role/vdm-alerts-forwarder"
    )


def test_stacks_have_the_resources_of_the_templates(
    role_template: Template, events_template: Template
) -> None:
    assert set(role_template.to_json()["Resources"]) == {"Reader", "Forwarder"}
    assert set(events_template.to_json()["Resources"]) == {"Rule"}
    defaults = {
        name: parameter["Default"]
        for name, parameter in role_template.to_json()["Parameters"].items()
        if name in {**HUB.location, **HUB.trust}
    }
    assert defaults == {**HUB.location, **HUB.trust}
