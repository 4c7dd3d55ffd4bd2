from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from moto import mock_aws

from vdm_alerts.aws.ssm import ParameterRules
from vdm_alerts.ports import AccessDenied, Unavailable

PATH = "/vdm-alerts/rules"
GOOD = """
indicator = "bounce_rate"
scopes = ["account"]
windows = ["3d"]
warning = "5%"
"""


@pytest.fixture
def ssm() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("ssm")


def put(ssm: Any, name: str, text: str) -> None:
    ssm.put_parameter(Name=f"{PATH}/{name}", Value=text, Type="String", Overwrite=True)


def test_every_parameter_under_the_path_is_a_rule_of_its_name(ssm: Any) -> None:
    for number in range(25):  # Three pages of them.
        put(ssm, f"rule-{number:02}", GOOD)
    book = ParameterRules(ssm, PATH).rules()
    assert list(book.rules) == [f"rule-{number:02}" for number in range(25)]
    assert book.rules["rule-07"].name == "rule-07"
    assert list(book.findings) == []


def test_a_rule_that_does_not_parse_is_a_finding_and_the_others_stand(ssm: Any) -> None:
    put(ssm, "good", GOOD)
    put(ssm, "bad", GOOD.replace("5%", "5"))
    book = ParameterRules(ssm, PATH).rules()
    assert list(book.rules) == ["good"]
    (finding,) = book.findings
    assert finding.what == "A rule cannot be used, /vdm-alerts/rules/bad: 1 problem"
    assert finding.details.startswith('  warning  "5" is not a percentage')
    assert not finding.passing


def test_a_warm_function_sees_what_was_edited_a_moment_ago(ssm: Any) -> None:
    put(ssm, "rule", GOOD)
    source = ParameterRules(ssm, PATH)
    assert source.rules().rules["rule"].thresholds[0].share == 0.05
    put(ssm, "rule", GOOD.replace("5%", "4%"))
    assert source.rules().rules["rule"].thresholds[0].share == 0.04


def test_no_rule_at_all_is_a_finding_that_names_the_path(ssm: Any) -> None:
    book = ParameterRules(ssm, PATH).rules()
    assert book.rules == {}
    assert "no rule under /vdm-alerts/rules" in book.findings[0].what


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDeniedException", AccessDenied), ("ThrottlingException", Unavailable)],
)
def test_what_ssm_refuses_is_named(code: str, error: type[Exception]) -> None:
    client: Any = boto3.client("ssm", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stubber:
        stubber.add_client_error("get_parameters_by_path", code)
        with pytest.raises(error, match="ssm:GetParametersByPath"):
            ParameterRules(client, PATH).rules()
