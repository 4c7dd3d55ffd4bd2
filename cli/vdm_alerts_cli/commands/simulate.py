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
@click.option(
    "--diff",
    is_flag=True,
    help="Show only how notifications differ from the expected ones, as a unified diff.",
)
@click.option(
    "--junit",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the results to FILE as JUnit XML, which CI systems show as tests.",
)
@click.option("--mails", is_flag=True, hidden=True, help="Earlier name of --emails.")
def simulate(
    *,
    scenarios: Sequence[Path],
    rules: Path | None,
    emails: bool,
    diff: bool,
    junit: Path | None,
    mails: bool,
) -> ExitStatus:
    """Show the notifications that your rules produce in scenarios.

    Each FILE is a scenario; docs/scenarios.md describes the format. The exit status is 1 if a run
    sends other notifications than its scenario expects, and 2 if a scenario is invalid. So you can
    use scenarios as tests. With several, the command also lists the rules that none of them fires.
    """
    from vdm_alerts_cli.rule_files import DEFAULT_RULES
    from vdm_alerts_cli.simulate import SimulateOptions, run_simulate

    options = SimulateOptions(rules or DEFAULT_RULES, emails or mails, diff, junit)
    return run_simulate(scenarios, options)
