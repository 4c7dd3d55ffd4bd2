"""`vdm-alerts simulate`."""

from collections.abc import Sequence
from pathlib import Path

import click

from vdm_alerts_cli.aws_environment import LocalCommand
from vdm_alerts_cli.exit_status import ExitStatus


@click.command(cls=LocalCommand)
@click.argument(
    "scenarios", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--rules",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Folder of rules that replace the default rules: one TOML file for each rule.",
)
@click.option("--emails", is_flag=True, help="Show whole emails instead of their subjects.")
@click.option("--mails", is_flag=True, hidden=True, help="Earlier name of --emails.")
def simulate(
    *, scenarios: Sequence[Path], rules: Path | None, emails: bool, mails: bool
) -> ExitStatus:
    """Show the notifications that your rules produce in a scenario.

    Each FILE is a scenario; docs/scenarios.md describes the format. The exit status is 1 if a run
    sends other notifications than its scenario expects. So you can use a scenario as a test.
    """
    from vdm_alerts_cli.rule_files import DEFAULT_RULES
    from vdm_alerts_cli.simulate import print_scenarios

    as_expected = print_scenarios(scenarios, rules or DEFAULT_RULES, emails=emails or mails)
    return ExitStatus.of(found=not as_expected)
