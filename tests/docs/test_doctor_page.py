"""docs/doctor.md describes each check, and docs/assumptions.md names those that settle a row."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from vdm_alerts_cli.doctor.catalog import CHECKS
from vdm_alerts_cli.doctor.check import Check, Severity, Topic

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "doctor.md").read_text("utf-8")
ASSUMPTIONS = (ROOT / "docs" / "assumptions.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### ([\w-]+)\n\n(.*?)(?=\n#|\Z)", PAGE, re.MULTILINE | re.DOTALL))
PREFIXES = {"stepfunctions": "states", "sesv2": "ses"}
CALLED_BY_ADAPTERS = {
    "ses:ListEmailIdentities",
    "ses:ListConfigurationSets",
    "ses:ListTenants",
    "dynamodb:Query",
    "ssm:GetParametersByPath",
}
"""Actions that the doctor calls through adapters of the function, too."""


def test_page_has_a_section_for_each_check_in_the_same_order() -> None:
    assert list(SECTIONS) == [check.id for check in CHECKS]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_section_begins_with_the_severity(check: Check) -> None:
    begins = SECTIONS[check.id].split(".")[0]
    if check.severity is Severity.INFO:
        assert begins not in {"Error", "Warning"}
    else:
        assert begins == check.severity.capitalize()


def test_assumptions_name_each_check_that_settles_them() -> None:
    settling = {check.id for check in CHECKS if check.settles_assumption}
    assert set(re.findall(r"\]\(doctor\.md#([\w-]+)\)", ASSUMPTIONS)) == settling
    assert {check.id for check in CHECKS if check.topic is Topic.VDM} <= settling


def called_actions() -> Iterator[str]:
    """Yield each action in the code of the doctor: a service and a method in the same call."""
    session = botocore.session.Session()
    services = {*session.get_available_services()}
    for file in (ROOT / "cli/vdm_alerts_cli/doctor").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "aws_command":
                continue  # The doctor only prints these.
            texts = [
                each.value
                for each in ast.iter_child_nodes(node)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
            if isinstance(node, ast.Call | ast.Tuple) and len(texts) > 1 and texts[0] in services:
                yield from _action(session, *texts[:2])


def _action(session: botocore.session.Session, service: str, method: str) -> Iterator[str]:
    for operation in session.get_service_model(service).operation_names:
        if xform_name(operation) == method:
            yield f"{PREFIXES.get(service, service)}:{operation}"


def test_page_lists_each_action_that_the_doctor_calls() -> None:
    permissions = PAGE.split("\n## Permissions\n")[1].split("\n## ")[0]
    listed = set(re.findall(r"`([a-z0-9]+:\w+)`", permissions))
    assert listed == {*called_actions()} | CALLED_BY_ADAPTERS
