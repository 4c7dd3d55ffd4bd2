"""`vdm-alerts validate`."""

from collections.abc import Sequence

import click

from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import (
    AccountOptions,
    Format,
    OutputOptions,
    account_options,
    output_options,
)


@click.command()
@click.argument("paths", metavar="[PATH...]", nargs=-1)
@click.option("--ssm", is_flag=True, help="Check the rules and silences of your stack.")
@click.option("--strict", is_flag=True, help="Also report what is legal but unwise.")
@account_options
@output_options(Format.TABLE, Format.JSON, Format.CSV)
def validate(
    *,
    paths: Sequence[str],
    ssm: bool,
    strict: bool,
    account: AccountOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Report every error of rules and silences.

    PATH is a file, a folder of .toml files, or - for standard input. The exit status is 2 if a
    document is invalid, and 1 if --strict has advice. Without --ssm, no AWS account is needed.
    """
    from vdm_alerts_cli.validate import run_validate

    if bool(paths) == ssm:
        raise click.UsageError("Use either at least one PATH, or --ssm.")
    return run_validate(paths, account if ssm else None, output, strict=strict)
