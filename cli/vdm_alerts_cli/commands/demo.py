"""`vdm-alerts demo`."""

import click

from vdm_alerts_cli.aws_environment import LocalCommand


@click.command(cls=LocalCommand)
@click.option(
    "--fleet", is_flag=True, help="Deploy a fleet of three accounts in two Regions instead."
)
@click.option(
    "--keep", is_flag=True, help="Leave the local AWS running. `vdm-alerts stop` stops it."
)
def demo(*, fleet: bool, keep: bool) -> None:
    """Deploy the stack to a local AWS and play 11 days of email.

    The command prints every notification of these days as email, chat message and JSON, and the
    metrics. It needs no AWS account, and leaves nothing running unless you pass --keep.

    With --fleet, the stack is the hub of a fleet, and the story has nine executions: one account
    sends to old addresses, another one denies the hub its role, and a mailbox provider rejects
    emails of all accounts.
    """
    if fleet:
        from vdm_alerts_cli.demo_fleet import run_fleet_demo

        run_fleet_demo(keep=keep)
    else:
        from vdm_alerts_cli.demo import run_demo

        run_demo(keep=keep)
