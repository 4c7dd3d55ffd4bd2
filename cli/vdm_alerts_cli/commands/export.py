"""`vdm-alerts export`."""

from collections.abc import Sequence
from pathlib import Path

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
    "--to",
    "path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File to write, completely or not at all.  [default: standard output]",
)
@click.option(
    "--days",
    type=click.IntRange(1, 60),
    default=60,
    show_default=True,
    help="Number of days, through today.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC",
    help="A VDM metric, for example OPEN. Repeat the option for more.  [default: the metrics of "
    "the rules in effect]",
)
@account_options
@reading_options
@output_options(Format.JSON, Format.CSV)
def export(
    *,
    path: Path | None,
    days: int,
    metrics: Sequence[str],
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Write the daily counts of your account as JSON or CSV.

    The counts are those of the account, and of each identity, configuration set, tenant and
    mailbox provider. `backtest --from FILE` and `report --from FILE` read them offline.

    A day of a series that is not listed has the count 0. A series that could not be read has a gap
    in place of counts, with its reason.
    """
    from vdm_alerts_cli.export import run_export

    return run_export(path, days, metrics, account, reading, output)
