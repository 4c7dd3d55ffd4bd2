"""Errors of configuration, permissions, events and subscriptions, and how they are reported."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from deployed_stack import EMPTY_SCENARIO, DeployedStack

from vdm_local.deployment import InvocationFailedError

HEALTHY = """
begins = 2025-12-15

[[emails]]
identity = "shop.example.com"
configuration_set = "receipts"
isp = "Yahoo"
send = "1000x60"
"""
BREACH = f'{HEALTHY}permanent_bounce = "120x60"\n'


@pytest.fixture(autouse=True)
def _healthy_account(stack: DeployedStack) -> None:
    stack.aws.set_scenario(HEALTHY)


def only_notification(stack: DeployedStack) -> str:
    """Run; return the text of the only notification, which the next run does not repeat."""
    _, (notification,) = stack.run()
    assert_next_run_notifies_nothing(stack)
    return f"{notification.subject}\n{notification.text}"


def assert_problem_is_reported_fixed(stack: DeployedStack) -> None:
    _, (notification,) = stack.run()
    assert notification.subject == "[OK] VDM Alerts: 1 problem fixed - 111122223333 eu-west-1"
    assert_next_run_notifies_nothing(stack)


def assert_next_run_notifies_nothing(stack: DeployedStack) -> None:
    _, notifications = stack.run()
    assert notifications == []


def test_healthy_account_gets_no_notification(stack: DeployedStack) -> None:
    report, notifications = stack.run()
    assert notifications == []
    assert (report["findings"], report["series_unknown"]) == (0, 0)
    assert report["series_evaluated"] > 20


def test_ended_subscription_is_reported_to_the_remaining_subscribers(stack: DeployedStack) -> None:
    sns, sqs = stack.deployment.client("sns"), stack.deployment.client("sqs")
    url = sqs.create_queue(QueueName="spare")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    topic, queue = stack.deployment.outputs["TopicArn"], attributes["QueueArn"]
    spare = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    report, _ = stack.run()

    sns.unsubscribe(SubscriptionArn=spare)

    text = only_notification(stack)
    assert f"fell from {report['subscribers']} to {report['subscribers'] - 1} after" in text
    assert "aws sns list-subscriptions-by-topic --region eu-west-1" in text


def test_disabled_vdm_is_reported_and_its_fix_too(stack: DeployedStack) -> None:
    stack.aws.set_scenario(f"{EMPTY_SCENARIO}\nvdm_enabled = false")
    text = only_notification(stack)
    assert "Virtual Deliverability Manager is turned off in this account and Region" in text
    assert "Turn it on in the SES console" in text
    stack.aws.set_scenario(HEALTHY)
    assert_problem_is_reported_fixed(stack)


def test_account_without_email_is_reported(stack: DeployedStack) -> None:
    stack.aws.set_scenario(EMPTY_SCENARIO)
    text = only_notification(stack)
    assert "VDM has counted no email of this account in the last 7 days" in text
    assert "deploy the stack in the Region that it sends from" in text


def test_account_under_review_is_reported_as_critical(stack: DeployedStack) -> None:
    stack.aws.set_scenario('enforcement = "PROBATION"\n' + HEALTHY)
    text = only_notification(stack)
    assert text.startswith("[CRITICAL] Amazon SES has put this account under review - 1111")


@contextmanager
def rules_replaced(stack: DeployedStack, texts: Mapping[str, str | None]) -> Iterator[None]:
    """Replace the rules in *texts* for the block; None deletes a rule."""
    before = stack.rules()
    stack.write_rules(texts)
    try:
        yield
    finally:
        stack.write_rules({**dict.fromkeys(texts), **before})


def test_invalid_rule_is_reported_and_stops_no_other_rule(stack: DeployedStack) -> None:
    with rules_replaced(stack, {"bounce-rate": 'indicator = "bounce_rat"'}):
        text = only_notification(stack)
        assert "Rule bounce-rate is invalid (3 errors)" in text
        assert 'indicator  "bounce_rat" is not an indicator. Did you mean "bounce_rate"?' in text
        assert "Edit SSM parameter /vdm-alerts/rules/bounce-rate" in text
        assert "Effect: it is not applied" in text
        report, _ = stack.run()
        assert report["series_evaluated"] > 10, "the other rule is still evaluated"
    assert_problem_is_reported_fixed(stack)


def test_edited_default_rule_applies_and_is_reported(stack: DeployedStack) -> None:
    default = stack.rules()["shipped/bounce-rate"]
    with rules_replaced(stack, {"shipped/bounce-rate": default.replace('"5%"', '"4%"')}):
        text = only_notification(stack)
        assert "Default rule bounce-rate was edited in place" in text
        assert "Save its text as SSM parameter /vdm-alerts/rules/bounce-rate, which" in text
        assert "VDM Alerts cannot do all of its work" not in text, "the edited rule applies"
    assert_problem_is_reported_fixed(stack)


def test_missing_rules_are_reported(stack: DeployedStack) -> None:
    with rules_replaced(stack, dict.fromkeys(stack.rules())):
        text = only_notification(stack)
        assert "SSM Parameter Store has no rule under /vdm-alerts/rules" in text
    assert_problem_is_reported_fixed(stack)


@contextmanager
def denied(stack: DeployedStack, action: str) -> Iterator[None]:
    """Remove the permission for *action* from the role of the function for the block."""
    iam = stack.deployment.client("iam")
    function = stack.deployment.client("lambda").get_function_configuration(
        FunctionName=stack.deployment.outputs["FunctionName"]
    )
    role = function["Role"].rsplit("/", 1)[-1]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    remaining = [each for each in document["Statement"] if each["Action"] != action]
    assert len(remaining) < len(document["Statement"])

    def put(statements: list[Any]) -> None:
        text = json.dumps({**document, "Statement": statements})
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=text)

    put(remaining)
    try:
        yield
    finally:
        put(document["Statement"])


@pytest.mark.parametrize(
    "action",
    [
        "ses:GetAccount",
        "ses:ListEmailIdentities",
        "ses:ListConfigurationSets",
        "ses:ListTenants",
        "ses:ListRecommendations",
        "ses:BatchGetMetricData",
        "ssm:GetParametersByPath",
        "sns:GetTopicAttributes",
    ],
)
def test_denied_read_is_reported_and_its_fix_too(stack: DeployedStack, action: str) -> None:
    with denied(stack, action):
        text = only_notification(stack)
        assert f"not allowed to call {action}" in text
        assert f"Allow {action} in the role of the function" in text
    assert_problem_is_reported_fixed(stack)


@pytest.mark.parametrize("action", ["dynamodb:PutItem", "dynamodb:Query"])
def test_breach_is_sent_at_every_run_when_state_access_is_denied(
    stack: DeployedStack, action: str
) -> None:
    """Without state, a run does not know which notifications were already sent."""
    stack.aws.set_scenario(BREACH)
    with denied(stack, action):
        for _ in range(2):
            _, (breach, service) = stack.run()
            assert breach.subject.startswith(
                "[CRITICAL] Bounce rate 12% (above 10%): whole account"
            )
            assert "Alert history unavailable" in breach.text
            assert f"not allowed to call {action}" in service.text
    _, (breach,) = stack.run()
    assert "Alert history unavailable" not in breach.text
    assert_next_run_notifies_nothing(stack)


def test_denied_roster_write_loses_no_alert_history(stack: DeployedStack) -> None:
    """The roster only spares queries."""
    stack.aws.set_scenario(BREACH)
    with denied(stack, "dynamodb:BatchWriteItem"):
        _, (breach,) = stack.run()
        assert "Alert history unavailable" not in breach.text
        assert_next_run_notifies_nothing(stack)
        warnings = [each for each in stack.deployment.log() if each.get("level") == "WARNING"]
        assert any("sender roster not saved" in each["message"] for each in warnings)


def test_denied_lease_release_loses_no_notification(stack: DeployedStack) -> None:
    stack.aws.set_scenario(BREACH)
    with denied(stack, "dynamodb:DeleteItem"):
        _, (breach,) = stack.run()
        assert breach.subject.startswith("[CRITICAL]")
        assert stack.invoke() == {"skipped": "another run is active"}
        warnings = [each for each in stack.deployment.log() if each.get("level") == "WARNING"]
        assert any("lease not released" in each["message"] for each in warnings)


def test_notification_stays_due_when_publishing_is_denied(stack: DeployedStack) -> None:
    stack.aws.set_scenario(EMPTY_SCENARIO)
    with denied(stack, "sns:Publish"):
        assert "1 of 1 notifications are unsent" in stack.run_failing()
        errors = [line for line in stack.deployment.log() if line.get("level") == "ERROR"]
        assert any("not allowed to call sns:Publish" in line["message"] for line in errors)
    assert "VDM has counted no email" in only_notification(stack)


def test_future_timestamp_is_rejected(stack: DeployedStack) -> None:
    """If it were accepted, every scheduled run until then would fail."""
    with pytest.raises(InvocationFailedError, match="is in the future"):
        stack.deployment.invoke({"now": "2999-01-01T00:00:00Z"})


@pytest.mark.parametrize("now", ["yesterday", "2026-03-01T09:00:00", 7])
def test_invalid_timestamp_is_rejected(stack: DeployedStack, now: object) -> None:
    with pytest.raises(InvocationFailedError, match="is not a timestamp with an offset"):
        stack.deployment.invoke({"now": now})


def test_timestamp_before_the_last_run_is_rejected(stack: DeployedStack) -> None:
    stack.run()
    stack.run()
    stack.now -= timedelta(hours=2)
    assert "is earlier than the last run" in stack.run_failing()
