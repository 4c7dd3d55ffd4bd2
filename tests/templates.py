"""Templates of the stack, and queries on them."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from aws_cdk import App
from aws_cdk.assertions import Template

from infra.settings import read_context
from infra.stack import VdmAlerts

CDK_JSON = json.loads((Path(__file__).parents[1] / "cdk.json").read_text())
CONTEXT = CDK_JSON["context"] | {"aws:cdk:bundling-stacks": []}
"""The context of cdk.json, without bundling of the asset."""
ORDINARY = {"email": "ops@example.com,me@example.com"}
EVERYTHING = {
    **ORDINARY,
    "watchdogEmail": "boss@example.com",
    "slackWorkspaceId": "T0123ABCD",
    "slackChannelId": "C0123ABCD",
    "prefix": "marketing-alerts",
    "reserve": "true",
    "dashboard": "true",
    "encrypt": "true",
    "quietHours": "22:00-07:00 Europe/Berlin",
    "enableVdm": "true",
}
FLEET_FILE = Path(__file__).parent / "infra" / "fleet.toml"
FLEET = {**ORDINARY, "fleet": str(FLEET_FILE), "fleetConcurrency": "100"}
CONTEXTS = {"ordinary": ORDINARY, "everything": EVERYTHING, "fleet": FLEET}
"""Deployment options by the name of their snapshot."""
SETTINGS = read_context(CONTEXT | ORDINARY)


def build_template(**changes: Any) -> Template:
    """Synthesize the ordinary stack with *changes* to its settings."""
    return Template.from_stack(
        VdmAlerts(App(context=CONTEXT), "VdmAlerts", replace(SETTINGS, **changes))
    )


@cache
def template_with(**changes: Any) -> Template:
    """Return the template of `build_template`, synthesized once a session."""
    return build_template(**changes)


def template_scheduled(schedule: str) -> Template:
    """Return the template of a deployment with *schedule*."""
    settings = read_context(CONTEXT | {"schedule": schedule})
    return template_with(schedule=schedule, cadence=settings.cadence)


def ordinary_template() -> Template:
    """Return the template of a deployment with nothing but email addresses."""
    return template_with()


def full_template() -> Template:
    """Return the template of a deployment with every option for a single account and Region."""
    return template_of("everything")


def fleet_template() -> Template:
    """Return the template of a fleet with nothing but email addresses."""
    return template_of("fleet")


@cache
def full_fleet_template() -> Template:
    """Return the template of a fleet with every option."""
    return _template(EVERYTHING | {"fleet": str(FLEET_FILE)})


@cache
def template_of(name: str) -> Template:
    """Return the template of the deployment *name* in `CONTEXTS`."""
    return _template(CONTEXTS[name])


def _template(context: Mapping[str, Any]) -> Template:
    settings = read_context(CONTEXT | context)
    return Template.from_stack(VdmAlerts(App(context=CONTEXT), "VdmAlerts", settings))


def only_resource(template: Template, kind: str) -> dict[str, Any]:
    """Return the properties of the only resource of *kind*."""
    ((_, resource),) = template.find_resources(kind).items()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def alarm(template: Template, name: str) -> dict[str, Any]:
    """Return the properties of the alarm *name*.

    If the alarm has an expression, the properties include those of the metric in it.
    """
    alarms = template.find_resources("AWS::CloudWatch::Alarm")
    (resource,) = [each for key, each in alarms.items() if key.startswith(f"Watchdog{name}")]
    properties: dict[str, Any] = resource["Properties"]
    for metric in properties.get("Metrics", []):
        if statistic := metric.get("MetricStat"):
            properties |= {**statistic["Metric"], "Period": statistic["Period"]}
            properties |= {"Statistic": statistic["Stat"]}
        else:
            properties |= {"Expression": metric["Expression"]}
    return properties


def text_of(value: Any) -> str:
    """Return *value*, a text or a join, with the logical IDs of resources in angle brackets."""
    if isinstance(value, dict) and "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return str(separator).join(text_of(part) for part in parts)
    if isinstance(value, dict) and "Fn::Sub" in value:
        return re.sub(r"\$\{(.*?)\}", r"<\1>", value["Fn::Sub"])
    return f"<{logical_id(value)}>" if isinstance(value, dict) else str(value)


def permissions(template: Template, policy: str) -> dict[str, Any]:
    """Return the resource that *policy* allows for each action.

    An action that is allowed on several resources has a list of them. Each statement must allow
    one action on one resource.
    """
    policies = template.find_resources("AWS::IAM::Policy")
    (resource,) = [each for name, each in policies.items() if name.startswith(policy)]
    statements = resource["Properties"]["PolicyDocument"]["Statement"]
    assert all(isinstance(each["Action"], str) for each in statements), "one action a statement"
    assert all(not isinstance(each["Resource"], list) for each in statements), "one resource"
    assert {each["Effect"] for each in statements} == {"Allow"}
    allowed: dict[str, list[Any]] = {}
    for statement in statements:
        resources = allowed.setdefault(statement["Action"], [])
        assert statement["Resource"] not in resources, "no permission twice"
        resources.append(statement["Resource"])
    return {action: each[0] if len(each) == 1 else each for action, each in allowed.items()}


def logical_id(reference: Any) -> str:
    """Return the logical id in a Ref or GetAtt; text is returned unchanged."""
    if isinstance(reference, dict):
        return str(reference.get("Ref") or reference["Fn::GetAtt"][0])
    return str(reference)
