"""The command `vdm-alerts`: its subcommands, and help text."""

from collections.abc import Sequence

import click

from vdm_alerts_cli.commands.backtest import backtest
from vdm_alerts_cli.commands.check import check
from vdm_alerts_cli.commands.completion import completion
from vdm_alerts_cli.commands.cost import cost
from vdm_alerts_cli.commands.demo import demo
from vdm_alerts_cli.commands.doctor import doctor
from vdm_alerts_cli.commands.evidence import evidence
from vdm_alerts_cli.commands.explain import explain
from vdm_alerts_cli.commands.export import export
from vdm_alerts_cli.commands.history import history
from vdm_alerts_cli.commands.init import init
from vdm_alerts_cli.commands.report import report
from vdm_alerts_cli.commands.silence import silence
from vdm_alerts_cli.commands.simulate import simulate
from vdm_alerts_cli.commands.spoke_template import spoke_template
from vdm_alerts_cli.commands.stop import stop
from vdm_alerts_cli.commands.test_alert import test_alert
from vdm_alerts_cli.commands.validate import validate
from vdm_alerts_cli.exit_status import ErrorReportingGroup

COMMANDS: Sequence[click.Command] = (
    backtest,
    check,
    completion,
    cost,
    demo,
    doctor,
    evidence,
    explain,
    export,
    history,
    init,
    report,
    silence,
    simulate,
    spoke_template,
    stop,
    test_alert,
    validate,
)
"""Every subcommand. The help text sorts them by name."""


@click.group(
    cls=ErrorReportingGroup,
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="vdm-alerts", message="%(prog)s %(version)s")
def vdm_alerts() -> None:
    """Ask VDM Alerts about your SES account, or try it on this machine.

    Commands that read an account use your AWS credentials. They store and send nothing, unless
    their help says so.

    \b
    Exit status:
      0    everything is well
      1    the command found something that needs attention
      2    an option, an argument or a document is invalid
      3    something could not be read or written, so it is not known to be well
      130  interrupted
    2 wins over 1, 1 over 3, and 3 over 0.
    """  # noqa: D301 - click replaces the escape
