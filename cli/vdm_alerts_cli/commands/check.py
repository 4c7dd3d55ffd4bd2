"""`vdm-alerts check`."""

import click

from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import (
    AccountOptions,
    Format,
    OutputOptions,
    ReadingOptions,
    account_options,
    output_options,
    reading_options,
)


@click.command()
@click.option("--scope", metavar="NAME", help="Only this scope, for example news.example.com.")
@click.option(
    "--all",
    "show_all",
    is_flag=True,
    help="Show every rate in the table. CSV and JSON always have all.",
)
@click.option(
    "--at",
    metavar="TIME",
    help="Evaluate as of an earlier time, for example 2026-03-12T09:00:00Z. VDM keeps no earlier "
    "versions of its counts, so feedback that arrived later is included.",
)
@click.option(
    "--watch",
    type=click.IntRange(min=60),
    metavar="SECONDS",
    help="Read the account again after so many seconds, at least 60, until you press Ctrl-C.",
)
@account_options
@reading_options
@output_options()
def check(
    *,
    scope: str | None,
    show_all: bool,
    at: str | None,
    watch: int | None,
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Show the rates of your account now, the worst first.

    The rules, silences and settings are those of your stack. Without a stack, the default rules
    apply. The exit status is 1 if a rate is above a threshold, or if there is another problem.
    """
    from vdm_alerts_cli.check import run_check
    from vdm_alerts_cli.clock import parse_time

    if watch is not None and output.format is not Format.TABLE:
        raise click.UsageError("--watch needs -o table.")
    time = parse_time(at, "--at") if at else None
    return run_check(scope, time, watch, account, reading, output, show_all=show_all)
