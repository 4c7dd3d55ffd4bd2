"""A scenario told in this process: the real reader and the shipped rules, the rest in memory."""

from pathlib import Path

import boto3
from builders import LEASE, ORIGIN
from fakes import FakeStore, World

from vdm_alerts.aws.account import SesAccount
from vdm_alerts.aws.vdm import Vdm
from vdm_alerts.core.config import parse_rule
from vdm_alerts.core.shipped import FOLDER
from vdm_alerts.core.telling.messages import Message
from vdm_alerts.ports import Memory, Summary
from vdm_alerts.run import run
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import Run, load_scenario
from vdm_local.server import serving

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "local" / "vdm_local" / "scenarios"


def tell(path: Path) -> list[tuple[Run, Summary, list[Message]]]:
    """Return each run of the scenario at *path* with its summary and the messages it sent."""
    scenario = load_scenario(path)
    endpoint = Endpoint(scenario)
    rules = [
        parse_rule(file.stem, file.read_text(), f"/vdm-alerts/rules/{FOLDER}/{file.stem}")
        for file in sorted((ROOT / "rules").glob("*.toml"))
    ]
    world = World(store=FakeStore(Memory())).knows(*rules)
    told = []
    with serving(endpoint) as url:
        client = boto3.client("sesv2", endpoint_url=url)
        world.account, world.series = SesAccount(client), Vdm(client)  # type: ignore[assignment]
        for each in scenario.runs:
            endpoint.now = each.at
            summary = run(world.ports, ORIGIN, each.at, LEASE)
            told.append((each, summary, list(world.notifier.sent)))
            world.notifier.sent.clear()
    return told
