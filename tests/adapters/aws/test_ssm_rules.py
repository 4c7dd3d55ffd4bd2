"""Rules in Parameter Store."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from builders import TARGET

from vdm_alerts.adapters.aws.ssm_rules import SsmRules
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.notifications.rendering.commands import fix_step
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.rules.default_rules import fingerprint

PATH = "/vdm-alerts/rules"
VALID_RULE = """
indicator = "bounce_rate"
scopes = ["account"]
windows = ["3d"]
warning = "5%"
"""
STRICTER_RULE = VALID_RULE.replace("5%", "4%")


def parameter_rules(ssm: Any, **default_rules: str) -> SsmRules:
    fingerprints = {name: fingerprint(text) for name, text in default_rules.items()}
    return SsmRules(ssm, PATH, fingerprints)


def put_rule(ssm: Any, name: str, text: str) -> None:
    ssm.put_parameter(Name=f"{PATH}/{name}", Value=text, Type="String", Overwrite=True)


def test_each_parameter_under_the_path_is_a_rule_of_that_name(ssm: Any) -> None:
    for number in range(25):  # Three pages.
        put_rule(ssm, f"rule-{number:02}", VALID_RULE)
    rule_set = parameter_rules(ssm).rules(NoDeadline())
    assert list(rule_set.rules) == [f"rule-{number:02}" for number in range(25)]
    assert rule_set.rules["rule-07"].name == "rule-07"
    assert list(rule_set.findings) == []


def test_invalid_rule_is_a_finding_and_the_other_rules_apply(ssm: Any) -> None:
    put_rule(ssm, "good", VALID_RULE)
    put_rule(ssm, "bad", VALID_RULE.replace("5%", "5"))
    rule_set = parameter_rules(ssm).rules(NoDeadline())
    assert (list(rule_set.rules), list(rule_set.invalid), rule_set.findings) == (
        ["good"],
        ["bad"],
        [],
    )
    finding = rule_set.invalid["bad"]
    assert finding.what == "Rule bad is invalid (1 error)"
    assert finding.details.startswith('  warning  "5" is not a percentage')
    assert not finding.transient


def test_encrypted_rule_parameter_is_reported_with_the_fix(ssm: Any) -> None:
    ssm.put_parameter(Name=f"{PATH}/rule", Value=VALID_RULE, Type="SecureString")
    (finding,) = parameter_rules(ssm).rules(NoDeadline()).invalid.values()
    assert "has type SecureString or StringList. Save it with type String." in finding.details


def test_edited_rule_takes_effect_in_a_warm_function(ssm: Any) -> None:
    put_rule(ssm, "rule", VALID_RULE)
    source = parameter_rules(ssm)
    assert source.rules(NoDeadline()).rules["rule"].thresholds[0].share == 0.05
    put_rule(ssm, "rule", VALID_RULE.replace("5%", "4%"))
    assert source.rules(NoDeadline()).rules["rule"].thresholds[0].share == 0.04


def test_custom_rule_replaces_the_default_rule_of_that_name(ssm: Any) -> None:
    put_rule(ssm, "shipped/rule", VALID_RULE)
    put_rule(ssm, "shipped/other", VALID_RULE)
    put_rule(ssm, "rule", STRICTER_RULE)
    rule_set = parameter_rules(ssm, rule=VALID_RULE, other=VALID_RULE).rules(NoDeadline())
    assert {name: rule.source for name, rule in rule_set.rules.items()} == {
        "rule": "/vdm-alerts/rules/rule",
        "other": "/vdm-alerts/rules/shipped/other",
    }
    assert rule_set.rules["rule"].thresholds[0].share == 0.04
    assert rule_set.replaced_defaults == {"rule"}
    assert list(rule_set.findings) == []


@pytest.mark.parametrize("deployed", [VALID_RULE, VALID_RULE.replace("5%", "6%")])
def test_edited_default_rule_is_in_effect_and_reported_until_it_is_replaced(
    ssm: Any, deployed: str
) -> None:
    """Restoring an older version from the parameter's history is an edit too."""
    put_rule(ssm, "shipped/rule", STRICTER_RULE)
    rule_set = parameter_rules(ssm, rule=deployed).rules(NoDeadline())
    assert rule_set.rules["rule"].thresholds[0].share == 0.04
    (finding,) = rule_set.findings
    assert finding.what.startswith("Default rule rule was edited in place")
    assert "Save its text as SSM parameter /vdm-alerts/rules/rule" in finding.remedy
    put_rule(ssm, "rule", STRICTER_RULE)
    assert list(parameter_rules(ssm, rule=deployed).rules(NoDeadline()).findings) == []


