"""`vdm-alerts doctor`."""

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
    "--fail-on",
    type=click.Choice(["warning", "error"]),
    default="warning",
    show_default=True,
    help="The least severity of a problem for exit status 1.",
)
@click.option(
    "--billing",
    is_flag=True,
    help="Find out what VDM queries cost on your bill. AWS charges $0.01 for each request to Cost "
    "Explorer.",
)
@click.option(
    "--export",
    "bucket",
    metavar="BUCKET",
    default="",
    help="Run an export job of SES, store its file in this S3 bucket, and list its columns.",
)
@click.option(
    "--max-senders",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    default=100,
    show_default=True,
    help="Configuration sets, and identities, whose feedback routing is read, one a second.",
)
@account_options
@reading_options
@output_options(Format.TABLE, Format.JSON, Format.IDS)
def doctor(
    *,
    fail_on: str,
    billing: bool,
    bucket: str,
    max_senders: int,
    account: AccountOptions,
    reading: ReadingOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Examine whether VDM Alerts works in your account.

    The doctor looks for problems of the SES account, of permissions, of the deployment, if there
    is one, and of feedback routing. It also answers what AWS leaves undocumented about VDM. It
    prints commands that fix a problem, and runs none of them. docs/doctor.md describes each check.
    """
    from vdm_alerts_cli.doctor.check import Severity
    from vdm_alerts_cli.doctor.run import DoctorOptions, examine

    options = DoctorOptions(Severity(fail_on), billing, bucket, max_senders)
    return examine(account, reading, output, options)
