"""The counts of the user's account, and the metrics that its rules need."""

import time
from collections.abc import Sequence

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.metrics import Metric, Window
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.account_reading import rule_source, series_source
from vdm_alerts_cli.clock import current_time
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.counts_reader import list_scopes, max_queries, read_counts
from vdm_alerts_cli.dataset import Dataset
from vdm_alerts_cli.deployment import find_deployment
from vdm_alerts_cli.options import AccountOptions, OutputOptions, ReadingOptions
from vdm_alerts_cli.output import say, warn
from vdm_alerts_cli.progress import progress


def rules_in_effect(connection: Connection, account: AccountOptions) -> RuleSet:
    """Return the rules of the deployment, or the default rules without one.

    Raises AccessDeniedError or UnavailableError.
    """
    deployment = find_deployment(connection, account.prefix)
    return rule_source(connection, deployment).rules(NoDeadline())


def metrics_of(rules: RuleSet) -> Sequence[Metric]:
    """Return the metrics from which the rates of *rules* are calculated, SEND first."""
    indicators = [rule.indicator.counted for rule in rules.rules.values()]
    needed = {Metric.SEND, *(each.events for each in indicators)}
    needed |= {each.volume for each in indicators}
    return [metric for metric in Metric if metric in needed]


def read_dataset_of(
    connection: Connection,
    metrics: Sequence[Metric],
    window: Window,
    reading: ReadingOptions,
    output: OutputOptions,
) -> tuple[Dataset, Sequence[str]]:
    """Return the counts of the whole account, and a line for whatever could not be read.

    These lines are on standard error, too.
    """
    inventory = list_scopes(SesAccount(connection.client("sesv2"), time))
    limit = max_queries(inventory.scopes, metrics, reading.max_queries)
    say(
        f"Reads {len(inventory.scopes):,} scopes of account {connection.account}, "
        f"{connection.region}, with at most {limit:,} VDM queries.",
        output,
    )
    with progress("VDM queries", limit, output) as advance:
        series = series_source(connection, reading, time, advance)
        dataset = read_counts(connection, inventory.scopes, metrics, window, current_time(), series)
    unread = [*inventory.unread, *gap_lines(dataset)]
    for line in unread:
        warn(f"not read: {line}")
    return dataset, unread


def gap_lines(dataset: Dataset) -> Sequence[str]:
    """Return a line for each reason why series are unknown."""
    reasons = dict.fromkeys(dataset.gaps.values(), 0)
    for gap in dataset.gaps.values():
        reasons[gap] += 1
    return [f"{count:,} series: {gap}" for gap, count in reasons.items()]
