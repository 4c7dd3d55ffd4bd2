"""The commands about the deployed stack: history, silences, test notification and evidence."""

import json
import subprocess
import sys
from pathlib import Path

from commands import ROOT
from deployed_stack import DeployedStack

from vdm_alerts_cli.clock import VARIABLE
from vdm_local.scenario import load_scenario

SCENARIO = Path(__file__).parents[2] / "local/vdm_local/scenarios/newsletter.toml"


def vdm_alerts(stack: DeployedStack, *arguments: str, status: int = 0) -> str:
    """Run `vdm-alerts` against the local AWS of *stack*, as of its last run; return its output."""
    done = subprocess.run(
        [sys.executable, "-m", "vdm_alerts_cli", *arguments],
        cwd=ROOT,
        env={**stack.aws.environment, VARIABLE: stack.now.isoformat()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout


def test_operator_follows_an_incident(stack: DeployedStack) -> None:
    stack.aws.set_scenario(SCENARIO.read_text())
    stack.delete_state()
    for run in load_scenario(SCENARIO).runs[:3]:
        stack.run(at=run.at, **run.event)

    changes = json.loads(vdm_alerts(stack, "history", "--since", "60d", "--verify", "-o", "json"))
    assert {change["verification"] for change in changes} == {"same"}
    assert "news.example.com" in str(changes)

    silence = ("--rule", "bounce-*", "--for", "2h", "--reason", "We know", "--author", "ops")
    vdm_alerts(stack, "silence", "add", "--id", "e2e", *silence)
    vdm_alerts(stack, "silence", "add", "--id", "e2e", *silence, status=1)
    assert vdm_alerts(stack, "silence", "list", "-o", "ids") == "e2e\n"
    report = stack.invoke()
    assert report["alerts_warning_silenced"] + report["alerts_critical_silenced"] > 0
    vdm_alerts(stack, "silence", "end", "e2e")
    assert vdm_alerts(stack, "silence", "list", "-o", "ids") == ""
    stack.deployment.client("ssm").delete_parameter(
        Name=f"{stack.deployment.outputs['SilencesPath']}/e2e"
    )

    tested = json.loads(vdm_alerts(stack, "test-alert", "-o", "json"))
    (notification,) = stack.inbox.receive(1)
    assert notification.document["id"] == tested["test"]
    assert notification.subject.startswith("[TEST] ")
    assert "email" in {each["protocol"] for each in tested["subscriptions"] if each["gets_test"]}

    evidence = vdm_alerts(stack, "evidence", "--days", "5", "--quota-share", "100%")
    assert "bounce-rate, news.example.com: Firing" in evidence
    assert "[TO FILL IN: What caused the bounces or complaints" in evidence
