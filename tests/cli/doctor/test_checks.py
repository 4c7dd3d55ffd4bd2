"""Each check of the doctor: what it finds, and that it never takes a failure for good news."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import builders
import pytest
from commands import assert_is_aws_command
from doctor_account import (
    DENIED,
    NOW,
    DoctorAccount,
    TableOfAnAccount,
    error,
    outcomes_of,
    simulate,
)
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.rules.default_rules import fingerprint
from vdm_alerts_cli.doctor.catalog import CHECKS
from vdm_alerts_cli.doctor.check import Answer, NotRead, Outcome, Problem, Well
from vdm_alerts_cli.rule_files import DEFAULT_RULES

Change = Callable[[DoctorAccount], None]
RULE = (DEFAULT_RULES / "bounce-rate.toml").read_text("utf-8")
PARAMETER = "/vdm-alerts/rules/shipped/bounce-rate"


def answer(operation: str, value: Any) -> Change:
    return lambda account: account.answers.update({operation: value})


def denied(*operations: str) -> Change:
    return lambda account: account.answers.update(dict.fromkeys(operations, DENIED))


def scenario(**changes: object) -> Change:
    return lambda account: account.change(**changes)


def unchanged(_: DoctorAccount) -> None:
    """The account as it is."""


def rules(text: str) -> Change:
    parameter = {"Name": PARAMETER, "Type": "String", "Value": text}

    def change(account: DoctorAccount) -> None:
        account.deploy(VDM_ALERTS_DEFAULT_RULES=f"bounce-rate={fingerprint(text)}")
        account.answers["ssm:GetParametersByPath"] = {"Parameters": [parameter]}

    return change


def silences(*texts: str) -> Change:
    parameters = [
        {"Name": f"/vdm-alerts/silences/s{number}", "Type": "String", "Value": text}
        for number, text in enumerate(texts)
    ]
    return answer("ssm:GetParametersByPath", {"Parameters": parameters})


def subscriptions(*arns: str, counted: int | None = None) -> Change:
    entries = [
        {"SubscriptionArn": arn, "Protocol": "email", "Endpoint": "ops@example.com"} for arn in arns
    ]

    def change(account: DoctorAccount) -> None:
        confirmed = sum(arn.startswith("arn") for arn in arns) if counted is None else counted
        account.answers |= {
            "sns:ListSubscriptionsByTopic": {"Subscriptions": entries},
            "sns:GetTopicAttributes": {"Attributes": {"SubscriptionsConfirmed": str(confirmed)}},
        }

    return change


def stack_status(status: str) -> Change:
    def change(account: DoctorAccount) -> None:
        (stack,) = account.answers["cloudformation:DescribeStacks"]["Stacks"]
        stack["StackStatus"] = status

    return change


def function_state(**state: str) -> Change:
    def change(account: DoctorAccount) -> None:
        account.answers["lambda:GetFunctionConfiguration"].update(state)

    return change


def notifications(**attributes: object) -> Change:
    return answer(
        "ses:GetIdentityNotificationAttributes",
        lambda params: {"NotificationAttributes": dict.fromkeys(params["Identities"], attributes)},
    )


def sent(*counts: float) -> Change:
    """Let CloudWatch count emails in the first periods of today."""
    midnight = NOW.replace(hour=0)
    times = [midnight + timedelta(hours=number) for number in range(len(counts))]
    result = {"Id": "sent", "Timestamps": times, "Values": list(counts)}
    return answer("cloudwatch:GetMetricData", {"MetricDataResults": [result]})


def bill(*usage_types: str) -> Change:
    groups = [
        {
            "Keys": [usage_type],
            "Metrics": {
                "UnblendedCost": {"Amount": "2", "Unit": "USD"},
                "UsageQuantity": {"Amount": "1000", "Unit": "N/A"},
            },
        }
        for usage_type in usage_types
    ]
    return answer("ce:GetCostAndUsage", {"ResultsByTime": [{"Groups": groups}]})


def vdm(response: Any) -> Change:
    """Let each query of VDM have this response."""
    return answer("sesv2:BatchGetMetricData", response)


def counts(values: dict[int, int]) -> Any:
    """Return a response of VDM with counts by the age of their day."""
    midnight = NOW.replace(hour=0)
    result = {
        "Id": "0",
        "Timestamps": [midnight - timedelta(days=age) for age in values],
        "Values": list(values.values()),
    }
    return {"Results": [result], "Errors": []}


REJECTED = error("BadRequestException", "Invalid value.")
OUTAGE = error("InternalFailure", "", 500)
NO_ANSWER = {"Results": [], "Errors": [{"Id": "0", "Code": "INTERNAL_FAILURE"}]}


@dataclass(frozen=True)
class Case:
    """What a check finds in a good and in a bad account, and in one that it cannot read."""

    good: Change
    bad: Change
    unread: Change
    deployed: bool = False
    options: dict[str, Any] = field(default_factory=dict)


def deployed(good: Change, bad: Change, unread: Change) -> Case:
    return Case(good, bad, unread, deployed=True)


CASES = {
    "vdm-enabled": Case(unchanged, scenario(vdm_enabled=False), denied("sesv2:GetAccount")),
    "region": Case(unchanged, scenario(streams=()), denied("sesv2:ListEmailIdentities")),
    "sending": Case(unchanged, scenario(enforcement="PROBATION"), denied("sesv2:GetAccount")),
    "sandbox": Case(unchanged, scenario(production_access=False), denied("sesv2:GetAccount")),
    "sending-quota": Case(unchanged, scenario(daily_quota=2_000), denied("sesv2:GetAccount")),
    "stack": deployed(
        unchanged, stack_status("ROLLBACK_COMPLETE"), denied("cloudformation:DescribeStacks")
    ),
    "function": deployed(
        unchanged,
        function_state(State="Failed", StateReason="no code"),
        denied("lambda:GetFunctionConfiguration"),
    ),
    "schedule": deployed(
        unchanged,
        answer(
            "scheduler:GetSchedule", {"State": "DISABLED", "ScheduleExpression": "rate(1 hour)"}
        ),
        denied("scheduler:GetSchedule"),
    ),
    "dead-letter-queue": deployed(
        unchanged,
        answer("sqs:GetQueueAttributes", {"Attributes": {"ApproximateNumberOfMessages": "2"}}),
        denied("sqs:GetQueueAttributes"),
    ),
    "read-permissions": deployed(
        unchanged, denied("dynamodb:Query"), answer("sns:GetTopicAttributes", OUTAGE)
    ),
    "function-permissions": deployed(
        unchanged,
        answer("iam:SimulatePrincipalPolicy", simulate("sns:Publish")),
        denied("iam:SimulatePrincipalPolicy"),
    ),
    "rules": deployed(rules(RULE), rules("scopes = 7"), denied("ssm:GetParametersByPath")),
    "silences": deployed(silences(), silences("until = 7"), denied("ssm:GetParametersByPath")),
    "subscriptions": deployed(
        unchanged, subscriptions("PendingConfirmation"), denied("sns:ListSubscriptionsByTopic")
    ),
    "pending-subscriptions": deployed(
        unchanged, subscriptions("PendingConfirmation"), denied("sns:ListSubscriptionsByTopic")
    ),
    "configuration-set-feedback": Case(
        unchanged,
        scenario(without_feedback=("newsletter",)),
        denied("sesv2:GetConfigurationSetEventDestinations"),
    ),
    "identity-feedback": Case(
        notifications(ForwardingEnabled=True),
        lambda account: (
            notifications(ForwardingEnabled=False)(account),
            scenario(without_feedback=("news.example.com",))(account),
        )[0],
        denied("ses:GetIdentityNotificationAttributes"),
    ),
    "email-without-configuration-set": Case(
        unchanged,
        lambda account: scenario(
            streams=[
                replace(stream, configuration_set=None)
                for stream in account.endpoint.scenario.streams
            ]
        )(account),
        denied("sesv2:BatchGetMetricData"),
    ),
    "today-served": Case(unchanged, scenario(today="rejected"), vdm(OUTAGE)),
    "data-freshness": Case(sent(600.0), sent(600.0, 700.0), denied("cloudwatch:GetMetricData")),
    "end-date": Case(unchanged, vdm(counts({1: 5, 0: 5})), vdm(NO_ANSWER)),
    "wildcard-values": Case(unchanged, vdm(counts({1: 5})), denied("sesv2:BatchGetMetricData")),
    "combined-dimensions": Case(unchanged, vdm(REJECTED), vdm(OUTAGE)),
    "missing-days": Case(vdm(counts({3: 5, 1: 5})), vdm(counts({3: 5, 2: 0, 1: 5})), vdm(OUTAGE)),
    "gmail-complaints": Case(
        lambda account: account.answers.update(
            {
                "sesv2:BatchGetMetricData": lambda params: counts(
                    {1: 5 if params["Queries"][0]["Metric"] == "SEND" else 0}
                )
            }
        ),
        vdm(counts({1: 5})),
        vdm(REJECTED),
    ),
    "list-page-size": Case(
        unchanged, answer("sesv2:ListTenants", REJECTED), denied("sesv2:ListTenants")
    ),
    "unknown-isp": Case(
        unchanged,
        lambda account: scenario(
            streams=[replace(stream, isp="Example") for stream in account.endpoint.scenario.streams]
        )(account),
        vdm(OUTAGE),
    ),
    "provider-names": Case(
        unchanged,
        lambda account: scenario(
            streams=[replace(stream, isp="Verizon") for stream in account.endpoint.scenario.streams]
        )(account),
        vdm(OUTAGE),
    ),
}
"""The checks with a good and a bad result. The others only answer a question, or need a table."""
OTHERS = {"table", "last-run", "query-price", "export-columns", "run-time"}


def examined(case: Case, change: Change, check_id: str) -> list[Outcome]:
    account = DoctorAccount()
    if case.deployed:
        account.deploy()
    change(account)
    return outcomes_of(account, check_id, **case.options)


def test_every_check_has_its_cases() -> None:
    assert {check.id for check in CHECKS} == CASES.keys() | OTHERS


@pytest.mark.parametrize("check_id", CASES)
def test_good_account_has_no_problem(check_id: str) -> None:
    found = examined(CASES[check_id], CASES[check_id].good, check_id)
    assert found
    for outcome in found:
        assert isinstance(outcome, Well) or (isinstance(outcome, Answer) and outcome.as_assumed), (
            outcome
        )


@pytest.mark.parametrize("check_id", CASES)
def test_bad_account_has_a_problem(check_id: str) -> None:
    found = examined(CASES[check_id], CASES[check_id].bad, check_id)
    assert any(
        isinstance(outcome, Problem)
        or (isinstance(outcome, Answer) and outcome.as_assumed is False)
        for outcome in found
    ), found
    assert not any(isinstance(outcome, NotRead) for outcome in found)
    for outcome in found:
        if isinstance(outcome, Problem) and outcome.command:
            assert_is_aws_command(outcome.command)
            assert "--region eu-west-1" in outcome.command


@pytest.mark.parametrize("check_id", CASES)
def test_unreadable_account_is_never_well(check_id: str) -> None:
    found = examined(CASES[check_id], CASES[check_id].unread, check_id)
    assert any(isinstance(outcome, NotRead) for outcome in found), found
    assert not any(isinstance(outcome, Well) for outcome in found)


def test_run_time_is_estimated_for_all_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    (outcome,) = outcomes_of(DoctorAccount(), "run-time")
    assert isinstance(outcome, Well)
    assert re.match(r"A run makes about \d+ VDM queries in \d+ s, of at most 780 s", outcome.text)
    monkeypatch.setattr("vdm_alerts_cli.doctor.ses_account.MAX_READING_TIME", timedelta())
    (outcome,) = outcomes_of(DoctorAccount(), "run-time")
    assert isinstance(outcome, Problem)
    account = DoctorAccount()
    denied("sesv2:ListConfigurationSets")(account)
    assert [type(each) for each in outcomes_of(account, "run-time")] == [NotRead]


@pytest.fixture
def account_with_table() -> Iterator[DoctorAccount]:
    with mock_aws():
        account = DoctorAccount()
        account.deploy(VDM_ALERTS_TABLE="vdm-alerts")
        table = builders.a_table()
        account.__dict__["dynamodb"] = TableOfAnAccount(table)
        yield account


def save(account: DoctorAccount, state: StoredState) -> None:
    table = account.dynamodb.Table("vdm-alerts")
    DynamoDbState(table).save(account.target, state, replacing=StoredState())


@pytest.mark.parametrize(
    ("age", "is_well"), [(timedelta(hours=1), True), (timedelta(hours=3), False), (None, False)]
)
def test_last_run_is_as_recent_as_the_schedule(
    account_with_table: DoctorAccount, age: timedelta | None, *, is_well: bool
) -> None:
    save(account_with_table, StoredState(last_run=NOW - age if age is not None else None))
    (outcome,) = outcomes_of(account_with_table, "last-run")
    assert isinstance(outcome, Well if is_well else Problem)


@pytest.mark.parametrize(
    ("age", "is_well"), [(timedelta(hours=1), True), (timedelta(hours=3), False), (None, False)]
)
def test_last_execution_of_a_fleet_is_as_recent_as_the_schedule(
    age: timedelta | None, *, is_well: bool
) -> None:
    account = DoctorAccount()
    account.deploy()
    (stack,) = account.answers["cloudformation:DescribeStacks"]["Stacks"]
    machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:vdm-alerts"
    stack["Outputs"].append({"OutputKey": "StateMachineArn", "OutputValue": machine})
    executions = [] if age is None else [{"stopDate": NOW - age}]
    account.answers["stepfunctions:ListExecutions"] = {"executions": executions}
    (outcome,) = outcomes_of(account, "last-run")
    assert isinstance(outcome, Well if is_well else Problem)
    assert "fleet" in str(outcome)


def test_rule_on_another_bus_is_found_there() -> None:
    account = DoctorAccount()
    account.deploy()
    asked: list[Any] = []
    account.answers["cloudformation:ListStackResources"]["StackResourceSummaries"].append(
        {"ResourceType": "AWS::Events::Rule", "PhysicalResourceId": "vdm-alerts|news-of-spokes"}
    )

    def describe(parameters: Any) -> Any:
        asked.append(parameters)
        return {"State": "ENABLED"}

    account.answers["events:DescribeRule"] = describe
    (outcome,) = outcomes_of(account, "schedule")
    assert isinstance(outcome, Well)
    assert {"Name": "news-of-spokes", "EventBusName": "vdm-alerts"} in asked


def test_table_is_readable(account_with_table: DoctorAccount) -> None:
    save(account_with_table, StoredState(last_run=NOW))
    assert outcomes_of(account_with_table, "table") == [
        Well("Table vdm-alerts is readable. It has 0 alerts")
    ]


def test_damaged_item_is_a_problem(account_with_table: DoctorAccount) -> None:
    save(account_with_table, StoredState(last_run=NOW))
    table = account_with_table.dynamodb.Table("vdm-alerts")
    (item,) = table.scan()["Items"]
    table.put_item(Item={**item, "last_run": "yesterday"})
    assert any(isinstance(each, Problem) for each in outcomes_of(account_with_table, "table"))
    assert table.scan()["Items"] == [{**item, "last_run": "yesterday"}], "nothing is repaired"


@pytest.mark.parametrize("check_id", ["table", "last-run"])
def test_unreadable_table_is_never_well(check_id: str) -> None:
    account = DoctorAccount()
    account.deploy()
    denied("dynamodb:DescribeTable")(account)
    assert [type(each) for each in outcomes_of(account, check_id)] == [NotRead]


@pytest.mark.parametrize(
    ("check_id", "operation", "code"),
    [
        ("stack", "lambda:GetFunctionConfiguration", "ResourceNotFoundException"),
        ("schedule", "scheduler:GetSchedule", "ResourceNotFoundException"),
        ("table", "dynamodb:DescribeTable", "ResourceNotFoundException"),
        ("dead-letter-queue", "sqs:GetQueueAttributes", "AWS.SimpleQueueService.NonExistentQueue"),
        ("subscriptions", "sns:ListSubscriptionsByTopic", "NotFound"),
    ],
)
def test_deleted_resource_of_the_stack_is_a_problem(
    check_id: str, operation: str, code: str
) -> None:
    account = DoctorAccount()
    account.deploy()
    account.answers[operation] = error(code, "It does not exist", 404)
    (outcome,) = outcomes_of(account, check_id)
    assert isinstance(outcome, Problem)
    assert outcome.text.startswith("A resource of the stack was deleted: ")
