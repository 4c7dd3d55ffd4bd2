"""`vdm-alerts completion`."""

import click
from click.shell_completion import get_completion_class

from vdm_alerts_cli.aws_environment import LocalCommand

SHELLS = ("bash", "zsh", "fish")
PROGRAM, VARIABLE = "vdm-alerts", "_VDM_ALERTS_COMPLETE"
"""The program, and the variable through which its shell asks for suggestions."""


@click.command(cls=LocalCommand)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print the completion script for your SHELL.

    For example: vdm-alerts completion bash >~/.local/share/bash-completion/completions/vdm-alerts
    """
    completion_class = get_completion_class(shell)
    assert completion_class  # click has a class for each of SHELLS.
    group = context.find_root().command
    click.echo(completion_class(group, {}, PROGRAM, VARIABLE).source(), nl=False)
