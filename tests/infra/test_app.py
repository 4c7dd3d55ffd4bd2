"""app.py, and what the checkers of templates find in its output."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from templates import CONTEXT, CONTEXTS

from app import synthesize

ROOT = Path(__file__).parents[2]
LINTERS = ROOT / "build" / "linters" / "bin"
SNAPSHOTS = Path(__file__).parent / "snapshots"
TEMPLATE = "VdmAlerts.template.json"
ACCEPTED_BY_NAG = {
    "AwsSolutions": {"AwsSolutions-IAM5[Resource::*]", "AwsSolutions-L1", "AwsSolutions-SQS3"},
    "Serverless": {
        "Serverless-LambdaDLQ",
        "Serverless-LambdaLatestVersion",
        "Serverless-LambdaTracing",
        "Serverless-SQSRedrivePolicy",
    },
}
"""Findings that are accepted; the reasons are in infra/."""
_FILES = "<FleetFilesBucketC7F96B20.Arn>/executions/*"
_EXECUTIONS = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution"
ACCEPTED_IN_FLEET = {
    "AwsSolutions": {
        *(f"AwsSolutions-IAM5[Resource::{_FILES}/{path}]" for path in ("*", "due/*", "results/*")),
        f"AwsSolutions-IAM5[Resource::{_FILES}/targets.json]",
        f"AwsSolutions-IAM5[Resource::{_EXECUTIONS}:vdm-alerts:*]",
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::*:role/vdm-alerts-reader]",
        "AwsSolutions-S1",
        "AwsSolutions-SF1",
        "AwsSolutions-SF2",
    },
    "Serverless": {"Serverless-EventBusDLQ", "Serverless-StepFunctionStateMachineXray"},
}
"""The findings that are accepted in a fleet in addition."""
ACCEPTED_BY_CHECKOV = {"CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_119", "CKV_AWS_158", "CKV_AWS_173"}
ACCEPTED_WITHOUT_OPTIONS = {"CKV_AWS_26", "CKV_AWS_27", "CKV_AWS_115"}
ACCEPTED_BY_CHECKOV_IN_FLEET = {"CKV_AWS_18", "CKV_AWS_21"}

every_context = pytest.mark.parametrize("name", CONTEXTS)


@dataclass(frozen=True, slots=True)
class Linter:
    """A run of a linter on all templates."""

    code: int
    report: Any
    log: str


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The cloud assembly of each context, synthesized once."""
    folder = tmp_path_factory.mktemp("assemblies")
    for name, context in CONTEXTS.items():
        synthesize(App(context=CONTEXT | context, outdir=str(folder / name)))
    return {name: folder / name for name in CONTEXTS}


@pytest.fixture(scope="session")
def linters(assemblies: Mapping[str, Path]) -> Mapping[str, Linter]:
    """The reports of cfn-lint and checkov, which run at the same time."""
    templates = [str(assembly / TEMPLATE) for assembly in assemblies.values()]
    # W3005 reports a redundant DependsOn that the CDK itself adds.
    cfn_lint = ("--format", "json", "--ignore-checks", "W3005", "--info", "--", *templates)
    checkov = ("--framework", "cloudformation", "--skip-download", "--output", "json")
    commands = {
        "cfn-lint": cfn_lint,
        "checkov": (*checkov, *(option for each in templates for option in ("--file", each))),
    }
    processes = {
        name: subprocess.Popen(
            [LINTERS / name, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name, options in commands.items()
    }
    results = {}
    for name, process in processes.items():
        output, log = process.communicate()
        results[name] = Linter(process.returncode, json.loads(output), log)
    return results


@every_context
def test_template_passes_cdk_nag(assemblies: Mapping[str, Path], name: str) -> None:
    report = json.loads((assemblies[name] / "validation-report.json").read_text())
    plugins = report["pluginReports"]
    assert [(each["conclusion"], each["violations"]) for each in plugins] == [("success", [])] * 2
    # The accepted findings prove that the checks ran.
    assert {
        each["pluginName"]: {finding["ruleName"] for finding in each["suppressedViolations"]}
        for each in plugins
    } == {
        pack: rules | (ACCEPTED_IN_FLEET[pack] if name == "fleet" else set())
        for pack, rules in ACCEPTED_BY_NAG.items()
    }


def test_templates_pass_cfn_lint(linters: Mapping[str, Linter]) -> None:
    cfn_lint = linters["cfn-lint"]
    assert (cfn_lint.code, cfn_lint.report) == (0, [])
    for name in CONTEXTS:
        assert f"{name}/{TEMPLATE}" in cfn_lint.log, "cfn-lint did read the template"
    assert cfn_lint.log.count("Run scan of template") == len(CONTEXTS)


@every_context
def test_template_passes_checkov(linters: Mapping[str, Linter], name: str) -> None:
    results = linters["checkov"].report["results"]
    passed, failed, skipped = (
        [check for check in results[outcome] if f"{name}/{TEMPLATE}" in check["file_path"]]
        for outcome in ("passed_checks", "failed_checks", "skipped_checks")
    )
    assert len(passed) > 30, "checkov did read the template"
    assert [check["check_id"] for check in failed] == []
    assert all(check["check_result"]["suppress_comment"] for check in skipped)
    has_options = name == "everything"
    accepted = ACCEPTED_BY_CHECKOV | (set() if has_options else ACCEPTED_WITHOUT_OPTIONS)
    accepted |= ACCEPTED_BY_CHECKOV_IN_FLEET if name == "fleet" else set()
    assert {check["check_id"] for check in skipped} == accepted


@every_context
def test_template_matches_snapshot(assemblies: Mapping[str, Path], name: str) -> None:
    """`make snapshots` updates the snapshots, so that a commit shows the changes."""
    template = json.loads((assemblies[name] / TEMPLATE).read_text())
    _mask_asset_hash(template)
    snapshot = SNAPSHOTS / f"{name}.json"
    if "WRITE_SNAPSHOTS" in os.environ:
        snapshot.write_text(json.dumps(template, indent=1, sort_keys=True) + "\n")
    assert template == json.loads(snapshot.read_text())


def _mask_asset_hash(template: dict[str, Any]) -> None:
    """Replace what changes with every line of the functions' code."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"]["S3Key"] = "the asset's hash"


def test_app_exits_with_message_when_context_is_invalid(tmp_path: Path) -> None:
    """The context is passed in the environment, as the CDK command line does."""
    environment = {
        **os.environ,
        "CDK_CONTEXT_JSON": json.dumps(CONTEXT | {"emial": "x"}),
        "CDK_OUTDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "emial: is not a context key of VDM Alerts" in done.stderr
    assert "Traceback" not in done.stderr
