"""Tests of `vdm-alerts test-alert`."""

import io
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from builders import NOW
from click.testing import Result
from mocked_stack import VARIABLES, mocked_stack

from vdm_alerts_cli import test_alert
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.subscriptions import masked_endpoint

RunCommand = Callable[..., Result]
TOPIC_ARN = VARIABLES["VDM_ALERTS_TOPIC_ARN"]
PENDING = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "b@x.example"}
PUBLISHED = {"test": "test-20260312T090000Z"}


class Aws:
    """The clients of the command, with the answers of a topic and of a function."""

    def __init__(self) -> None:
        self.answer: object = PUBLISHED
        self.error: str | None = None
        self.events: list[Any] = []
        self.listed: list[dict[str, str]] = [subscription("email", "anna@x.example"), PENDING]
        self.policies: dict[str, str] = {}
        self.sums: dict[str, int] = {}
        self._request: Any = None

    def client(self, service: str, **_: object) -> Any:
        client = boto3.client(service)  # type: ignore[call-overload]
        client.meta.events.register("provide-client-params", self._remember)
        client.meta.events.register("before-call", self._respond)
        return client

    def _remember(self, params: Any, **_: object) -> None:
        self._request = params

    def _respond(self, model: Any, **_: object) -> Any:
        return SimpleNamespace(status_code=200), self._output(model.name, self._request)

    def _output(self, operation: str, request: Any) -> dict[str, Any]:
        match operation:
            case "Invoke":
                self.events.append(json.loads(request["Payload"]))
                text = json.dumps(self.answer).encode()
                payload = StreamingBody(io.BytesIO(text), len(text))
                return {"Payload": payload, **({"FunctionError": self.error} if self.error else {})}
            case "ListSubscriptionsByTopic":
                return {"Subscriptions": self.listed}
            case "GetSubscriptionAttributes":
                policy = self.policies.get(request["SubscriptionArn"])
                return {"Attributes": {"FilterPolicy": policy} if policy else {}}
            case "GetMetricStatistics":
                name = request["MetricName"]
                return {"Datapoints": [{"Sum": self.sums[name]}] if name in self.sums else []}
            case _:
                raise AssertionError(operation)


def subscription(protocol: str, endpoint: str) -> dict[str, str]:
    return {"SubscriptionArn": f"{TOPIC_ARN}:1", "Protocol": protocol, "Endpoint": endpoint}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    aws = Aws()
    connection = Connection(aws, "eu-west-1", "111122223333")
    monkeypatch.setattr(Connection, "client", lambda _, service: aws.client(service))
    monkeypatch.setattr(test_alert, "connect", lambda _: connection)
    with mocked_stack(monkeypatch):
        yield aws


def rows(run_command: RunCommand) -> list[dict[str, Any]]:
    document = json.loads(run_command("test-alert", "-o", "json").stdout)
    subscriptions: list[dict[str, Any]] = document["subscriptions"]
    return subscriptions


def test_function_is_invoked_once_with_a_test_event(run_command: RunCommand, aws: Aws) -> None:
    result = run_command("test-alert")
    assert result.exit_code == 0
    assert aws.events == [{"testAlert": True, "now": NOW.isoformat()}]
    assert "SNS accepted the test notification test-20260312T090000Z." in result.stderr
    assert "SNS reports no delivery for a single email address." in result.stderr


def test_each_subscription_is_listed_with_its_endpoint_masked(
    run_command: RunCommand, aws: Aws
) -> None:
    confirmed, pending = rows(run_command)
    assert aws.listed[0]["Endpoint"] not in str(confirmed)
    assert confirmed["endpoint"].startswith("a***")
    assert (confirmed["state"], confirmed["gets_test"], confirmed["gets_critical"]) == (
        "confirmed",
        True,
        True,
    )
    assert (pending["state"], pending["gets_test"], pending["gets_critical"]) == (
        "pending",
        False,
        False,
    )


@pytest.mark.parametrize(
    ("policy", "exit_code", "message"),
    [
        ('{"kind": ["test"]}', 0, ""),
        ('{"severity": ["CRITICAL"]}', 1, "filter policies drop it. They pass alerts."),
        ('{"severity": ["NONE"]}', 1, "no subscription gets notifications"),
        ('{"severity": [{"new": 1}]}', 3, "not known whether a subscription gets the test"),
    ],
)
def test_filter_policy_decides_who_gets_the_test(
    run_command: RunCommand, aws: Aws, policy: str, exit_code: int, message: str
) -> None:
    aws.policies[f"{TOPIC_ARN}:1"] = policy
    result = run_command("test-alert")
    assert result.exit_code == exit_code
    assert message in result.stderr


@pytest.mark.parametrize("listed", [[], [PENDING]])
def test_topic_without_a_confirmed_subscription_is_found(
    run_command: RunCommand, aws: Aws, listed: list[dict[str, str]]
) -> None:
    aws.listed = listed
    result = run_command("test-alert")
    assert result.exit_code == 1
    assert "no subscription gets notifications: none is confirmed" in result.stderr


def test_missing_counts_are_not_zero(run_command: RunCommand, aws: Aws) -> None:
    aws.sums["NumberOfNotificationsDelivered"] = 1_200
    result = run_command("test-alert")
    counts = "The topic in the last hour: delivered 1,200, failed unknown, filtered out unknown."
    assert counts in result.stderr
    document = json.loads(run_command("test-alert", "-o", "json").stdout)
    assert document["topic"] == {"delivered": 1_200, "failed": None, "filtered_out": None}


def test_function_that_fails_is_found(run_command: RunCommand, aws: Aws) -> None:
    aws.error, aws.answer = "Unhandled", {"errorMessage": "denied: sns:Publish"}
    result = run_command("test-alert")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "could not publish a test notification: denied: sns:Publish" in result.stderr


def test_function_of_an_earlier_version_is_recognized(run_command: RunCommand, aws: Aws) -> None:
    aws.answer = {"queries": 7}
    result = run_command("test-alert")
    assert result.exit_code == 3
    assert "it made a usual run instead" in result.stderr


@pytest.mark.parametrize(
    ("protocol", "endpoint", "shown"),
    [
        (
            "https",
            "https://hooks.example.com/services/T0/secret?key=1",
            "https://hooks.example.com/***",
        ),
        ("sms", "+15550123456", "***3456"),
        ("sqs", "arn:aws:sqs:eu-west-1:1:queue", "arn:aws:sqs:eu-west-1:1:queue"),
    ],
)
def test_private_part_of_an_endpoint_is_masked(protocol: str, endpoint: str, shown: str) -> None:
    assert masked_endpoint(protocol, endpoint) == shown
