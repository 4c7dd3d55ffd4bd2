"""What the tests of templates have in common."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from aws_cdk import App
from aws_cdk.assertions import Template

from infra.settings import read_context
from infra.stack import VdmAlerts

CDK_JSON = json.loads((Path(__file__).parents[1] / "cdk.json").read_text())
CONTEXT = CDK_JSON["context"] | {"aws:cdk:bundling-stacks": []}  # The code itself is not bundled.
ORDINARY = {"email": "ops@example.com,me@example.com"}
EVERYTHING = {
    **ORDINARY,
    "watchdogEmail": "boss@example.com",
    "slackWorkspaceId": "T0123ABCD",
    "slackChannelId": "C0123ABCD",
    "prefix": "marketing-alerts",
    "dashboard": "true",
    "encrypt": "true",
    "quietHours": "22:00-07:00 Europe/Berlin",
    "enableVdm": "true",
}
CHOICES = {"ordinary": ORDINARY, "everything": EVERYTHING}
CHOSEN = read_context(CONTEXT | ORDINARY)


def stack(**changes: Any) -> Template:
    """The ordinary stack, with *changes* in what was chosen."""
    return Template.from_stack(
        VdmAlerts(App(context=CONTEXT), "VdmAlerts", replace(CHOSEN, **changes))
    )


@cache
def ordinary() -> Template:
    return stack()


@cache
def everything() -> Template:
    chosen = read_context(CONTEXT | EVERYTHING)
    return Template.from_stack(VdmAlerts(App(context=CONTEXT), "VdmAlerts", chosen))


def the(template: Template, kind: str) -> dict[str, Any]:
    """The properties of the one resource of *kind*."""
    ((_, found),) = template.find_resources(kind).items()
    properties: dict[str, Any] = found["Properties"]
    return properties


def alarm(template: Template, name: str) -> dict[str, Any]:
    """The properties of the alarm *name*, those of the metric behind an expression among them."""
    alarms = template.find_resources("AWS::CloudWatch::Alarm")
    (found,) = [each for key, each in alarms.items() if key.startswith(f"Watchdog{name}")]
    properties: dict[str, Any] = found["Properties"]
    for each in properties.get("Metrics", []):
        if behind := each.get("MetricStat"):
            properties |= {**behind["Metric"], "Period": behind["Period"]}
            properties |= {"Statistic": behind["Stat"]}
        else:
            properties |= {"Expression": each["Expression"]}
    return properties


def permissions(template: Template, policy: str) -> dict[str, Any]:
    """What the role of *policy* may do: each action with its resource, or a list of several."""
    policies = template.find_resources("AWS::IAM::Policy")
    (found,) = [each for name, each in policies.items() if name.startswith(policy)]
    statements = found["Properties"]["PolicyDocument"]["Statement"]
    assert all(isinstance(each["Action"], str) for each in statements), "one action a statement"
    assert all(not isinstance(each["Resource"], list) for each in statements), "one resource"
    assert {each["Effect"] for each in statements} == {"Allow"}
    allowed: dict[str, list[Any]] = {}
    for each in statements:
        assert each["Resource"] not in allowed.setdefault(each["Action"], []), "each once"
        allowed[each["Action"]].append(each["Resource"])
    return {action: each[0] if len(each) == 1 else each for action, each in allowed.items()}


def logical(reference: Any) -> str:
    """The logical id that a Ref or GetAtt points to; text as it is."""
    if isinstance(reference, dict):
        pointed = reference.get("Ref") or reference["Fn::GetAtt"][0]
        return str(pointed)
    return str(reference)
