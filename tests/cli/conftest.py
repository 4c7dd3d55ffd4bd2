"""Fixtures for the tests of the command line interface."""

from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner, Result

from vdm_alerts_cli.command_line import vdm_alerts


@pytest.fixture
def run_command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `vdm-alerts` with the given arguments, in this process, on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object, command: click.Command = vdm_alerts) -> Result:
        return CliRunner(catch_exceptions=False).invoke(
            command, [str(argument) for argument in arguments], prog_name="vdm-alerts"
        )

    return run
