"""`vdm-alerts demo`."""

import click

from vdm_alerts_cli.aws_environment import LocalCommand


@click.command(cls=LocalCommand)
@click.option(
    "--keep", is_flag=True, help="Leave the local AWS running. `vdm-alerts stop` stops it."
)
def demo(*, keep: bool) -> None:
    """Deploy the stack to a local AWS and play 11 days of email.

    The command prints every notification of these days as email, chat message and JSON, and the
    metrics. It needs no AWS account, and leaves nothing running unless you pass --keep.
    """
    from vdm_alerts_cli.demo import run_demo

    run_demo(keep=keep)
