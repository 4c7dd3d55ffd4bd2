"""Simulation: the notifications that rules produce in a scenario."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.adapters.memory import MemoryReputation, memory_ports
from vdm_alerts.app.evaluate import NotificationOptions
from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.evaluation.ses_rates import SES_METRICS
from vdm_alerts.core.model.rates import SesRate
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.wording import enumeration, number_of
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.files import write_file
from vdm_alerts_cli.in_process_ses import SimulatedClock, in_process_client
from vdm_alerts_cli.junit import junit_xml
from vdm_alerts_cli.output import warn
from vdm_alerts_cli.parameter_store import ParameterStore
from vdm_alerts_cli.replay import Replay, without_log
from vdm_alerts_cli.rule_files import read_rules
from vdm_alerts_cli.simulated_run import ScenarioResult, SimulatedRun
from vdm_alerts_cli.simulation_output import print_difference, print_scenario
from vdm_alerts_cli.terminal import Terminal
from vdm_local.account import ACCOUNT, REGION
from vdm_local.endpoint import Endpoint
from vdm_local.quota import Quota
from vdm_local.scenario import InvalidScenarioError, Scenario, load_scenario
from vdm_local.text_file import UnreadableFileError


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """How scenarios are simulated, and what is shown."""

    rules: Path
    """The folder of the rules."""
    emails: bool = False
    """Whether whole emails are shown instead of their subjects."""
    diff: bool = False
    """Whether only the differences from the expectations are shown."""
    junit: Path | None = None
    """The file for the results as JUnit XML; None for no file."""


def simulate(scenario: Scenario, rules: Mapping[str, str]) -> Iterator[SimulatedRun]:
    """Yield each run of *scenario* with *rules*, which are texts by name.

    The evaluator reads SES through its own adapters, and an endpoint in this process responds as
    the scenario says. State and notifications stay in memory. The scenario can change the rules.
    """
    parameters = ParameterStore(rules, REGION)
    endpoint = Endpoint(scenario)
    # Each call gets a second of its own, so that SES throttles none.
    endpoint.quota = Quota(count().__next__)
    client, clock = in_process_client(endpoint), SimulatedClock()
    sources = replace(
        memory_ports(),
        rules=parameters.rules(),
        silences=parameters.silences(),
        account=SesAccount(client, clock),
        series=SesMetrics(client, RateLimiter(clock)),
        reputation=_reputation(scenario),
    )
    options = NotificationOptions(scenario.quiet_hours, scenario.no_email_after)
    replay = Replay(sources, Target(ACCOUNT, REGION), options)
    for run in scenario.runs:
        endpoint.now, endpoint.scenario = run.at, scenario.for_run(run)
        parameters.write(run.rules, run.silences)
        if run.weekly_summary:
            replay.request_summary(run.at.date())
        replayed = replay.run(run.at)
        firing = {key.rule for key, each in replay.alerts.items() if isinstance(each.state, Firing)}
        yield SimulatedRun(run, replayed.report, replayed.messages, frozenset(firing))


def _reputation(scenario: Scenario) -> MemoryReputation:
    """Return a source of the rates that SES reports in *scenario*."""
    reported = scenario.ses_rates
    return MemoryReputation(
        {
            indicator: [SesRate(rate, at) for at, rate in reported[metric]]
            for indicator, metric in SES_METRICS.items()
        }
    )


def run_simulate(paths: Sequence[Path], options: SimulateOptions) -> ExitStatus:
    """Simulate the scenarios at *paths*, and print the results.

    An invalid scenario is reported, and the others are simulated. Raises InvalidInputError or
    UnreadableFileError if the rules are unreadable.
    """
    console, rules = Terminal(), read_rules(options.rules)
    results = []
    for path in paths:
        with without_log():
            result = run_scenario(path, rules)
        results.append(result)
        if result.error:
            warn(result.error)
        elif options.diff:
            print_difference(console, result)
        else:
            print_scenario(console, result, emails=options.emails)
    if len(paths) > 1 or options.junit:
        for line in _summary(results, rules):
            warn(line)
    return ExitStatus.of(
        invalid=any(result.error for result in results),
        found=any(result.unexpected for result in results),
        unread=options.junit is not None and not _write_junit(options.junit, results),
    )


def run_scenario(path: Path, rules: Mapping[str, str]) -> ScenarioResult:
    """Return the result of the scenario at *path* with *rules*. Its error says if it is invalid."""
    started = time.monotonic()
    try:
        scenario = load_scenario(path)
    except (InvalidScenarioError, UnreadableFileError) as error:
        return ScenarioResult(path, error=str(error))
    if not scenario.runs:
        example = "[[run]] with the key at = 2026-03-10T09:00:00Z"
        error_text = f"{path}: has no [[run]]. Add a run, for example {example}."
        return ScenarioResult(path, error=error_text)
    runs = tuple(simulate(scenario, rules))
    return ScenarioResult(path, runs, time.monotonic() - started)


def _summary(results: Sequence[ScenarioResult], rules: Mapping[str, str]) -> Iterator[str]:
    """Yield how many scenarios are as expected, and which of *rules* none of them fires."""
    invalid = sum(bool(result.error) for result in results)
    unexpected = sum(bool(result.unexpected) for result in results)
    yield (
        f"{number_of('scenario', len(results))}: {unexpected} with unexpected notifications, "
        f"{invalid} invalid."
    )
    fired = {rule for result in results for run in result.runs for rule in run.firing_rules}
    if unfired := [name for name in rules if name not in fired]:
        yield f"no scenario fires an alert of {enumeration(unfired)}."


def _write_junit(path: Path, results: Sequence[ScenarioResult]) -> bool:
    """Write *results* to *path*, and return whether that succeeded."""
    try:
        write_file(path, junit_xml(results))
    except OSError as error:
        warn(f"not written: {path}: {error.strerror}")
        return False
    return True
