"""Silences in Parameter Store."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from builders import NEWS_IDENTITY

from vdm_alerts.adapters.aws.ssm_silences import SsmSilences
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError

PATH = "/vdm-alerts/silences"
VALID_SILENCE = """
identity = "news.example.com"
until = 2026-03-20T09:00:00Z
reason = "We move to another list"
author = "the mail team"
"""


def parameter_silences(ssm: Any) -> SsmSilences:
    return SsmSilences(ssm, PATH)


def put_silence(ssm: Any, name: str, text: str, **arguments: Any) -> None:
    ssm.put_parameter(
        Name=f"{PATH}/{name}", Value=text, **{"Type": "String", "Overwrite": True, **arguments}
    )


def test_silences_and_findings_are_empty_when_there_is_no_parameter(ssm: Any) -> None:
    silences = parameter_silences(ssm).silences(NoDeadline())
    assert (silences.silences, silences.findings) == ([], [])


def test_each_parameter_under_the_path_is_a_silence_of_that_name(ssm: Any) -> None:
    for number in range(12):  # Two pages.
        put_silence(ssm, f"silence-{number:02}", VALID_SILENCE)
    put_silence(ssm, "team-a/one", VALID_SILENCE)
    silences = parameter_silences(ssm).silences(NoDeadline())
    names = [*(f"silence-{number:02}" for number in range(12)), "team-a/one"]
    assert [silence.name for silence in silences.silences] == names
    assert [silence.source for silence in silences.silences] == [f"{PATH}/{name}" for name in names]
    assert all(silence.covers("bounce-rate", NEWS_IDENTITY) for silence in silences.silences)
    assert silences.findings == []


def test_invalid_silence_mutes_nothing_and_is_a_finding_and_the_others_apply(
    ssm: Any,
) -> None:
    put_silence(ssm, "good", VALID_SILENCE)
    put_silence(
        ssm, "bad", VALID_SILENCE.replace("identity", "identidy").replace("author", "autor")
    )
    silences = parameter_silences(ssm).silences(NoDeadline())
    assert [silence.name for silence in silences.silences] == ["good"]
    (finding,) = silences.findings
    assert finding.key == f"{PATH}/bad"
    assert finding.what == "Silence bad is invalid (4 errors)"
    assert 'identidy  is not a key of a silence. Did you mean "identity"?' in finding.details
    assert finding.remedy.startswith(f"Edit SSM parameter {PATH}/bad")
    assert finding.effect == "it mutes nothing"
    assert not finding.blocks_monitoring, (
        "without the silence, too many notifications are sent, and none is missing"
    )
    assert not finding.transient


def test_encrypted_silence_parameter_is_reported_with_the_fix(ssm: Any) -> None:
    put_silence(ssm, "secret", VALID_SILENCE, Type="SecureString")
    (finding,) = parameter_silences(ssm).silences(NoDeadline()).findings
    assert "has type SecureString or StringList. Save it with type String." in finding.details


def test_new_or_deleted_silence_takes_effect_in_a_warm_function(ssm: Any) -> None:
    source = parameter_silences(ssm)
    put_silence(ssm, "one", VALID_SILENCE)
    assert [silence.name for silence in source.silences(NoDeadline()).silences] == ["one"]
    ssm.delete_parameter(Name=f"{PATH}/one")
    assert source.silences(NoDeadline()).silences == []


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDeniedException", AccessDeniedError), ("ThrottlingException", UnavailableError)],
)
def test_ssm_error_names_the_action_and_the_path(code: str, error: type[Exception]) -> None:
    client: Any = boto3.client("ssm", config=Config(retries={"total_max_attempts": 1}))
    with Stubber(client) as stubber:
        stubber.add_client_error("get_parameters_by_path", code)
        with pytest.raises(error, match=f"ssm:GetParametersByPath of {PATH}"):
            parameter_silences(client).silences(NoDeadline())
