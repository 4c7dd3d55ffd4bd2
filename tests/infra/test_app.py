"""app.py as the CDK calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def synth(root: Path, out: Path, **context: object) -> subprocess.CompletedProcess[str]:
    """Synthesize as the CDK does, without the network: the context goes in by the environment."""
    of_cdk_json = json.loads((root / "cdk.json").read_text())["context"]
    given = of_cdk_json | {"aws:cdk:bundling-stacks": []} | context
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=root,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps(given), "CDK_OUTDIR": str(out)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_synthesizes_clean_under_cdk_nag(root: Path, tmp_path: Path) -> None:
    done = synth(root, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "VdmAlerts.template.json").exists()
    (report,) = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    assert (report["pluginName"], report["conclusion"]) == ("AwsSolutions", "success")
    assert report["violations"] == []
    # What was acknowledged shows that the checks did look, and at what.
    assert {each["ruleName"] for each in report["suppressedViolations"]} == {
        "AwsSolutions-IAM5[Resource::*]",
        "AwsSolutions-L1",
        "AwsSolutions-SQS3",
    }


@pytest.mark.parametrize("key", ["emial", "colour"])
def test_an_unknown_context_key_is_an_error_in_words(root: Path, tmp_path: Path, key: str) -> None:
    done = synth(root, tmp_path, **{key: "x"})
    assert done.returncode == 1
    assert f"{key}: is not a context key of VDM Alerts" in done.stderr
    assert "Traceback" not in done.stderr
