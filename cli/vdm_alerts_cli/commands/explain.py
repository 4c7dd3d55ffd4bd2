"""`vdm-alerts explain`."""

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
@click.argument("scope")
@account_options
@reading_options
@output_options(Format.TABLE, Format.JSON)
def explain(
    *, scope: str, account: AccountOptions, reading: ReadingOptions, output: OutputOptions
) -> ExitStatus:
    """Explain why rules fire, or do not fire, in SCOPE.

    SCOPE is "account", a name such as news.example.com or Gmail, or both, as in "news.example.com
    at Gmail". For each rule, the command shows whether it applies, which override does, the counts,
    the verdict, the alert, when the next reminder is due, and what mutes it. The exit status is 1
    if a rule is breached.
    """
    from vdm_alerts_cli.explain import run_explain

    return run_explain(scope, account, reading, output)
