"""`vdm-alerts init`."""

from pathlib import Path

import click

from vdm_alerts_cli.aws_environment import LocalCommand

KINDS = ("rule", "silence", "scenario")


@click.command(cls=LocalCommand)
@click.argument("kind", type=click.Choice(KINDS))
@click.option(
    "--to",
    "path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File to create. An existing file stays as it is.  [default: standard output]",
)
def init(*, kind: str, path: Path | None) -> None:
    """Print a commented rule, silence or scenario to start from.

    Edit it, and check it with `vdm-alerts validate` or `vdm-alerts simulate`.
    """
    from vdm_alerts_cli.init import run_init

    run_init(kind, path)
