"""What goes wrong at an operator's, and what the operator hears of it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from stage import EMPTY, Stage

from vdm_local.deployment import InvocationFailedError

HEALTHY = """
begins = 2025-12-15

[[mail]]
identity = "shop.example.com"
configuration_set = "receipts"
isp = "Yahoo"
send = "1000x60"
"""


@pytest.fixture(autouse=True)
def _healthy(stage: Stage) -> None:
    """An account with mail and nothing wrong in it."""
    stage.deployed.aws.set_scenario(HEALTHY)


def said(stage: Stage) -> str:
    """Run; return the one mail that was sent about it, which is not repeated."""
    _, (told,) = stage.run()
    _, again = stage.run()
    assert again == []
    return f"{told.subject}\n{told.text}"


def all_clear(stage: Stage) -> None:
    _, (told,) = stage.run()
    assert told.subject == "[OK] All is in order again - 111122223333 eu-west-1"
    _, again = stage.run()
    assert again == []


def test_a_healthy_account_hears_nothing(stage: Stage) -> None:
    summary, told = stage.run()
    assert told == []
    assert (summary["findings"], summary["series_unknown"]) == (0, 0)
    assert summary["series_judged"] > 20


def test_vdm_switched_off(stage: Stage) -> None:
    stage.deployed.aws.set_scenario(EMPTY + "\nvdm_enabled = false")
    text = said(stage)
    assert "Virtual Deliverability Manager is switched off in this account and Region" in text
    assert "Switch it on in the SES console" in text
    stage.deployed.aws.set_scenario(HEALTHY)
    all_clear(stage)


def test_an_account_without_mail(stage: Stage) -> None:
    stage.deployed.aws.set_scenario(EMPTY)
    text = said(stage)
    assert "VDM has counted no mail of this account in the last 7 days" in text
    assert "deploy into the Region it sends from" in text


def test_an_account_under_review(stage: Stage) -> None:
    stage.deployed.aws.set_scenario('enforcement = "PROBATION"\n' + HEALTHY)
    text = said(stage)
    assert text.startswith("[CRITICAL] Amazon SES has put this account under review - 1111")


@contextmanager
def parameters(stage: Stage, texts: Mapping[str, str | None]) -> Iterator[None]:
    """Have parameters under the path of the rules hold *texts* for the block; None: not exist."""
    before = stage.rules()
    stage.write_rules(texts)
    try:
        yield
    finally:
        stage.write_rules({**dict.fromkeys(texts), **before})


def test_a_rule_that_does_not_parse(stage: Stage) -> None:
    with parameters(stage, {"bounce-rate": 'indicator = "bounce_rat"'}):
        text = said(stage)
        assert "/vdm-alerts/rules/bounce-rate: 3 problems" in text
        assert 'indicator  "bounce_rat" is not known here; did you mean "bounce_rate"?' in text
        assert "Edit that parameter in SSM Parameter Store" in text
        assert "Until that is mended nothing is judged by it" in text
        summary, _ = stage.run()
        assert summary["series_judged"] > 10, "the other rule is judged by all the same"
    all_clear(stage)


def test_a_shipped_rule_that_is_edited_in_place(stage: Stage) -> None:
    shipped = stage.rules()["shipped/bounce-rate"]
    with parameters(stage, {"shipped/bounce-rate": shipped.replace('"5%"', '"4%"')}):
        text = said(stage)
        assert "The shipped rule bounce-rate was edited in place" in text
        assert "Save its text as the SSM parameter /vdm-alerts/rules/bounce-rate: that" in text
        assert "VDM Alerts cannot do all of its work" not in text, "the edit counts"
    all_clear(stage)


def test_no_rule_at_all(stage: Stage) -> None:
    with parameters(stage, dict.fromkeys(stage.rules())):
        text = said(stage)
        assert "There is no rule under /vdm-alerts/rules in SSM Parameter Store" in text
    all_clear(stage)


@contextmanager
def without(stage: Stage, action: str) -> Iterator[None]:
    """Take *action* from the function's role for the block."""
    iam = stage.deployed.client("iam")
    role = _role(stage)
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    left = [each for each in document["Statement"] if each["Action"] != action]
    assert len(left) < len(document["Statement"])
    _allow(iam, role, name, {**document, "Statement": left})
    try:
        yield
    finally:
        _allow(iam, role, name, document)


