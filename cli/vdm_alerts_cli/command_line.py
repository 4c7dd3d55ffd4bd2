"""The command `vdm-alerts`: its subcommands, and help text."""

from collections.abc import Sequence

import click

from vdm_alerts_cli.commands.cost import cost
from vdm_alerts_cli.commands.demo import demo
from vdm_alerts_cli.commands.simulate import simulate
from vdm_alerts_cli.commands.stop import stop
from vdm_alerts_cli.exit_status import ErrorReportingGroup

COMMANDS: Sequence[click.Command] = (demo, stop, simulate, cost)
"""Every subcommand. The help text sorts them by name."""


@click.group(cls=ErrorReportingGroup, commands=COMMANDS)
def vdm_alerts() -> None:
    """Try VDM Alerts on this machine: demo, simulation and cost estimate.

    No command needs an AWS account.

    \b
    Exit status:
      0    success
      1    the command failed, or the result differs from what a scenario expects
      2    an option, an argument or an input file is invalid
      130  interrupted

    \b
    To enable completion in your shell, add one line to its startup file:
      bash  eval "$(_VDM_ALERTS_COMPLETE=bash_source vdm-alerts)"
      zsh   eval "$(_VDM_ALERTS_COMPLETE=zsh_source vdm-alerts)"
      fish  _VDM_ALERTS_COMPLETE=fish_source vdm-alerts | source
    """  # noqa: D301 - click replaces the escape
