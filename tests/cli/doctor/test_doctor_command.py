"""`vdm-alerts doctor`: its options, and input that leads to one clear line."""

from collections.abc import Callable

import pytest
from click.testing import Result
from doctor_account import DoctorAccount

RunCommand = Callable[..., Result]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> DoctorAccount:
    account = DoctorAccount()
    monkeypatch.setattr("vdm_alerts_cli.doctor.run.connect", lambda _: account)
    monkeypatch.setenv("VDM_ALERTS_NOW", "2026-03-20T09:00:00Z")
    monkeypatch.setattr("vdm_alerts_cli.doctor.run.time", _NoWaiting())
    return account


class _NoWaiting:
    def monotonic(self) -> float:
        return 0.0

    def sleep(self, _: float) -> None:
        """Return at once."""


def test_account_without_a_deployment_is_examined(
    run_command: RunCommand, account: DoctorAccount
) -> None:
    result = run_command("doctor", "--quiet")
    assert "VDM Alerts is not deployed here: there is no stack vdm-alerts" in result.stdout
    # CloudWatch and others deny access.
    assert "vdm-alerts: not read: data-freshness: your credentials are not" in result.stderr
    assert "1 warning, 2 not read" in result.stdout
    assert result.exit_code == 1, "read-permissions is a warning"
    assert run_command("doctor", "--fail-on", "error").exit_code == 3
    assert account.calls


def test_queries_are_announced_unless_it_should_be_quiet(
    run_command: RunCommand, account: DoctorAccount
) -> None:
    assert "Up to 33 VDM queries" in run_command("doctor").stderr
    assert "VDM queries" not in run_command("doctor", "--quiet").stderr
    assert account.calls


def test_ids_are_alone_on_standard_output(run_command: RunCommand, account: DoctorAccount) -> None:
    account.change(vdm_enabled=False)
    assert run_command("doctor", "-o", "ids").stdout == "vdm-enabled\nread-permissions\n"


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "line"),
    [
        (["--region", "eu-west-1"], {"AWS_ACCESS_KEY_ID": ""}, 3, "There are no AWS credentials"),
        (["--region", "eu-nowhere-1"], {}, 2, "is not a Region of SES"),
        (["--region", "eu-west-1", "--profile", "nope"], {}, 2, "nope"),
        ([], {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, 2, "There is no AWS Region"),
    ],
)
def test_account_that_is_no_account_is_one_line(
    run_command: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    variables: dict[str, str],
    status: int,
    line: str,
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
        if name == "AWS_ACCESS_KEY_ID":
            monkeypatch.delenv("AWS_ACCESS_KEY_ID")
            monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    result = run_command("doctor", *arguments)
    assert result.exit_code == status, result.output
    assert line in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments", [["--fail-on", "info"], ["-o", "csv"], ["--max-senders", "0"], ["--export"]]
)
def test_wrong_option_exits_with_2(run_command: RunCommand, arguments: list[str]) -> None:
    assert run_command("doctor", *arguments).exit_code == 2
