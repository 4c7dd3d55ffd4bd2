"""`vdm-alerts backtest`."""

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
    "--days",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Number of days to replay, through today: at most 60 without the days before them that "
    "the rules need.  [default: 30]",
)
@click.option(
    "--from",
    "path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Replay the counts in a file that `vdm-alerts export` wrote. No AWS account is read.",
)
@click.option(
    "--rules",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Folder of candidate rules: one TOML file for each rule.",
)
@click.option(
    "--what-if",
    "what_if",
    multiple=True,
    metavar="[RULE.]KEY=VALUE",
    help="A change that makes candidate rules, for example confidence=99%. Repeat it for more.",
)
@click.option(
    "--compare", "show_comparison", is_flag=True, help="Show the present rules and the candidates."
)
@click.option(
    "--html",
    "page",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also write the result as an HTML page, with charts.",
)
@account_options
@reading_options
@output_options(Format.TABLE, Format.JSON, Format.CSV)
def backtest(  # noqa: PLR0913 - one for each option
    *,
    days: int | None,
    path: Path | None,
    rules: Path | None,
    what_if: Sequence[str],
    show_comparison: bool,
    page: Path | None,
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Show which alerts rules would have fired in the last days.

    The present rules are those of your stack. Without a stack, and with --from, these are the
    default rules. The exit status is 1 if candidates miss an alert of the present rules.
    """
    from vdm_alerts_cli.backtest import BacktestOptions, run_backtest

    if show_comparison and not (rules or what_if):
        raise click.UsageError("--compare needs candidates. Use --rules or --what-if.")
    options = BacktestOptions(days, path, rules, what_if, show_comparison, page)
    return run_backtest(options, account, reading, output)
