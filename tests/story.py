"""A scenario told in this process: the real reader and the shipped rules, the rest in memory."""

from collections.abc import Mapping
from pathlib import Path

import boto3
from builders import LEASE, ORIGIN
from fakes import FakeStore, World

from vdm_alerts.aws.account import SesAccount
from vdm_alerts.aws.vdm import Vdm
from vdm_alerts.core.quiet_hours import parse_quiet_hours
from vdm_alerts.core.shipped import FOLDER
from vdm_alerts.core.silences import Silences, parse_silence
from vdm_alerts.core.telling.messages import Message
from vdm_alerts.ports import Memory, Summary
from vdm_alerts.run import run
from vdm_local.endpoint import Endpoint
from vdm_local.runs import Run
from vdm_local.scenario import load_scenario
from vdm_local.server import serving

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "local" / "vdm_local" / "scenarios"


def tell(path: Path) -> list[tuple[Run, Summary, list[Message]]]:
    """Return each run of the scenario at *path* with its summary and the messages it sent."""
    scenario = load_scenario(path)
    endpoint = Endpoint(scenario)
    shipped = {file.stem: file.read_text() for file in sorted((ROOT / "rules").glob("*.toml"))}
    silences: dict[str, str] = {}
    world = World(store=FakeStore(Memory())).writes(shipped, FOLDER)
    quiet_hours = parse_quiet_hours(scenario.quiet_hours)
    told = []
    with serving(endpoint) as url:
        client = boto3.client("sesv2", endpoint_url=url)
        world.account, world.series = SesAccount(client), Vdm(client)  # type: ignore[assignment]
        for each in scenario.runs:
            endpoint.now, endpoint.scenario = each.at, scenario.at(each)
            world.writes(each.rules, FOLDER)
            silences |= each.silences
            world.silences.kept = _silences(silences)
            summary = run(world.ports, ORIGIN, each.at, LEASE, quiet_hours=quiet_hours)
            told.append((each, summary, list(world.notifier.sent)))
            world.notifier.sent.clear()
    return told


def _silences(texts: Mapping[str, str]) -> Silences:
    """Return the silences of *texts*, of which an empty one is there no more."""
    return Silences(
        [
            parse_silence(name, text, f"/vdm-alerts/silences/{name}")
            for name, text in texts.items()
            if text
        ],
        region=ORIGIN.region,
    )
