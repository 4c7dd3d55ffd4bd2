from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from builders import TARGET

from vdm_alerts.adapters.aws.ssm_rules import SsmRules
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.notifications.rendering.remediation import fix_text
from vdm_alerts.core.rules.default_rules import fingerprint

PATH = "/vdm-alerts/rules"
GOOD = """
indicator = "bounce_rate"
scopes = ["account"]
windows = ["3d"]
warning = "5%"
"""
STRICTER = GOOD.replace("5%", "4%")


def rules_in(ssm: Any, **shipped: str) -> SsmRules:
    return SsmRules(ssm, PATH, {name: fingerprint(text) for name, text in shipped.items()})


def put(ssm: Any, name: str, text: str) -> None:
    ssm.put_parameter(Name=f"{PATH}/{name}", Value=text, Type="String", Overwrite=True)


def test_each_parameter_under_the_path_is_a_rule_of_that_name(ssm: Any) -> None:
    for number in range(25):  # Three pages of them.
        put(ssm, f"rule-{number:02}", GOOD)
    book = rules_in(ssm).rules()
    assert list(book.rules) == [f"rule-{number:02}" for number in range(25)]
    assert book.rules["rule-07"].name == "rule-07"
    assert list(book.findings) == []


def test_invalid_rule_is_a_finding_and_the_other_rules_apply(ssm: Any) -> None:
    put(ssm, "good", GOOD)
    put(ssm, "bad", GOOD.replace("5%", "5"))
    book = rules_in(ssm).rules()
    assert (list(book.rules), list(book.invalid), book.findings) == (["good"], ["bad"], [])
    finding = book.invalid["bad"]
    assert finding.what == "A rule cannot be used, /vdm-alerts/rules/bad: 1 problem"
    assert finding.details.startswith('  warning  "5" is not a percentage')
    assert not finding.transient


def test_encrypted_rule_parameter_is_reported_with_the_fix(ssm: Any) -> None:
    ssm.put_parameter(Name=f"{PATH}/rule", Value=GOOD, Type="SecureString")
    (finding,) = rules_in(ssm).rules().invalid.values()
    assert "is no String but encrypted or a list; save it as a String" in finding.details


def test_edited_rule_takes_effect_in_a_warm_function(ssm: Any) -> None:
    put(ssm, "rule", GOOD)
    source = rules_in(ssm)
    assert source.rules().rules["rule"].thresholds[0].share == 0.05
    put(ssm, "rule", GOOD.replace("5%", "4%"))
    assert source.rules().rules["rule"].thresholds[0].share == 0.04


def test_custom_rule_replaces_the_default_rule_of_that_name(ssm: Any) -> None:
    put(ssm, "shipped/rule", GOOD)
    put(ssm, "shipped/other", GOOD)
    put(ssm, "rule", STRICTER)
    book = rules_in(ssm, rule=GOOD, other=GOOD).rules()
    assert {name: rule.source for name, rule in book.rules.items()} == {
        "rule": "/vdm-alerts/rules/rule",
        "other": "/vdm-alerts/rules/shipped/other",
    }
    assert book.rules["rule"].thresholds[0].share == 0.04
    assert list(book.findings) == []


@pytest.mark.parametrize("deployed", [GOOD, GOOD.replace("5%", "6%")])
def test_edited_default_rule_is_in_effect_and_reported_until_it_is_replaced(
    ssm: Any, deployed: str
) -> None:
    """An older version, put back from the parameter's history, is an edit too."""
    put(ssm, "shipped/rule", STRICTER)
    book = rules_in(ssm, rule=deployed).rules()
    assert book.rules["rule"].thresholds[0].share == 0.04
    (finding,) = book.findings
    assert finding.what.startswith("The shipped rule rule was edited in place")
    assert "Save its text as the SSM parameter /vdm-alerts/rules/rule" in finding.remedy
    put(ssm, "rule", STRICTER)
    assert list(rules_in(ssm, rule=deployed).rules().findings) == []


def test_deleted_default_rule_is_reported_until_it_is_replaced_and_is_not_invalid(ssm: Any) -> None:
    put(ssm, "shipped/other", GOOD)
    book = rules_in(ssm, rule=GOOD, other=GOOD).rules()
    assert (list(book.rules), book.invalid) == (["other"], {}), "so that its alerts can end"
    (finding,) = book.findings
    assert finding.what.startswith("The shipped rule rule was deleted")
    assert fix_text(finding, TARGET).endswith(
        ": aws ssm put-parameter --region eu-west-1 --type String "
        "--name /vdm-alerts/rules/shipped/rule --value file://rules/rule.toml"
    )
    put(ssm, "rule", STRICTER)
    assert list(rules_in(ssm, rule=GOOD, other=GOOD).rules().findings) == []


def test_invalid_edit_of_a_default_rule_is_reported_once_as_invalid(ssm: Any) -> None:
    put(ssm, "shipped/rule", GOOD.replace("5%", "5"))
    book = rules_in(ssm, rule=GOOD).rules()
    assert (list(book.invalid), book.findings) == (["rule"], [])
    finding = book.invalid["rule"]
    assert finding.what == "A rule cannot be used, /vdm-alerts/rules/shipped/rule: 1 problem"


def test_invalid_custom_rule_is_not_replaced_by_the_default_rule(ssm: Any) -> None:
    put(ssm, "shipped/rule", GOOD)
    put(ssm, "rule", "nonsense")
    book = rules_in(ssm, rule=GOOD).rules()
    assert book.rules == {}
    assert set(book.invalid) == {"rule"}


@pytest.mark.parametrize("place", ["mine/rule", "shipped/mine/rule"])
def test_parameter_at_an_unsupported_path_is_reported(ssm: Any, place: str) -> None:
    put(ssm, place, GOOD)
    put(ssm, "other", GOOD)
    book = rules_in(ssm).rules()
    assert list(book.rules) == ["other"]
    (finding,) = book.findings
    assert finding.what == f"No rule is read from the SSM parameter {PATH}/{place}"
    assert finding.remedy == f"Save it as {PATH}/rule, or delete it"


def test_missing_rules_are_reported_with_the_path(ssm: Any) -> None:
    book = rules_in(ssm, rule=GOOD).rules()
    assert book.rules == {}
    assert set(book.invalid) == {"rule"}, "that its text is gone ends nothing that it found"
    assert "no rule under /vdm-alerts/rules" in book.findings[0].what


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDeniedException", AccessDeniedError), ("ThrottlingException", UnavailableError)],
)
def test_ssm_error_names_the_action_and_the_path(code: str, error: type[Exception]) -> None:
    client: Any = boto3.client("ssm", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stubber:
        stubber.add_client_error("get_parameters_by_path", code)
        with pytest.raises(error, match="ssm:GetParametersByPath of /vdm-alerts/rules"):
            rules_in(client).rules()
