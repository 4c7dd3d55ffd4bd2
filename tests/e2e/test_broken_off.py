"""The demo's story on the deployed stack, with runs that meet and runs that are killed."""

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from stage import Stage

from vdm_local.deployment import InvocationFailedError, ReceivedNotification
from vdm_local.scenario import load_scenario
from vdm_local.scenario_run import ScenarioRun

STORY = "local/vdm_local/scenarios/newsletter.toml"
KILLED = """
import os, sys
from vdm_alerts import handler
from vdm_alerts.adapters.aws.sns_notifier import Topic

publish = Topic.publish

def publish_and_die(self, message):
    publish(self, message)
    os._exit(9)

Topic.publish = publish_and_die

class Context:
    def get_remaining_time_in_millis(self):
        return 900_000

handler.lambda_handler({"now": sys.argv[1]}, Context())
"""
"""The function as Lambda runs it, dead as soon as its first message is out."""


def test_the_story_goes_through_whatever_breaks_off(stage: Stage, root: Path) -> None:
    """Two runs at once, one that is killed between telling and remembering, and a retried one."""
    stage.deployed.aws.set_scenario((root / STORY).read_text())
    stage.forget()
    told: list[ReceivedNotification] = []
    for run in load_scenario(root / STORY).runs:
        stage.deployed.aws.set_clock(run.at.isoformat())
        if run.expected_reasons == ("ESCALATED",):
            told += _killed_and_tried_again(stage, run, root)
        else:
            told += _at_once(stage, run)
    said = [(each.document["id"], each.document["sequence"]) for each in told]
    reasons = [each.document["reason"] for each in told]
    twice = reasons.index("ESCALATED")
    assert reasons[twice] == reasons[twice + 1]
    assert said[twice] == said[twice + 1], "so that a receiver can drop it"
    assert told[twice].subject == told[twice + 1].subject
    del said[twice], reasons[twice]
    assert len(set(said)) == len(said)
    assert reasons == [
        each for run in load_scenario(root / STORY).runs for each in run.expected_reasons
    ]


def _at_once(stage: Stage, run: ScenarioRun) -> Sequence[ReceivedNotification]:
    """Have two runs look at the same instant; whichever is turned away is tried again."""
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(_ends, stage, run.at) for _ in range(2)]
    summaries = [each.result() for each in both]
    summaries += [stage.evaluate_series(run.at) for each in summaries if each is None]
    count = sum(summary["notices_told"] for summary in summaries if summary)
    assert count == len(run.expected_reasons), run.story
    return stage.inbox.receive(count)


def _ends(stage: Stage, at: datetime) -> dict[str, Any] | None:
    try:
        return stage.deployed.invoke({"now": at.isoformat()})
    except InvocationFailedError as error:
        assert "another run" in str(error)  # noqa: PT017 - whether it fails is a matter of chance
        return None


def _killed_and_tried_again(
    stage: Stage, run: ScenarioRun, root: Path
) -> Sequence[ReceivedNotification]:
    deployed = stage.deployed
    configured = deployed.client("lambda").get_function_configuration(
        FunctionName=deployed.outputs["FunctionName"]
    )
    done = subprocess.run(
        [sys.executable, "-c", KILLED, run.at.isoformat()],
        cwd=root,
        env={
            **deployed.aws.environment,
            **configured["Environment"]["Variables"],
            "PYTHONPATH": os.pathsep.join(map(str, (root / "lambda",))),
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 9, done.stderr
    first = stage.inbox.receive(1)
    stage.now = run.at
    assert "another run is acting" in stage.fails(), "the dead one still holds the lease"
    lease = {"pk": "lease", "sk": "lease"}
    held = deployed.table.get_item(Key=lease)["Item"]
    run_out = int(held["until"]) - int(timedelta(hours=1).total_seconds())
    deployed.table.put_item(Item={**held, "until": run_out})  # As if the time had passed.
    summary = stage.evaluate_series(run.at)
    assert summary["notices_told"] == 1
    return [*first, *stage.inbox.receive(1)]
