"""What would be told: scenarios, played in this process against rules, and what they expect."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import Vdm
from vdm_alerts.app.evaluate import Lease, run
from vdm_alerts.bootstrap import quick_session
from vdm_alerts.core.model.target import Origin
from vdm_alerts.core.muting.quiet_hours import parse_quiet_hours
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_report import Summary
from vdm_alerts.ports import Ports
from vdm_alerts_cli.in_memory import Inbox, MemoryRosters, MemoryStore, NoRecord, Parameters
from vdm_alerts_cli.reader import COLOURS, mail
from vdm_local.account import ACCOUNT, REGION
from vdm_local.cdk import ROOT
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import Scenario, load_scenario
from vdm_local.scenario_run import ScenarioRun
from vdm_local.server import serving

RULES = ROOT / "rules"
"""The rules that ship."""
SERVICE = "SERVICE"
"""What a scenario expects where a message is about the service itself, which has no reason."""
_LASTS = timedelta(minutes=15)
_MARGIN = 22
"""What the instant and a frame take of the width."""


class Unplayable(Exception):
    """A scenario, or the rules, cannot be played; the message says why."""


@dataclass(frozen=True)
class Played:
    """One *run* of a scenario, in numbers, and the *messages* that it sent."""

    run: ScenarioRun
    summary: Summary
    messages: Sequence[Message]

    @property
    def told(self) -> tuple[str, ...]:
        """The reason of each message."""
        return tuple(one.attributes.get("reason", SERVICE) for one in self.messages)


def texts_in(folder: Path) -> Mapping[str, str]:
    """Return the text of each rule in *folder*, a TOML file each, by its name.

    Raises Unplayable where there is none, or one is no text.
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise Unplayable(f"{folder}: there is no rule in it, a file whose name ends in .toml")
    try:
        return {file.stem: file.read_text("utf-8") for file in files}
    except UnicodeDecodeError as error:
        raise Unplayable(f"{folder}: a rule is no text in UTF-8: {error}") from error


def play(scenario: Scenario, rules: Mapping[str, str]) -> Iterator[Played]:
    """Yield each run of *scenario*, by *rules*, texts by name, until the scenario edits them.

    Mail is read as the function reads it, from an SES on the loopback interface that follows the
    scenario; what is remembered and told stays in memory.
    """
    parameters, inbox = Parameters(rules, REGION), Inbox()
    store, rosters = MemoryStore(), MemoryRosters()
    quiet_hours = parse_quiet_hours(scenario.quiet_hours)
    endpoint = Endpoint(scenario)
    with serving(endpoint) as url:
        client = quick_session().client(
            "sesv2",
            region_name=REGION,
            endpoint_url=url,
            aws_access_key_id="none",
            aws_secret_access_key="none",  # noqa: S106 - it signs for nobody
        )
        ports = Ports(
            rules=parameters.rules(),
            silences=parameters.silences(),
            account=SesAccount(client),
            series=Vdm(client),
            rosters=rosters,
            store=store,
            notifier=inbox,
            recorder=NoRecord(),
        )
        for each in scenario.runs:
            endpoint.now, endpoint.scenario = each.at, scenario.for_run(each)
            parameters.write(each.rules, each.silences)
            lease, origin = Lease(each.at, each.at + _LASTS), Origin(ACCOUNT, REGION)
            summary = run(ports, origin, each.at, lease, quiet_hours=quiet_hours)
            yield Played(each, summary, inbox.taken())


def simulate(paths: Sequence[Path], rules: Path, *, mails: bool) -> bool:
    """Play the scenarios at *paths* by the rules in the folder *rules*, and show what is told.

    With *mails* as a reader would get it, else a line each. Return whether every run told what its
    scenario expects; one without a word of that is only shown. Raises BadScenario, Unplayable or
    OSError.
    """
    console, texts = Console(highlight=False), texts_in(rules)
    logging.disable(logging.CRITICAL)  # What the function would log is not what people are told.
    try:
        differing = [path for path in paths if not _is_as_expected(console, path, texts, mails)]
    finally:
        logging.disable(logging.NOTSET)
    return not differing


def _is_as_expected(console: Console, path: Path, texts: Mapping[str, str], mails: bool) -> bool:
    scenario = load_scenario(path)
    _require_playable(scenario, path)
    expects, as_expected = any(each.has_expected_reasons for each in scenario.runs), True
    console.print(Text(str(path), "bold"))
    for played in play(scenario, texts):
        _show(console, played, mails=mails)
        if expects and played.told != played.run.expected_reasons:
            as_expected = False
            wanted, got = (_listed(each) for each in (played.run.expected_reasons, played.told))
            console.print(f"expected: {wanted}; told: {got}", style="bold red")
    console.print()
    return as_expected


def _require_playable(scenario: Scenario, path: Path) -> None:
    instants = [each.at for each in scenario.runs]
    if not instants:
        raise Unplayable(f"{path}: there is no [[run]] in it, an instant to look at")
    for earlier, later in pairwise(instants):
        if later < earlier:
            raise Unplayable(f"{path}: a run at {later} comes after one at {earlier}")
    try:
        parse_quiet_hours(str(scenario.quiet_hours))
    except ValueError as error:
        raise Unplayable(f"{path}: quiet_hours: {error}") from error


def _listed(reasons: Sequence[str]) -> str:
    return ", ".join(reasons) or "nothing"


def _show(console: Console, played: Played, *, mails: bool) -> None:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_row(f"{played.run.at:%a %d %b %H:%M}", Text(played.run.story))
    if not played.messages:
        rows.add_row("", Text("nothing is said", "dim"))
    for one in played.messages:
        colour = COLOURS[one.attributes["severity"]]
        news = one.subject.removesuffix(f" - {ACCOUNT} {REGION}")  # It is the same everywhere.
        width = console.width - _MARGIN
        whole = Panel(mail(news, one.text, width), border_style=colour, expand=False)
        rows.add_row("", whole if mails else Text(news, colour))
    console.print(rows)
