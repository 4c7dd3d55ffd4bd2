"""app.py as the CDK calls it, and what the checkers of templates say of what comes out."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from templates import CHOICES, CONTEXT

ROOT = Path(__file__).parents[2]
LINTERS = ROOT / "build" / "linters" / "bin"
SNAPSHOTS = Path(__file__).parent / "snapshots"
NAG = {
    "AwsSolutions": {"AwsSolutions-IAM5[Resource::*]", "AwsSolutions-L1", "AwsSolutions-SQS3"},
    "Serverless": {
        "Serverless-LambdaDLQ",
        "Serverless-LambdaLatestVersion",
        "Serverless-LambdaTracing",
        "Serverless-SQSRedrivePolicy",
    },
}
"""What stays as it is, with a reason beside it in infra/."""
CHECKOV = {"CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_119", "CKV_AWS_158", "CKV_AWS_173"}
WITHOUT_A_KEY = {"CKV_AWS_26", "CKV_AWS_27"}


def synth(out: Path, chosen: Mapping[str, object]) -> subprocess.CompletedProcess[str]:
    """Synthesize as the CDK does, without the network: the context goes in by the environment."""
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps(CONTEXT | chosen),
            "CDK_OUTDIR": str(out),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module", params=CHOICES)
def assembly(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """What app.py makes of some choices: what they are called, and the folder it is in."""
    out = tmp_path_factory.mktemp("assembly")
    done = synth(out, CHOICES[request.param])
    assert done.returncode == 0, done.stderr
    return request.param, out


def test_it_is_clean_under_cdk_nag(assembly: tuple[str, Path]) -> None:
    _, out = assembly
    reports = json.loads((out / "validation-report.json").read_text())["pluginReports"]
    for report in reports:
        assert (report["conclusion"], report["violations"]) == ("success", [])
    # What was acknowledged shows that the checks did look, and at what.
    assert {
        report["pluginName"]: {each["ruleName"] for each in report["suppressedViolations"]}
        for report in reports
    } == NAG


def test_it_is_clean_under_cfn_lint(assembly: tuple[str, Path]) -> None:
    _, out = assembly
    # W3005 is a DependsOn of the CDK's own that is not needed.
    options = ("--format", "json", "--ignore-checks", "W3005", "--info")
    command = [str(LINTERS / "cfn-lint"), *options, "--", str(out / "VdmAlerts.template.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert "Run scan of template" in done.stderr, "it did look"


def test_it_is_clean_under_checkov(assembly: tuple[str, Path]) -> None:
    name, out = assembly
    options = ("--framework", "cloudformation", "--skip-download", "--output", "json")
    command = [str(LINTERS / "checkov"), *options, "--file", str(out / "VdmAlerts.template.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 30, "it did look"
    assert [each["check_id"] for each in report["results"]["failed_checks"]] == []
    skipped = report["results"]["skipped_checks"]
    assert all(each["check_result"]["suppress_comment"] for each in skipped)
    expected = CHECKOV if name == "everything" else CHECKOV | WITHOUT_A_KEY
    assert {each["check_id"] for each in skipped} == expected


def test_the_template_is_the_one_that_was_last_looked_at(assembly: tuple[str, Path]) -> None:
    """`make snapshots` writes them anew; what has changed then shows in the commit."""
    name, out = assembly
    found = json.loads((out / "VdmAlerts.template.json").read_text())
    _mask(found)
    snapshot = SNAPSHOTS / f"{name}.json"
    if "WRITE_SNAPSHOTS" in os.environ:
        snapshot.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert found == json.loads(snapshot.read_text())


def _mask(template: dict[str, Any]) -> None:
    """Take out of *template* what changes with every line of the function's code."""
    (function,) = (
        each for each in template["Resources"].values() if each["Type"] == "AWS::Lambda::Function"
    )
    function["Properties"]["Code"]["S3Key"] = "the asset's hash"


@pytest.mark.parametrize("key", ["emial", "colour"])
def test_an_unknown_context_key_is_an_error_in_words(tmp_path: Path, key: str) -> None:
    done = synth(tmp_path, {key: "x"})
    assert done.returncode == 1
    assert f"{key}: is not a context key of VDM Alerts" in done.stderr
    assert "Traceback" not in done.stderr