def test_default_rule_saved_by_another_editor_is_not_reported_as_edited(ssm: Any) -> None:
    put_rule(ssm, "shipped/rule", "\ufeff" + VALID_RULE.replace("\n", "\r\n"))
    rule_set = parameter_rules(ssm, rule=VALID_RULE).rules(NoDeadline())
    assert (list(rule_set.rules), rule_set.findings) == (["rule"], [])


def test_deleted_default_rule_is_reported_until_it_is_replaced_and_is_not_invalid(ssm: Any) -> None:
    put_rule(ssm, "shipped/other", VALID_RULE)
    rule_set = parameter_rules(ssm, rule=VALID_RULE, other=VALID_RULE).rules(NoDeadline())
    assert (list(rule_set.rules), rule_set.invalid) == (["other"], {}), (
        "so that its alerts are closed"
    )
    (finding,) = rule_set.findings
    assert finding.what == "Default rule rule was deleted"
    assert fix_step(finding, Links(TARGET)).command == (
        "aws ssm put-parameter --region eu-west-1 --type String "
        "--name /vdm-alerts/rules/shipped/rule --value file://rules/rule.toml"
    )
    put_rule(ssm, "rule", STRICTER_RULE)
    assert (
        list(parameter_rules(ssm, rule=VALID_RULE, other=VALID_RULE).rules(NoDeadline()).findings)
        == []
    )


def test_invalid_edit_of_a_default_rule_is_reported_once_as_invalid(ssm: Any) -> None:
    put_rule(ssm, "shipped/rule", VALID_RULE.replace("5%", "5"))
    rule_set = parameter_rules(ssm, rule=VALID_RULE).rules(NoDeadline())
    assert (list(rule_set.invalid), rule_set.findings) == (["rule"], [])
    finding = rule_set.invalid["rule"]
    assert finding.what == "Rule rule is invalid (1 error)"


def test_invalid_custom_rule_is_not_replaced_by_the_default_rule(ssm: Any) -> None:
    put_rule(ssm, "shipped/rule", VALID_RULE)
    put_rule(ssm, "rule", "nonsense")
    rule_set = parameter_rules(ssm, rule=VALID_RULE).rules(NoDeadline())
    assert rule_set.rules == {}
    assert set(rule_set.invalid) == {"rule"}


@pytest.mark.parametrize("place", ["mine/rule", "shipped/mine/rule"])
def test_parameter_at_an_unsupported_path_is_reported(ssm: Any, place: str) -> None:
    put_rule(ssm, place, VALID_RULE)
    put_rule(ssm, "other", VALID_RULE)
    rule_set = parameter_rules(ssm).rules(NoDeadline())
    assert list(rule_set.rules) == ["other"]
    (finding,) = rule_set.findings
    assert (
        finding.what == f"SSM parameter {PATH}/{place} is in a folder that VDM Alerts does not read"
    )
    assert finding.remedy == f"Save its text as SSM parameter {PATH}/rule, or delete it"


def test_missing_rules_are_reported_with_the_path(ssm: Any) -> None:
    rule_set = parameter_rules(ssm, rule=VALID_RULE).rules(NoDeadline())
    assert rule_set.rules == {}
    assert set(rule_set.invalid) == {"rule"}, "a missing text closes no alert"
    assert "no rule under /vdm-alerts/rules" in rule_set.findings[0].what


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDeniedException", AccessDeniedError), ("ThrottlingException", UnavailableError)],
)
def test_ssm_error_names_the_action_and_the_path(code: str, error: type[Exception]) -> None:
    client: Any = boto3.client("ssm", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stubber:
        stubber.add_client_error("get_parameters_by_path", code)
        with pytest.raises(error, match="ssm:GetParametersByPath of /vdm-alerts/rules"):
            parameter_rules(client).rules(NoDeadline())
