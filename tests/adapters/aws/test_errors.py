"""The translation of AWS errors."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from vdm_alerts.adapters.aws.errors import translate_errors
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError


def an_error(code: str, status: int = 400, message: str = "no") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        "GetAccount",
    )


def transaction_canceled_error(*codes: str) -> ClientError:
    error = an_error("TransactionCanceledException", message=f"see [{', '.join(codes)}]")
    error.response["CancellationReasons"] = [{"Code": code} for code in codes]
    return error


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "AuthorizationError"])
def test_access_denied_error_names_the_action_and_is_not_transient(code: str) -> None:
    with pytest.raises(AccessDeniedError) as caught, translate_errors("ses:GetAccount"):
        raise an_error(code, 403)
    assert caught.value.action == "ses:GetAccount"
    assert not caught.value.finding.transient


def test_access_denied_error_names_the_action_from_the_aws_message() -> None:
    message = (
        "User: arn:aws:sts::111122223333:assumed-role/r/f is not authorized to perform: "
        "dynamodb:DeleteItem on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/t because "
        "no identity-based policy allows the dynamodb:DeleteItem action"
    )
    with (
        pytest.raises(AccessDeniedError) as caught,
        translate_errors("dynamodb:TransactWriteItems"),
    ):
        raise an_error("AccessDeniedException", message=message)
    assert caught.value.action == "dynamodb:DeleteItem"


@pytest.mark.parametrize(
    "error",
    [
        an_error("TooManyRequestsException", 429),
        an_error("ThrottlingException"),
        an_error("ProvisionedThroughputExceededException"),
        an_error("TransactionConflictException"),
        an_error("TransactionInProgressException"),
        transaction_canceled_error("None", "TransactionConflict"),
        transaction_canceled_error("ThrottlingError", "None"),
        an_error("InternalServiceErrorException", 500),
        ConnectTimeoutError(endpoint_url="https://email.eu-west-1.amazonaws.com"),
    ],
)
def test_throttling_conflicts_and_outages_are_transient(error: Exception) -> None:
    with pytest.raises(UnavailableError) as caught, translate_errors("ses:GetAccount"):
        raise error
    assert caught.value.finding.transient
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("code", ["OptInRequired", "ExpiredTokenException", "NotFound"])
def test_permanent_error_is_not_transient(code: str) -> None:
    with pytest.raises(UnavailableError, match=code) as caught, translate_errors("sns:Publish"):
        raise an_error(code, 404)
    assert not caught.value.finding.transient


def test_invalid_transaction_is_not_transient() -> None:
    with pytest.raises(UnavailableError) as caught, translate_errors("dynamodb:TransactWriteItems"):
        raise transaction_canceled_error("None", "ValidationError")
    assert not caught.value.finding.transient


def test_repeated_error_gives_the_same_finding_whatever_its_request_id() -> None:
    """Otherwise each run would report the error as a new finding."""
    findings = []
    for request in ("5f1e7a3c-5d7f-4a7b-9f6e-0a1b2c3d4e5f", "9c2d8e7f-1111-2222-3333-444455556666"):
        with pytest.raises(UnavailableError) as caught, translate_errors("sns:Publish"):
            raise an_error("NotFound", 404, f"Topic does not exist (Request ID: {request})")
        findings.append(caught.value.finding)
    assert findings[0] == findings[1]
    assert "Topic does not exist" in findings[0].what


def test_half_of_a_surrogate_pair_in_an_error_is_replaced() -> None:
    with pytest.raises(UnavailableError) as caught, translate_errors("ses:GetAccount"):
        raise an_error("BadRequestException", message="no \ud800 here")
    assert "no \ufffd here" in str(caught.value).encode().decode()
