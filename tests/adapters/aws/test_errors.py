import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from vdm_alerts.adapters.aws.errors import doing
from vdm_alerts.core.model.findings import AccessDenied, Unavailable


def an_error(code: str, status: int = 400, message: str = "no") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        "GetAccount",
    )


def cancelled(*codes: str) -> ClientError:
    error = an_error("TransactionCanceledException", message=f"see [{', '.join(codes)}]")
    error.response["CancellationReasons"] = [{"Code": code} for code in codes]
    return error


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "AuthorizationError"])
def test_a_missing_permission_lasts_until_it_is_given(code: str) -> None:
    with pytest.raises(AccessDenied) as caught, doing("ses:GetAccount"):
        raise an_error(code, 403)
    assert caught.value.action == "ses:GetAccount"
    assert not caught.value.finding.passing


def test_the_permission_that_is_missing_is_the_one_that_aws_names() -> None:
    words = (
        "User: arn:aws:sts::111122223333:assumed-role/r/f is not authorized to perform: "
        "dynamodb:DeleteItem on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/t because "
        "no identity-based policy allows the dynamodb:DeleteItem action"
    )
    with pytest.raises(AccessDenied) as caught, doing("dynamodb:TransactWriteItems"):
        raise an_error("AccessDeniedException", message=words)
    assert caught.value.action == "dynamodb:DeleteItem"


@pytest.mark.parametrize(
    "error",
    [
        an_error("TooManyRequestsException", 429),
        an_error("ThrottlingException"),
        an_error("ProvisionedThroughputExceededException"),
        an_error("TransactionConflictException"),
        an_error("TransactionInProgressException"),
        cancelled("None", "TransactionConflict"),
        cancelled("ThrottlingError", "None"),
        an_error("InternalServiceErrorException", 500),
        ConnectTimeoutError(endpoint_url="https://email.eu-west-1.amazonaws.com"),
    ],
)
def test_being_busy_or_down_passes(error: Exception) -> None:
    with pytest.raises(Unavailable) as caught, doing("ses:GetAccount"):
        raise error
    assert caught.value.finding.passing
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("code", ["OptInRequired", "ExpiredTokenException", "NotFound"])
def test_a_refusal_for_good_is_no_outage(code: str) -> None:
    with pytest.raises(Unavailable, match=code) as caught, doing("sns:Publish"):
        raise an_error(code, 404)
    assert not caught.value.finding.passing


def test_a_transaction_that_can_never_be_done_is_no_outage() -> None:
    with pytest.raises(Unavailable) as caught, doing("dynamodb:TransactWriteItems"):
        raise cancelled("None", "ValidationError")
    assert not caught.value.finding.passing


def test_the_same_refusal_reads_the_same_at_every_run() -> None:
    """Otherwise it would be told anew every hour."""
    said = []
    for request in ("5f1e7a3c-5d7f-4a7b-9f6e-0a1b2c3d4e5f", "9c2d8e7f-1111-2222-3333-444455556666"):
        with pytest.raises(Unavailable) as caught, doing("sns:Publish"):
            raise an_error("NotFound", 404, f"Topic does not exist (Request ID: {request})")
        said.append(caught.value.finding)
    assert said[0] == said[1]
    assert "Topic does not exist" in said[0].what
