"""The alerts that rules would have fired in the last days: what `vdm-alerts backtest` does."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Metric, Window
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.model.wording import enumeration, number_of
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.account_counts import gap_lines, metrics_of, read_dataset_of, rules_in_effect
from vdm_alerts_cli.backtest_output import print_backtest
from vdm_alerts_cli.backtest_page import backtest_page
from vdm_alerts_cli.backtest_result import Backtest
from vdm_alerts_cli.candidate_rules import changed, counted, default_rules, read_folder
from vdm_alerts_cli.connection import connect
from vdm_alerts_cli.dataset import Dataset, read_dataset
from vdm_alerts_cli.day_replay import needed_days, replay_days
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.files import require_folder, write_file
from vdm_alerts_cli.options import AccountOptions, OutputOptions, ReadingOptions
from vdm_alerts_cli.output import say, warn
from vdm_alerts_cli.progress import progress
from vdm_alerts_cli.report.rendering import render_page

DEFAULT_DAYS = 30
"""The days that are replayed by default, if there are enough days before them."""


@dataclass(frozen=True, slots=True)
class BacktestOptions:
    """What a backtest replays, and what it shows."""

    days: int | None = None
    """The number of days; None for `DEFAULT_DAYS`, or as many as possible."""
    path: Path | None = None
    """The file with the counts; None to read the account."""
    rules: Path | None = None
    """The folder of candidate rules; None for the present rules."""
    what_if: Sequence[str] = ()
    """The changes that make candidates of these rules."""
    show_comparison: bool = False
    """Whether the alerts of the present rules and of the candidates are shown side by side."""
    page: Path | None = None
    """The file for the result as an HTML page; None for no page."""


@dataclass(frozen=True, slots=True)
class _Input:
    """What is replayed."""

    dataset: Dataset
    rule_sets: Sequence[RuleSet]
    """The present rules, and the candidates if there are any."""
    days: int
    needed: int
    """The days of counts that the rules need before the first day."""
    unread: Sequence[str]
    """What could not be read, and is not yet reported."""
    is_complete: bool
    """Whether everything was read, apart from that."""
    ses_rules: Sequence[str]
    """The present rules about rates of SES itself, which are not replayed."""


def run_backtest(
    options: BacktestOptions,
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Replay the present rules, and the candidates if there are any, and print the result."""
    if options.page:
        require_folder(options.page)
    started = time.monotonic()
    read = _read_file if options.path else _read_account
    given = read(options, account, reading, output)
    reading_time = time.monotonic() - started
    unread = [*given.unread, *_not_replayed(given)]
    for line in unread:
        warn(f"not read: {line}")
    for line in _statements(given):
        say(line, output)
    total = len(given.rule_sets) * (given.days + 1)
    with progress("Runs", total, output) as advance:
        results = [
            replay_days(given.dataset, rules, given.days, advance) for rules in given.rule_sets
        ]
    evaluation_time = sum(result.seconds for result in results)
    say(f"Read in {reading_time:.1f} s, evaluated in {evaluation_time:.1f} s.", output)
    backtest = Backtest(*results)
    for alert in backtest.missed:
        warn(
            f"the candidates miss: {alert.severity} {alert.key.rule}, {alert.key.scope}, "
            f"fired {'by ' if alert.was_open_before else ''}{alert.fired}"
        )
    print_backtest(backtest, output, show_comparison=options.show_comparison)
    if options.page:
        page = backtest_page(backtest, list(_statements(given)))
        write_file(options.page, render_page(replace(page, time_zone=output.time_zone)))
        say(f"Wrote {options.page}.", output)
    return ExitStatus.of(found=bool(backtest.missed), unread=bool(unread) or not given.is_complete)


def _read_file(options: BacktestOptions, *_: object) -> _Input:
    """Return what is replayed offline: the counts in a file, and the default rules."""
    assert options.path
    dataset, in_effect = read_dataset(options.path), default_rules()
    rule_sets = _rule_sets(in_effect, options, dataset.target)
    days, needed = _days(options, rule_sets, dataset.days)
    unread, ses_rules = gap_lines(dataset), _ses_rules(in_effect)
    return _Input(dataset, rule_sets, days, needed, unread, is_complete=True, ses_rules=ses_rules)


