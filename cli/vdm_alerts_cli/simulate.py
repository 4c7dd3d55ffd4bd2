"""Simulation: the notifications that rules produce in a scenario."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.adapters.memory import MemoryNotifier, MemoryReputation, memory_ports
from vdm_alerts.app import evaluate
from vdm_alerts.app.evaluate import Lease, NotificationOptions
from vdm_alerts.core.evaluation.ses_rates import SES_METRICS
from vdm_alerts.core.model.invisible_characters import escape_invisible
from vdm_alerts.core.model.rates import SesRate
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.in_process_ses import SimulatedClock, in_process_client
from vdm_alerts_cli.parameter_store import ParameterStore
from vdm_alerts_cli.rule_files import read_rules
from vdm_alerts_cli.terminal import SEVERITY_COLORS, Terminal, render_email
from vdm_local.account import ACCOUNT, REGION
from vdm_local.endpoint import Endpoint
from vdm_local.quota import Quota
from vdm_local.scenario import Scenario, load_scenario
from vdm_local.scenario_run import SERVICE, ScenarioRun

_LEASE_DURATION = timedelta(minutes=15)
_FRAME = 4
"""Columns that the frame of an email takes."""
_TIME_COLUMN = 18
"""Columns that the time of a run takes, with the space after it."""
_MIN_WIDTH_OF_COLUMNS = 72
"""Columns of a terminal in which emails fit beside the times. Otherwise, they are below them."""


@dataclass(frozen=True)
class SimulatedRun:
    """The result of one run of a scenario."""

    run: ScenarioRun
    """The run, and what the scenario expects of it."""
    summary: RunReport
    """The report that the function would log."""
    messages: Sequence[Message]
    """The notifications that the run sent."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reason of each notification."""
        return tuple(message.attributes.get("reason", SERVICE) for message in self.messages)


def simulate(scenario: Scenario, rules: Mapping[str, str]) -> Iterator[SimulatedRun]:
    """Yield each run of *scenario* with *rules*, which are texts by name.

    The evaluator reads SES through its own adapters, and an endpoint in this process responds as
    the scenario says. State and notifications stay in memory. The scenario can change the rules.
    """
    parameters, notifier = ParameterStore(rules, REGION), MemoryNotifier()
    endpoint = Endpoint(scenario)
    # Each call gets a second of its own, so that SES throttles none.
    endpoint.quota = Quota(count().__next__)
    client, clock = in_process_client(endpoint), SimulatedClock()
    ports = replace(
        memory_ports(),
        rules=parameters.rules(),
        silences=parameters.silences(),
        account=SesAccount(client, clock),
        series=SesMetrics(client, RateLimiter(clock)),
        reputation=_reputation(scenario),
        notifier=notifier,
    )
    for run in scenario.runs:
        endpoint.now, endpoint.scenario = run.at, scenario.for_run(run)
        parameters.write(run.rules, run.silences)
        lease, target = Lease(run.at, run.at + _LEASE_DURATION), Target(ACCOUNT, REGION)
        if run.weekly_summary:
            ports.store.request_summary(target, run.at.date())
        summary = evaluate.run(
            ports,
            target,
            run.at,
            lease,
            options=NotificationOptions(scenario.quiet_hours, scenario.no_email_after),
        )
        yield SimulatedRun(run, summary, tuple(notifier.sent))
        notifier.sent.clear()


def _reputation(scenario: Scenario) -> MemoryReputation:
    """Return a source of the rates that SES reports in *scenario*."""
    reported = scenario.ses_rates
    return MemoryReputation(
        {
            indicator: [SesRate(rate, at) for at, rate in reported[metric]]
            for indicator, metric in SES_METRICS.items()
        }
    )


def print_scenarios(paths: Sequence[Path], rules: Path, *, emails: bool) -> bool:
    """Simulate the scenarios at *paths* with the rules in the folder *rules*, and print the result.

    With *emails*, print whole emails instead of their subjects. Return whether every run sent the
    notifications that its scenario expects. A scenario without expectations is only printed.
    Raises InvalidScenarioError, InvalidInputError or UnreadableFileError.
    """
    console, rule_texts = Terminal(), read_rules(rules)
    logging.disable(logging.CRITICAL)  # The log lines of the function are not notifications.
    try:
        results = [_print_scenario(console, path, rule_texts, emails=emails) for path in paths]
    finally:
        logging.disable(logging.NOTSET)
    return all(results)


def _print_scenario(
    console: Terminal, path: Path, rules: Mapping[str, str], *, emails: bool
) -> bool:
    """Print each run, and return whether every run met the expectations of the scenario."""
    scenario = load_scenario(path)
    if not scenario.runs:
        raise InvalidInputError(
            f"{path}: has no [[run]]. Add a run, for example [[run]] with the key "
            "at = 2026-03-10T09:00:00Z."
        )
    has_expectations, as_expected = any(run.has_expected_reasons for run in scenario.runs), True
    console.print(Text(escape_invisible(str(path)), "bold", overflow="fold"))
    for result in simulate(scenario, rules):
        _print_run(console, result, emails=emails)
        if has_expectations and result.reasons != result.run.expected_reasons:
            as_expected = False
            expected, actual = _listed(result.run.expected_reasons), _listed(result.reasons)
            console.print(f"expected: {expected}; sent: {actual}", style="bold red")
    console.print()
    return as_expected


def _listed(reasons: Sequence[str]) -> str:
    return ", ".join(reasons) or "no notification"


def _print_run(console: Terminal, result: SimulatedRun, *, emails: bool) -> None:
    has_columns = console.width >= _MIN_WIDTH_OF_COLUMNS
    width = console.width - _FRAME - (_TIME_COLUMN if has_columns else 0)
    lines: list[RenderableType] = [Text(result.run.story)]
    if not result.messages:
        lines.append(Text("no notification", "dim"))
    for message in result.messages:
        color = SEVERITY_COLORS[message.attributes["severity"]]
        subject = message.subject.removesuffix(f" - {ACCOUNT} {REGION}")  # The same in each one.
        if emails:
            email = render_email(subject, message.text, width)
            lines.append(Panel(email, border_style=color, expand=False))
        else:
            lines.append(Text(subject, color))
    time = f"{result.run.at:%a %d %b %H:%M}"
    if has_columns:
        columns = Table.grid(padding=(0, 2))
        columns.add_column(no_wrap=True)
        columns.add_column(overflow="fold")  # Otherwise, rich cuts long addresses.
        columns.add_row(time, Group(*lines))
        console.print(columns)
    else:
        console.print(time, *lines, sep="\n")