def _allow(iam: Any, role: str, name: str, document: dict[str, Any]) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _role(stage: Stage) -> str:
    function = stage.deployed.client("lambda").get_function_configuration(
        FunctionName=stage.deployed.outputs["FunctionName"]
    )
    return str(function["Role"].rsplit("/", 1)[-1])


@pytest.mark.parametrize(
    "action",
    [
        "ses:GetAccount",
        "ses:ListEmailIdentities",
        "ses:ListConfigurationSets",
        "ses:BatchGetMetricData",
        "ssm:GetParametersByPath",
        "sns:GetTopicAttributes",
    ],
)
def test_a_missing_permission_to_read(stage: Stage, action: str) -> None:
    with without(stage, action):
        text = said(stage)
        assert f"AWS refused {action} to VDM Alerts" in text
        assert f"Allow {action} in the role of the function" in text
    all_clear(stage)


BREACH = (
    HEALTHY
    + """
permanent_bounce = "120x60"
"""
)


@pytest.mark.parametrize("action", ["dynamodb:PutItem", "dynamodb:Query"])
def test_a_missing_permission_to_remember(stage: Stage, action: str) -> None:
    """Without memory nobody knows what was told, so a breach is told at every run."""
    stage.deployed.aws.set_scenario(BREACH)
    with without(stage, action):
        for _ in range(2):
            _, (breach, service) = stage.run()
            assert breach.subject.startswith("[CRITICAL] Bounce rate of the account is 12%")
            assert "History unavailable" in breach.text
            assert f"AWS refused {action} to VDM Alerts" in service.text
    _, (breach,) = stage.run()
    assert "History unavailable" not in breach.text
    _, again = stage.run()
    assert again == []


def test_a_missing_permission_to_remember_what_was_read_costs_queries_alone(stage: Stage) -> None:
    stage.deployed.aws.set_scenario(BREACH)
    with without(stage, "dynamodb:BatchWriteItem"):
        _, (breach,) = stage.run()
        assert "History unavailable" not in breach.text
        _, again = stage.run()
        assert again == []
        warnings = [each for each in stage.deployed.log() if each.get("level") == "WARNING"]
        assert any("what was read is not remembered" in each["message"] for each in warnings)


def test_a_missing_permission_to_give_back_the_lease_costs_no_message(stage: Stage) -> None:
    stage.deployed.aws.set_scenario(BREACH)
    with without(stage, "dynamodb:DeleteItem"):
        _, (breach,) = stage.run()
        assert breach.subject.startswith("[CRITICAL]")
        assert "another run is acting" in stage.fails()
        warnings = [each for each in stage.deployed.log() if each.get("level") == "WARNING"]
        assert any("the lease could not be given back" in each["message"] for each in warnings)
    stage.forget()


def test_a_missing_permission_to_tell_leaves_the_message_owed(stage: Stage) -> None:
    stage.deployed.aws.set_scenario(EMPTY)
    with without(stage, "sns:Publish"):
        assert "1 of 1 messages could not be sent" in stage.fails()
        errors = [line for line in stage.deployed.log() if line.get("level") == "ERROR"]
        assert any("AWS refused sns:Publish" in line["message"] for line in errors)
    assert "VDM has counted no mail" in said(stage)


def test_an_instant_that_is_yet_to_come(stage: Stage) -> None:
    """It would have every scheduled run until then refused."""
    with pytest.raises(InvocationFailedError, match="yet to come"):
        stage.deployed.invoke({"now": "2999-01-01T00:00:00Z"})


@pytest.mark.parametrize("now", ["yesterday", "2026-03-01T09:00:00", 7])
def test_an_instant_that_is_none(stage: Stage, now: object) -> None:
    with pytest.raises(InvocationFailedError, match="write an instant with its offset"):
        stage.deployed.invoke({"now": now})


def test_a_run_as_of_an_earlier_instant(stage: Stage) -> None:
    stage.run()
    stage.run()
    stage.now -= timedelta(hours=2)
    assert "but the last run was as of" in stage.fails()
