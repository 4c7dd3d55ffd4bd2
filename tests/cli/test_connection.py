"""The account of the user: credentials, Region and stack, or a line about what is missing."""

import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import Result
from function_environment import ENVIRONMENT

from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts_cli.aws_environment import LocalCommand
from vdm_alerts_cli.command_line import COMMANDS as COMMANDS_OF_CLI
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.deployment import find_deployment, require_deployment
from vdm_alerts_cli.errors import NotReadError
from vdm_alerts_cli.options import DEFAULT_PREFIX
from vdm_local.account import NO_ACCOUNT

RunCommand = Callable[..., Result]
OUTPUTS = {"FunctionName": "the-function", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:topic"}


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the AWS configuration of this machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in NO_ACCOUNT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")


COMMANDS = (
    "backtest",
    "check",
    "doctor",
    "evidence",
    "explain account",
    "export",
    "history",
    "report --to report.html",
    "silence add --rule x --for 2h --reason x --author x",
    "silence end x",
    "silence import -",
    "silence list",
    "silence update x --for 2h",
    "test-alert",
    "validate --ssm",
)
"""Every command that needs an account."""


def test_every_command_that_needs_an_account_is_tested() -> None:
    needing = {str(each.name) for each in COMMANDS_OF_CLI if not isinstance(each, LocalCommand)}
    assert {command.split()[0] for command in COMMANDS} == needing


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--region", "eu-west-1"), 3, "There are no AWS credentials. Fix: sign in"),
        ((), 2, "There is no AWS Region. Use --region, for example --region eu-west-1, or set"),
        (("--region", "eu-west-9"), 2, '"eu-west-9" is not a Region of SES that boto3'),
        (("--region", "\u202eeu"), 2, '"\\u202Eeu" is not a Region of SES that boto3'),
        (("--profile", "none"), 2, "The config profile (none) could not be found"),
    ],
    ids=["credentials", "no Region", "wrong Region", "odd Region", "profile"],
)
def test_missing_configuration_is_one_line(
    run_command: RunCommand, command: str, options: tuple[str, ...], status: int, message: str
) -> None:
    result = run_command(*command.split(), *options)
    assert result.exit_code == status
    assert result.stdout == ""
    assert result.stderr.startswith(f"vdm-alerts: {message}")
    assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("credentials")
def test_unreachable_aws_is_one_line(
    run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore waits before it retries.
    result = run_command("check", "--region", "eu-west-1")
    assert result.exit_code == 3
    assert "Could not connect to the endpoint URL" in result.stderr
    assert result.stderr.count("\n") == 1


class Client:
    """A client of CloudFormation and of Lambda."""

    def __init__(self, stack: Mapping[str, str] | Exception) -> None:
        self._stack = stack

    def describe_stacks(self, **request: str) -> Any:
        assert request["StackName"] in {"my-alerts", DEFAULT_PREFIX}
        if isinstance(self._stack, Exception):
            raise self._stack
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self._stack.items()]
        return {"Stacks": [{"Outputs": outputs}]}

    def get_function_configuration(self, **request: str) -> Any:
        assert request == {"FunctionName": "the-function"}
        return {"Environment": {"Variables": ENVIRONMENT}}


def connection(stack: Mapping[str, str] | Exception) -> Connection:
    client = Client(stack)
    clients = {"cloudformation": client, "lambda": client}
    return Connection(None, "eu-west-1", "111122223333", clients)


def error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


def test_deployment_has_the_settings_of_its_function() -> None:
    deployment = find_deployment(connection(OUTPUTS), "my-alerts")
    assert deployment is not None
    assert deployment.function == "the-function"
    assert deployment.settings.table == ENVIRONMENT["VDM_ALERTS_TABLE"]


def test_missing_stack_is_no_deployment_and_an_error_where_one_is_required() -> None:
    missing = connection(error("ValidationError", "Stack with id x does not exist"))
    assert find_deployment(missing, DEFAULT_PREFIX) is None
    with pytest.raises(NotReadError, match=r"There is no stack vdm-alerts in account 111122223333"):
        require_deployment(missing, DEFAULT_PREFIX)


def test_missing_stack_that_the_user_names_is_an_error() -> None:
    missing = connection(error("ValidationError", "Stack with id x does not exist"))
    with pytest.raises(NotReadError, match=r"There is no stack my-alerts in account 111122223333"):
        find_deployment(missing, "my-alerts")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error("AccessDenied", "not authorized"), AccessDeniedError),
        (error("ServiceUnavailable", "later"), UnavailableError),
        ({"Other": "stack"}, NotReadError),
    ],
)
def test_stack_that_cannot_be_read_is_never_missing(
    answer: Mapping[str, str] | Exception, expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        find_deployment(connection(answer), "my-alerts")
