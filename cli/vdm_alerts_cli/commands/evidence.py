"""`vdm-alerts evidence`."""

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
@click.option(
    "--days",
    type=click.IntRange(1, 60),
    metavar="NUMBER",
    default=30,
    show_default=True,
    help="Days of the period, at most 60.",
)
@account_options
@reading_options
@output_options(Format.TABLE, Format.JSON)
def evidence(
    *, days: int, account: AccountOptions, reading: ReadingOptions, output: OutputOptions
) -> ExitStatus:
    """Print the evidence for a review of your account by AWS.

    It is text to paste. It has the alerts, the rates of each day, the main contributors, and what
    is paused or muted now. What only you know is marked [TO FILL IN. What could not be read is
    listed, and the exit status is 3 then. Times are in UTC.
    """
    from vdm_alerts_cli.evidence import run_evidence

    return run_evidence(days, account, reading, output)
