"""`vdm-alerts test-alert`."""

import click

from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import AccountOptions, OutputOptions, account_options, output_options


@click.command("test-alert")
@account_options
@output_options()
def test_alert(*, account: AccountOptions, output: OutputOptions) -> ExitStatus:
    """Send a test notification, and show who gets it.

    The deployed function publishes it to the topic. It is marked as a test, and changes no alert.
    The command lists each subscription, and whether its filter policy passes the test and a new
    CRITICAL alert of the rule bounce-rate. The exit status is 1 if no subscription gets the test.
    """
    from vdm_alerts_cli.test_alert import run_test_alert

    return run_test_alert(account, output)
