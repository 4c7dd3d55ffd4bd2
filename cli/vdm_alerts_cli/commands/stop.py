"""`vdm-alerts stop`."""

import click

from vdm_alerts_cli.aws_environment import LocalCommand


@click.command(cls=LocalCommand)
def stop() -> None:
    """Stop the local AWS that `demo --keep` left running."""
    from vdm_alerts_cli.demo import stop_kept

    click.echo("Stopped the local AWS." if stop_kept() else "No local AWS was running.")
