"""The demo's story, told in this process: the real reader and rules, the rest in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from builders import LEASE, ORIGIN
from fakes import World

from vdm_alerts.aws.account import SesAccount
from vdm_alerts.aws.vdm import Vdm
from vdm_alerts.core.config import parse_rule
from vdm_alerts.run import run
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import Scenario, load_scenario
from vdm_local.server import serving

SCENARIOS = Path(__file__).parents[2] / "local" / "vdm_local" / "scenarios"


@contextmanager
def ses(scenario: Scenario) -> Iterator[tuple[Endpoint, World]]:
    endpoint = Endpoint(scenario)
    with serving(endpoint) as url:
        client = boto3.client("sesv2", endpoint_url=url)
        world = World()
        world.account, world.series = SesAccount(client), Vdm(client)  # type: ignore[assignment]
        yield endpoint, world


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_run_of_a_scenario_tells_what_it_says_it_tells(path: Path, root: Path) -> None:
    scenario = load_scenario(path)
    rules = [
        parse_rule(file.stem, file.read_text(), file.name)
        for file in sorted((root / "rules").glob("*.toml"))
    ]
    with ses(scenario) as (endpoint, world):
        world.knows(*rules)
        for each in scenario.runs:
            endpoint.now = each.at
            before = len(world.notifier.sent)
            summary = run(world.ports, ORIGIN, each.at, LEASE)
            told = tuple(m.attributes["reason"] for m in world.notifier.sent[before:])
            assert told == each.tells, each.story
            assert (summary.series_unknown, summary.findings) == (0, 0)


def test_the_demos_story_has_each_kind_of_message_once_and_silent_runs_between() -> None:
    runs = load_scenario(SCENARIOS / "newsletter.toml").runs
    told = [reason for run in runs for reason in run.tells]
    assert told == ["FIRING", "ESCALATED", "RESOLVED", "FIRING"]
    assert sum(not run.tells for run in runs) >= 5
