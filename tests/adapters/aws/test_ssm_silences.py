from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from builders import NEWS

from vdm_alerts.adapters.aws.ssm_silences import SsmSilences
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError

PATH = "/vdm-alerts/silences"
GOOD = """
identity = "news.example.com"
until = 2026-03-20T09:00:00Z
reason = "We move to another list"
author = "the mail team"
"""


def silences_in(ssm: Any) -> SsmSilences:
    return SsmSilences(ssm, PATH)


def put(ssm: Any, name: str, text: str, **more: Any) -> None:
    given = {"Type": "String", "Overwrite": True, **more}
    ssm.put_parameter(Name=f"{PATH}/{name}", Value=text, **given)


def test_silences_and_findings_are_empty_when_there_is_no_parameter(ssm: Any) -> None:
    found = silences_in(ssm).silences()
    assert (found.silences, found.findings) == ([], [])


def test_each_parameter_under_the_path_is_a_silence_of_that_name(ssm: Any) -> None:
    for number in range(12):  # Two pages of them.
        put(ssm, f"silence-{number:02}", GOOD)
    put(ssm, "team-a/one", GOOD)
    found = silences_in(ssm).silences()
    names = [*(f"silence-{number:02}" for number in range(12)), "team-a/one"]
    assert [each.name for each in found.silences] == names
    assert [each.source for each in found.silences] == [f"{PATH}/{name}" for name in names]
    assert all(each.covers("bounce-rate", NEWS) for each in found.silences)
    assert found.findings == []


def test_invalid_silence_mutes_nothing_and_is_a_finding_and_the_others_apply(
    ssm: Any,
) -> None:
    put(ssm, "good", GOOD)
    put(ssm, "bad", GOOD.replace("identity", "identidy").replace("author", "autor"))
    found = silences_in(ssm).silences()
    assert [each.name for each in found.silences] == ["good"]
    (finding,) = found.findings
    assert finding.key == f"{PATH}/bad"
    assert finding.what == f"A silence cannot be used, {PATH}/bad: 4 problems"
    assert 'identidy  is not a key of a silence; did you mean "identity"?' in finding.details
    assert finding.remedy.startswith("Edit that parameter in SSM Parameter Store")
    assert finding.details.endswith("Until that is mended it silences nothing.")
    assert not finding.blocks_monitoring, "it is told of too much, and of nothing too little"
    assert not finding.transient


def test_encrypted_silence_parameter_is_reported_with_the_fix(ssm: Any) -> None:
    put(ssm, "secret", GOOD, Type="SecureString")
    (finding,) = silences_in(ssm).silences().findings
    assert "is no String but encrypted or a list; save it as a String" in finding.details


def test_new_or_deleted_silence_takes_effect_in_a_warm_function(ssm: Any) -> None:
    source = silences_in(ssm)
    put(ssm, "one", GOOD)
    assert [each.name for each in source.silences().silences] == ["one"]
    ssm.delete_parameter(Name=f"{PATH}/one")
    assert source.silences().silences == []


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDeniedException", AccessDeniedError), ("ThrottlingException", UnavailableError)],
)
def test_ssm_error_names_the_action_and_the_path(code: str, error: type[Exception]) -> None:
    client: Any = boto3.client("ssm", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stubber:
        stubber.add_client_error("get_parameters_by_path", code)
        with pytest.raises(error, match=f"ssm:GetParametersByPath of {PATH}"):
            silences_in(client).silences()
