"""`vdm-alerts history`."""

import click

from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import AccountOptions, OutputOptions, account_options, output_options


@click.command()
@click.argument("scope", required=False)
@click.option("--rule", metavar="PATTERN", help="Only rules of this name, for example 'bounce-*'.")
@click.option(
    "--since",
    metavar="TIME",
    default="30d",
    show_default=True,
    help="An age such as 12h or 7d, or a time such as 2026-03-12T09:00:00Z.",
)
@click.option(
    "--target",
    metavar="ACCOUNT/REGION",
    help="A target of a fleet, for example 222222222222/eu-west-1. Default: that of the stack.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Evaluate each verdict again, from its stored evidence alone, and report differences.",
)
@account_options
@output_options()
def history(
    *,
    scope: str | None,
    rule: str | None,
    since: str,
    target: str | None,
    verify: bool,
    account: AccountOptions,
    output: OutputOptions,
) -> ExitStatus:
    """Show past alerts with their evidence, the newest first.

    SCOPE is "account", a name such as news.example.com or Gmail, or both, as in "news.example.com
    at Gmail". Changes are kept for 400 days. With --verify, the exit status is 1 if this version of
    VDM Alerts comes to another verdict than the one that was stored.
    """
    from vdm_alerts_cli.history import Query, run_history

    return run_history(Query(scope, rule, since, target), account, output, verifies=verify)
