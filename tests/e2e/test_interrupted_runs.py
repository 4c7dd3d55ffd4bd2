"""The scenario of the demo on the deployed stack, with concurrent, killed and retried runs."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from deployed_stack import DeployedStack

from vdm_local.deployment import InvocationFailedError, ReceivedNotification
from vdm_local.scenario import load_scenario
from vdm_local.scenario_run import ScenarioRun

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "local/vdm_local/scenarios/newsletter.toml"
KILLED_RUN = """
import os, sys
from vdm_alerts.adapters.aws.sns_notifier import SnsNotifier
from vdm_alerts.handlers import evaluate

publish = SnsNotifier.publish

def publish_and_die(self, message):
    publish(self, message)
    os._exit(9)

SnsNotifier.publish = publish_and_die

class Context:
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self):
        return 900_000

evaluate.lambda_handler({"now": sys.argv[1]}, Context())
"""
"""The function as Lambda runs it, in a process that ends right after its first publish."""

SKIPPED = {"skipped": "another run is active"}
"""The result of an invocation while another run acts."""


def test_every_notification_is_sent_when_runs_overlap_or_are_killed(stack: DeployedStack) -> None:
    """Every run is started twice at a time; one is killed after it published, and retried.

    Only the notification of the killed run is sent twice, with the same id and sequence number,
    so that a receiver can drop it.
    """
    stack.aws.set_scenario(SCENARIO.read_text())
    stack.delete_state()
    notifications: list[ReceivedNotification] = []
    runs = load_scenario(SCENARIO).runs
    for run in runs:
        stack.aws.set_clock(run.at.isoformat())
        if run.expected_reasons == ("ESCALATED",):
            notifications += _run_killed_and_retried(stack, run)
        else:
            notifications += _run_twice_at_a_time(stack, run)
    sent = [(each.document["id"], each.document["sequence"]) for each in notifications]
    reasons = [each.document["reason"] for each in notifications]
    repeated = reasons.index("ESCALATED")
    assert reasons[repeated] == reasons[repeated + 1]
    assert sent[repeated] == sent[repeated + 1]
    assert notifications[repeated].subject == notifications[repeated + 1].subject
    del sent[repeated], reasons[repeated]
    assert len(set(sent)) == len(sent)
    assert reasons == [reason for run in runs for reason in run.expected_reasons]
    assert len(stack.aws.emails()) == stack.inbox.received_count


def _run_twice_at_a_time(stack: DeployedStack, run: ScenarioRun) -> Sequence[ReceivedNotification]:
    """Start two runs for the same time.

    A run that finds the other one acting ends quietly. One that the other overtook is retried.
    """
    with ThreadPoolExecutor(2) as threads:
        pending = [threads.submit(_report_unless_rejected, stack, run) for _ in range(2)]
    reports = [each.result() for each in pending]
    reports += [stack.deployment.invoke(run.event) for report in reports if report is None]
    count = sum(report.get("notifications_sent", 0) for report in reports if report)
    if not run.weekly_summary:  # One more run may follow, whose report replaces that of the first.
        assert count == len(run.expected_reasons), run.story
    return stack.inbox.receive(len(run.expected_reasons))


def _report_unless_rejected(stack: DeployedStack, run: ScenarioRun) -> dict[str, Any] | None:
    try:
        return stack.deployment.invoke(run.event)
    except InvocationFailedError as error:
        assert "another run" in str(error)  # noqa: PT017 - whether a run is rejected is chance
        return None


def _run_killed_and_retried(
    stack: DeployedStack, run: ScenarioRun
) -> Sequence[ReceivedNotification]:
    deployment = stack.deployment
    configuration = deployment.client("lambda").get_function_configuration(
        FunctionName=deployment.outputs["FunctionName"]
    )
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, run.at.isoformat()],
        cwd=ROOT,
        env={
            **stack.aws.environment,
            **configuration["Environment"]["Variables"],
            "PYTHONPATH": str(ROOT / "lambda"),
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert killed.returncode == 9, killed.stderr
    first = stack.inbox.receive(1)
    assert stack.invoke(run.at) == SKIPPED, "the killed run still holds the lease"
    stack.expire_lease()
    report = stack.invoke(run.at)
    assert report["notifications_sent"] == 1
    return [*first, *stack.inbox.receive(1)]
