"""What a report reads: from the account, or from a file without the account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vdm_alerts.adapters.aws.cloudwatch_reputation import CloudWatchReputation
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.damage import without_future_times
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import OperationFailedError
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.account_counts import metrics_of, read_dataset_of
from vdm_alerts_cli.account_reading import rule_source
from vdm_alerts_cli.clock import current_time
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.dataset import Dataset
from vdm_alerts_cli.deployment import Deployment, find_deployment
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.options import OutputOptions, ReadingOptions
from vdm_alerts_cli.output import warn
from vdm_alerts_cli.parameter_store import ParameterStore
from vdm_alerts_cli.read_only_table import read_only_table
from vdm_alerts_cli.report.account import Account, AlertHistory
from vdm_alerts_cli.report.rates import DatasetRates
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules

_FROM_FILE = "this report was made from a file"


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What a report is made from, and what could not be read: a line for each."""

    account: Account
    unread: tuple[str, ...] = ()


def read_from_file(dataset: Dataset, rules: Path | None, days: int) -> ReadResult:
    """Return what *dataset* says of its last *days* days.

    The rules are those in the folder *rules*, or the default rules. Alerts and the rates of SES
    are unknown. Raises InvalidInputError and UnreadableFileError.
    """
    store = ParameterStore(read_rules(rules or DEFAULT_RULES), dataset.target.region)
    rule_set = store.rules().rules(NoDeadline()).for_target(dataset.target)
    for finding in rule_set.invalid.values():
        raise InvalidInputError(str(finding))
    rates = DatasetRates(dataset, min(days, dataset.days))
    return ReadResult(Account(rates, rule_set, _FROM_FILE, _FROM_FILE, dataset.read_at))


def read_from_account(
    connection: Connection, prefix: str, days: int, reading: ReadingOptions, output: OutputOptions
) -> ReadResult:
    """Return what AWS says of the account in the last *days* days, and of the stack named *prefix*.

    Without a stack, the default rules apply, and alerts are unknown. Raises NotReadError,
    AccessDeniedError or UnavailableError if there would be nothing to report.
    """
    now = current_time()
    deployment = find_deployment(connection, prefix)
    rule_set = rule_source(connection, deployment).rules(NoDeadline())
    history, rule_set, unread = _history(connection, deployment, rule_set, days, now)
    rule_set = rule_set.for_target(connection.target)
    ses_rates = _ses_rates(connection, now)
    if isinstance(ses_rates, str):
        unread.append(ses_rates)
    for line in unread:
        warn(f"not read: {line}")
    dataset, gaps = read_dataset_of(connection, metrics_of(rule_set), Window(days), reading, output)
    return ReadResult(
        Account(DatasetRates(dataset, days), rule_set, history, ses_rates, now),
        (*unread, *gaps),
    )


def _history(
    connection: Connection,
    deployment: Deployment | None,
    rule_set: RuleSet,
    days: int,
    now: datetime,
) -> tuple[AlertHistory | str, RuleSet, list[str]]:
    """Return the alerts, the rules with the last valid versions, and what could not be read."""
    if deployment is None:
        return "VDM Alerts is not deployed here", rule_set, _invalid_rules(rule_set)
    table = read_only_table(connection, deployment.settings.table)
    store, since = DynamoDbState(table), Window(days).first_day(now.date())
    try:
        state = store.load(connection.target)
        transitions = store.transitions_since(
            connection.target, datetime.combine(since, datetime.min.time(), UTC)
        )
    except OperationFailedError as error:
        return str(error).rstrip("."), rule_set, [*_invalid_rules(rule_set), str(error)]
    if state.last_run and state.last_run > now:
        return (
            "VDM Alerts has run since the time of this report",
            rule_set,
            _invalid_rules(rule_set),
        )
    state = without_future_times(state, now)
    rule_set = rule_set.with_last_valid(state.rules)
    alerts = state.alerts_with_indicator(rule_set)
    unread = [*_invalid_rules(rule_set), *(str(finding) for finding in state.damage)]
    if not transitions.is_complete:
        unread.append("a part of the alert history")
    return AlertHistory(alerts, transitions, state.last_run), rule_set, unread


def _invalid_rules(rule_set: RuleSet) -> list[str]:
    return [str(finding) for finding in (*rule_set.invalid.values(), *rule_set.findings)]


def _ses_rates(connection: Connection, now: datetime) -> Mapping[Indicator, SesRates] | str:
    """Return the rates that SES reports, or why they are unknown."""
    try:
        return CloudWatchReputation(connection.client("cloudwatch")).rates(now, NoDeadline())
    except OperationFailedError as error:
        return str(error).rstrip(".")