def _read_account(
    options: BacktestOptions,
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
) -> _Input:
    """Return what is replayed of an account. The rules are checked before its counts are read."""
    connection = connect(account)
    in_effect = rules_in_effect(connection, account)
    rule_sets = _rule_sets(in_effect, options, connection.target)
    days, needed = _days(options, rule_sets, LONGEST_WINDOW.days)
    metrics = {metric for rules in rule_sets for metric in metrics_of(rules)}
    dataset, unread = read_dataset_of(
        connection,
        [metric for metric in Metric if metric in metrics],
        LONGEST_WINDOW,
        reading,
        output,
    )
    invalid, ses_rules = list(map(str, in_effect.invalid.values())), _ses_rules(in_effect)
    return _Input(
        dataset, rule_sets, days, needed, invalid, is_complete=not unread, ses_rules=ses_rules
    )


def _ses_rules(rules: RuleSet) -> Sequence[str]:
    return [name for name, rule in rules.rules.items() if rule.indicator.is_from_ses]


def _rule_sets(in_effect: RuleSet, options: BacktestOptions, target: Target) -> Sequence[RuleSet]:
    """Return the present rules, and the candidates if *options* have any.

    They are as they apply in *target*. Raises InvalidInputError if no rule can be replayed.
    """
    present = counted(in_effect)
    candidates = counted(read_folder(options.rules)) if options.rules else present
    if options.what_if:
        candidates = changed(candidates, options.what_if)
    given = [present] if candidates is present else [present, candidates]
    rule_sets = [counted(rules.for_target(target)) for rules in given]
    if not all(rules.rules for rules in rule_sets):
        raise InvalidInputError(
            f"There is no rule that can be replayed in account {target.account} in "
            f"{target.region}. Use --rules."
        )
    return rule_sets


def _days(
    options: BacktestOptions, rule_sets: Sequence[RuleSet], available: int
) -> tuple[int, int]:
    """Return the number of days to replay, and the number of days that the rules need before.

    Raises InvalidInputError if the *available* days are too few.
    """
    needed = max(map(needed_days, rule_sets))
    most = available - needed
    if most < 1:
        raise InvalidInputError(
            f"{options.path or 'VDM'}: has the counts of {number_of('day', available)}, and the "
            f"rules need {needed} before the first day that is replayed. Use rules with shorter "
            "windows, or without a baseline."
        )
    if options.days and options.days > most:
        raise InvalidInputError(
            f"--days: {options.days} is too many. Use at most {most}: there are the counts of "
            f"{number_of('day', available)}, and the rules need {needed} of them before the first."
        )
    return options.days or min(DEFAULT_DAYS, most), needed


def _statements(given: _Input) -> Iterator[str]:
    """Yield what a reader has to know about the result."""
    dataset, days = given.dataset, given.days
    first = Window(days).first_day(dataset.last_day)
    yield (
        f"Replays {number_of('day', days)}, {first} to {dataset.last_day}, with a run at the end "
        f"of each day (UTC). The {number_of('day', dataset.days - days)} before are the warm-up, "
        f"of which the rules need {given.needed}."
    )
    yield "VDM keeps no past versions of its counts, so feedback appears earlier than it did."
    if given.ses_rules:
        yield f"Not replayed, because VDM has no rates of SES: {enumeration(given.ses_rules)}."


def _not_replayed(given: _Input) -> Iterator[str]:
    """Yield what the rules need and the dataset does not contain."""
    dataset = given.dataset
    metrics = {query.metric for query in dataset.answers}
    kinds = {scope.kind for scope in dataset.scopes}
    rules = {rule.name: rule for each in given.rule_sets for rule in each.rules.values()}
    for name, rule in rules.items():
        needed = dict.fromkeys((Metric.SEND, rule.indicator.events, rule.indicator.volume))
        if lacking := [str(metric) for metric in needed if metric not in metrics]:
            yield f"rule {name} needs counts of {enumeration(lacking)}, which were not exported"
        pairs = [kind for kind in rule.scopes if len(kind) > 1 and kind not in kinds]
        if pairs:
            yield (
                f"rule {name} is not replayed for senders at single mailbox providers, because "
                "the counts are of whole senders"
            )
