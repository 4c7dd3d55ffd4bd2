"""`vdm-alerts report`."""

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

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--to",
    metavar="FILE",
    type=_FILE,
    required=True,
    help="HTML file to write, completely or not at all.",
)
@click.option(
    "--from",
    "dataset",
    metavar="DATASET",
    type=_FILE,
    help="A file that `export` wrote, to use in place of the account. Needs no AWS credentials.",
)
@click.option(
    "--rules",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="With --from: the rules, one TOML file each.  [default: the default rules]",
)
@click.option(
    "--days",
    type=click.IntRange(1, 60),
    default=60,
    show_default=True,
    help="Number of days, through today.",
)
@click.option(
    "--since-report",
    metavar="FILE",
    type=_FILE,
    help="An earlier report to compare with.  [default: the file that --to replaces]",
)
@account_options
@reading_options
@output_options(Format.TABLE, Format.JSON)
def report(
    to: Path,
    dataset: Path | None,
    rules: Path | None,
    days: int,
    since_report: Path | None,
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Write an HTML page about your account, and what changed.

    The page has what changed since the last report, open alerts, rates over time, and tables of
    mailbox providers, identities, configuration sets and tenants. It is one file without external
    references: you can read it offline, send it, and print it.
    """
    from vdm_alerts_cli.report.command import ReportFiles, run_report

    if rules and not dataset:
        raise click.UsageError("--rules needs --from. Without --from, the rules in effect apply.")
    files = ReportFiles(to, dataset, rules, since_report)
    return run_report(files, days, account, reading, output)
