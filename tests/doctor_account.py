"""An AWS account for tests of the doctor: SES from a scenario, other services as a test says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from function_environment import ENVIRONMENT

from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.doctor.catalog import CHECKS, run_checks
from vdm_alerts_cli.doctor.check import Outcome
from vdm_alerts_cli.doctor.examination import Examination
from vdm_alerts_cli.in_process_ses import SimulatedClock, in_process_client
from vdm_local.account import ACCOUNT, REGION
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import Scenario, parse_scenario

NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/evaluator"
TOPIC = ENVIRONMENT["VDM_ALERTS_TOPIC_ARN"]
SHOP = """
begins = 2026-03-02
daily_quota = 50000

[[emails]]
identity = "news.example.com"
configuration_set = "newsletter"
isp = "Hotmail"
send = "2000x18 500@+1h"

[[emails]]
identity = "shop.example.com"
configuration_set = "receipts"
isp = "Gmail"
send = "1000x10 0 1000x7 100@+2h"

[[emails]]
identity = "shop.example.com"
configuration_set = "receipts"
isp = "UNKNOWN_ISP"
send = "50x18"
"""


def error(code: str, message: str = "", status: int = 400) -> ClientError:
    """Return an error of AWS."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Operation")


DENIED = error("AccessDenied", status=403)
MISSING_STACK = error("ValidationError", "Stack with id vdm-alerts does not exist")


class DoctorAccount(Connection):
    """A connection to an account whose responses a test can set.

    `answers` has a response, an error, or a function of the parameters for an operation such as
    "sns:GetTopicAttributes". Without an answer, SES responds from a scenario, and every other
    service denies access.
    """

    def __init__(self, text: str = SHOP) -> None:
        super().__init__(boto3.Session(region_name=REGION), REGION, ACCOUNT)
        answers: dict[str, Any] = {"cloudformation:DescribeStacks": MISSING_STACK}
        fields = {
            "answers": answers,
            "calls": [],
            "endpoint": Endpoint(parse_scenario(text, "here"), NOW),
        }
        for name, value in fields.items():  # The class of a connection is frozen.
            object.__setattr__(self, name, value)
        self.__dict__["dynamodb"] = TableOfAnAccount(_DeniedTable())
        _CURRENT.account = self

    answers: dict[str, Any]
    calls: list[str]
    endpoint: Endpoint

    def change(self, **changes: object) -> None:
        """Change the scenario of SES."""
        scenario: Scenario = replace(self.endpoint.scenario, **changes)  # type: ignore[arg-type]
        self.endpoint.scenario = scenario

    def client(self, service: str) -> Any:
        """Return a client of *service*, which opens no socket."""
        return _client(service, _CURRENT)

    def deploy(self, **environment: str) -> None:
        """Let the stack exist, in good order."""
        outputs = {
            "FunctionName": "evaluator",
            "LogGroupName": "/evaluator",
            "DeadLetterQueueUrl": "https://sqs.example/queue",
        }
        stack = {
            "StackStatus": "UPDATE_COMPLETE",
            "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
        }
        variables = {**ENVIRONMENT, **environment}
        subscription = {"SubscriptionArn": f"{TOPIC}:1", "Protocol": "email", "Endpoint": "a@b.c"}
        resources = {"AWS::Scheduler::Schedule": "hourly", "AWS::Events::Rule": "news"}
        rule = {"Name": "/vdm-alerts/rules/shipped/bounce-rate", "Type": "String", "Value": "x"}
        self.answers |= {
            "cloudformation:DescribeStacks": {"Stacks": [stack]},
            "cloudformation:ListStackResources": {
                "StackResourceSummaries": [
                    {"ResourceType": kind, "PhysicalResourceId": name}
                    for kind, name in resources.items()
                ]
            },
            "lambda:GetFunctionConfiguration": {
                "Role": ROLE,
                "State": "Active",
                "Environment": {"Variables": variables},
            },
            "scheduler:GetSchedule": {
                "State": "ENABLED",
                "ScheduleExpression": "rate(1 hour)",
            },
            "events:DescribeRule": {"State": "ENABLED"},
            "sqs:GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
            "dynamodb:DescribeTable": {"Table": {"TableStatus": "ACTIVE"}},
            "dynamodb:Query": {"Items": []},
            "ssm:GetParametersByPath": {"Parameters": [rule]},
            "sns:GetTopicAttributes": {"Attributes": {"SubscriptionsConfirmed": "1"}},
            "sns:ListSubscriptionsByTopic": {"Subscriptions": [subscription]},
            "cloudwatch:GetMetricData": {"MetricDataResults": []},
            "iam:SimulatePrincipalPolicy": simulate(),
        }


class _Current:
    """The account of the test. All tests share the clients, which take long to create."""

    account: DoctorAccount

    def respond(self, *request: Any) -> Any:
        """Respond to a request of SES."""
        return self.account.endpoint.respond(*request)


_CURRENT = _Current()


@cache
def _client(service: str, current: _Current) -> Any:
    if service == "sesv2":
        client = in_process_client(current)  # type: ignore[arg-type]
    else:
        config = Config(signature_version=UNSIGNED)
        session: Any = boto3.Session(region_name=REGION)
        client = session.client(service, config=config)
    latest: dict[str, Any] = {}

    def remember(params: Any, **_: object) -> None:
        latest["params"] = params

    def respond(model: Any, **_: object) -> Any:
        operation, account = f"{service}:{model.name}", current.account
        account.calls.append(operation)
        answer = account.answers.get(operation, None if service == "sesv2" else DENIED)
        if callable(answer):
            answer = answer(latest["params"])
        if isinstance(answer, Exception):
            raise answer
        return None if answer is None else (SimpleNamespace(status_code=200), answer)

    client.meta.events.register("before-parameter-build", remember)
    client.meta.events.register_first("before-call", respond)
    return client


class TableOfAnAccount:
    """A resource of DynamoDB with one table."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def Table(self, _: str) -> Any:  # noqa: N802 - boto3's name
        """Return the table, whatever its name is."""
        return self._table


class _DeniedTable:
    name, meta = "vdm-alerts", None

    def query(self, **_: object) -> Any:
        raise DENIED


def simulate(*denied: str) -> Callable[[Any], Any]:
    """Return a simulation of IAM that denies some actions and allows all others."""

    def respond(params: Any) -> Any:
        results = [
            {
                "EvalActionName": action,
                "EvalDecision": "implicitDeny" if action in denied else "allowed",
            }
            for action in params["ActionNames"]
        ]
        return {"EvaluationResults": results}

    return respond


def an_examination(account: DoctorAccount, **options: Any) -> Examination:
    """Return an examination of *account* at NOW that waits for nothing."""
    return Examination(account, NOW, SimulatedClock(), **options)


def outcomes_of(account: DoctorAccount, check_id: str, **options: Any) -> list[Outcome]:
    """Return the outcomes of one check alone."""
    checks = [replace(check, needs=()) for check in CHECKS if check.id == check_id]
    examination = an_examination(account, **options)
    return [result.outcome for result in run_checks(examination, checks)]
