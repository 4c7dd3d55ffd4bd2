"""What all commands have in common: exit status, errors, AWS environment, shell completion."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from vdm_alerts_cli.aws_environment import LocalCommand
from vdm_alerts_cli.command_line import COMMANDS
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.exit_status import ErrorReportingGroup
from vdm_local.launcher import LocalAwsStartError
from vdm_local.text_file import UnreadableFileError

RunCommand = Callable[..., Result]
NEEDING_AN_AWS_ACCOUNT = {
    "backtest",
    "check",
    "doctor",
    "evidence",
    "explain",
    "export",
    "history",
    "report",
    "silence",
    "test-alert",
    "validate",
}
"""Commands that read the AWS environment. Every other command ignores it."""


def group_of(
    callback: Callable[[], object], cls: type[click.Command] = LocalCommand
) -> click.Group:
    """A group like `vdm-alerts`, with one command."""
    return ErrorReportingGroup("vdm-alerts", commands=[cls("try", callback=callback)])


def failing_with(error: BaseException) -> click.Group:
    def fail() -> None:
        raise error

    return group_of(fail)


@pytest.mark.parametrize(
    ("error", "exit_code", "message"),
    [
        (LocalAwsStartError("no port"), 3, "no port"),
        (InvalidInputError("no port"), 2, "no port"),
        (UnreadableFileError("no port"), 2, "no port"),
        (OSError(28, "disk full"), 3, "cannot write: disk full"),
        (OSError(28, "disk full", "a.json"), 3, "a.json: disk full"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_expected_error_is_one_line_on_stderr(
    run_command: RunCommand, error: Exception, exit_code: int, message: str
) -> None:
    result = run_command("try", command=failing_with(error))
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr == f"vdm-alerts: {message}\n"


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["simulate"], ["stop", "now"]])
def test_wrong_usage_exits_with_2(run_command: RunCommand, arguments: list[str]) -> None:
    result = run_command(*arguments)
    assert result.exit_code == 2
    assert "Usage: vdm-alerts" in result.stderr


def test_help_describes_every_command(run_command: RunCommand) -> None:
    overview = run_command("--help").stdout
    for command in COMMANDS:
        assert command.name
        assert command.get_short_help_str(200) in overview
        assert (
            f"Usage: vdm-alerts {command.name} [OPTIONS]"
            in run_command(command.name, "--help").stdout
        )


def test_every_command_ignores_the_aws_environment_unless_it_needs_an_account() -> None:
    reading = {command.name for command in COMMANDS if not isinstance(command, LocalCommand)}
    assert reading == NEEDING_AN_AWS_ACCOUNT


@pytest.mark.parametrize(
    ("cls", "profile", "config"),
    [(LocalCommand, None, os.devnull), (click.Command, "production", "/home/me/config")],
)
def test_only_a_local_command_ignores_the_aws_environment(
    run_command: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    cls: type[click.Command],
    profile: str | None,
    config: str,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/home/me/config")
    seen: dict[str, str] = {}
    run_command("try", command=group_of(lambda: seen.update(os.environ), cls))
    assert seen.get("AWS_PROFILE") == profile
    assert seen["AWS_CONFIG_FILE"] == config
    assert os.environ["AWS_PROFILE"] == "production", "restored after the command"
    assert os.environ["AWS_CONFIG_FILE"] == "/home/me/config"


@pytest.mark.parametrize(
    "program",
    [[sys.executable, "-m", "vdm_alerts_cli"], [str(Path(sys.executable).parent / "vdm-alerts")]],
    ids=["module", "script"],
)
def test_shell_completion_suggests_commands(program: list[str]) -> None:
    completion = {"COMP_WORDS": "vdm-alerts s", "COMP_CWORD": "1"}
    done = subprocess.run(
        program,
        env={**os.environ, **completion, "_VDM_ALERTS_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        check=True,
    )
    commands = ("silence", "simulate", "spoke-template", "stop")
    assert done.stdout.split() == [f"plain,{command}" for command in commands]


def test_help_loads_no_aws_sdk() -> None:
    program = (
        "import sys; from vdm_alerts_cli.__main__ import main\n"
        "sys.argv = ['vdm-alerts', '--help']\n"
        "try: main()\n"
        "finally: sys.exit(sum(name in sys.modules for name in ('boto3', 'botocore')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.stdout.startswith(b"Usage: vdm-alerts")
    assert done.returncode == 0
