"""`vdm-alerts stop`."""

import click

from vdm_alerts_cli.aws_environment import LocalCommand
from vdm_alerts_cli.demo import stop_kept


@click.command(cls=LocalCommand)
def stop() -> None:
    """Stop the local AWS that `demo --keep` left running."""
    click.echo("stopped" if stop_kept() else "nothing was running")
