"""The validation of BatchGetMetricData.

`vdm_local.validation` names the sources.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vdm_local.endpoint import Endpoint
from vdm_local.responses import SesError
from vdm_local.scenario import parse_scenario
from vdm_local.traffic import METRICS
from vdm_local.validation import parse_queries, validate

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
START = MARCH.timestamp()


def query(**changes: Any) -> dict[str, Any]:
    return {
        "Id": "a",
        "Namespace": "VDM",
        "Metric": "SEND",
        "StartDate": MARCH.timestamp(),
        "EndDate": (MARCH + 3 * DAY).timestamp(),
    } | changes


def without(member: str) -> dict[str, Any]:
    return {name: value for name, value in query().items() if name != member}


def error_message(*queries: dict[str, Any]) -> str:
    with pytest.raises(SesError) as caught:
        validate(queries)
    assert (caught.value.response.status, caught.value.response.error) == (
        400,
        "BadRequestException",
    )
    return str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (query(Dimensions={"COUNTRY": "NZ"}), "Unsupported dimension provided."),
        (query(Dimensions={"EMAIL_IDENTITY": ""}), "Invalid email identity provided."),
        (query(Dimensions={"EMAIL_IDENTITY": "*"}), "Invalid email identity provided."),
        (query(Dimensions={"EMAIL_IDENTITY": "user@"}), "Invalid email identity provided."),
        (query(Dimensions={"EMAIL_IDENTITY": "@a.example"}), "Invalid email identity provided."),
        (query(Dimensions={"EMAIL_IDENTITY": "a.example,b.example"}), "Invalid email identity"),
        (query(Dimensions={"ISP": ""}), "Invalid ISP name provided."),
        (query(Dimensions={"ISP": "*"}), "Invalid ISP name provided."),
        (query(Dimensions={"ISP": "Gmail,Yahoo"}), "Invalid ISP name provided."),
        (query(Dimensions={"ISP": "Mail.ru"}), "Invalid ISP name provided."),
        (query(Dimensions={"CONFIGURATION_SET": "*"}), "Invalid configuration set name <*>: only"),
        (query(Dimensions={"CONFIGURATION_SET": ""}), "configuration set name must be specified."),
        (query(Dimensions={"TENANT_NAME": "*"}), "Invalid tenant name <*>: only alphanumeric"),
        (query(Dimensions={"TENANT_NAME": ""}), "TenantName cannot be empty"),
        (query(EndDate=START), "Expected start date to be before the end date."),
        (query(EndDate=START - 86_400), "Expected start date to be before the end date."),
        (query(EndDate=(MARCH + 61 * DAY).timestamp()), "can request at most 60 days. Please"),
        (query(StartDate=START + 3_600), "at midnight UTC"),
        (query(EndDate=START + 86_400.5), "at midnight UTC"),
        (without("StartDate"), "'queries.2.member.startDate' failed to satisfy constraint"),
        (without("EndDate"), "'queries.2.member.endDate' failed to satisfy constraint"),
    ],
)
def test_call_is_rejected_when_one_query_is_invalid(wrong: dict[str, Any], message: str) -> None:
    assert message in error_message(query(Id="good"), wrong)


@pytest.mark.parametrize(
    ("wrong", "member", "constraint"),
    [
        (query(Metric="BOUNCE"), "metric", "satisfy enum value set: [SEND, COMPLAINT,"),
        (without("Metric"), "metric", "satisfy enum value set: [SEND, COMPLAINT,"),
        (query(Namespace="SES"), "namespace", "satisfy enum value set: [VDM]"),
        (without("Namespace"), "namespace", "satisfy enum value set: [VDM]"),
        (query(Id=""), "id", "have length greater than or equal to 1"),
        (without("Id"), "id", "have length greater than or equal to 1"),
        (query(Id=256 * "a"), "id", "have length less than or equal to 255"),
        (query(Dimensions={}), "dimensions", "have length greater than or equal to 1"),
        (
            query(
                Dimensions={
                    "EMAIL_IDENTITY": "a.example",
                    "CONFIGURATION_SET": "b",
                    "ISP": "Gmail",
                    "TENANT_NAME": "d",
                }
            ),
            "dimensions",
            "have length less than or equal to 3",
        ),
    ],
)
def test_error_names_member_and_query_of_violated_constraint(
    wrong: dict[str, Any], member: str, constraint: str
) -> None:
    assert error_message(query(Id="good"), wrong).startswith(
        f"1 validation error detected: Value at 'queries.2.member.{member}' "
        f"failed to satisfy constraint: Member must {constraint}"
    )


def test_error_lists_every_violated_constraint() -> None:
    messages = error_message(query(Metric="A", Namespace="B", Id=""), query(Metric="C"))
    assert messages.startswith("4 validation errors detected: ")
    assert [part.split("'")[1] for part in messages.split("; ")] == [
        "queries.1.member.metric",
        "queries.1.member.namespace",
        "queries.1.member.id",
        "queries.2.member.metric",
    ]


def test_call_at_every_limit_is_accepted() -> None:
    three = {"EMAIL_IDENTITY": "A@News.Example.COM", "ISP": "Not-An_Isp", "TENANT_NAME": "t-1_A"}
    sixty = (MARCH + 60 * DAY).timestamp()
    queries = [query(Id=str(number), Metric=metric) for number, metric in enumerate(METRICS)]
    queries[0] |= {"Id": 255 * "a", "Dimensions": three, "EndDate": sixty}
    queries[1] |= {"Dimensions": {"CONFIGURATION_SET": "a_B-1"}}
    assert len(queries) == 10
    validate(queries)


def test_call_is_rejected_with_no_query_or_eleven() -> None:
    assert "greater than or equal to 1" in error_message()
    assert "less than or equal to 10" in error_message(*(query(Id=str(each)) for each in range(11)))


TOO_MANY = [query(Metric="NONSENSE")] * 11
SAME_ID = [query(Dimensions={"COUNTRY": "NZ"})] * 2
BAD_NAME = [query(Metric="NONSENSE"), query(Id="b", Dimensions={"COUNTRY": "NZ"})]
BAD_MEMBER = [query(Dimensions={"ISP": "AT&T"}), query(Id="b", Metric="NONSENSE")]
BAD_VALUE = [query(EndDate=START), query(Id="b", Dimensions={"ISP": "AT&T"})]
BAD_DATE = [query(EndDate=START)]


def test_checks_run_in_order_of_ses_on_all_queries() -> None:
    """In each case but the last, an earlier query violates the next check too."""
    wrong = (TOO_MANY, SAME_ID, BAD_NAME, BAD_MEMBER, BAD_VALUE, BAD_DATE)
    messages = [error_message(*queries) for queries in wrong]
    expected = [
        "have length less than or equal to 10",
        "All queries must have a unique identifier.",
        "Unsupported dimension provided.",
        "queries.2.member.metric",
        "Invalid ISP name provided.",
        "Expected start date to be before the end date.",
    ]
    assert all(each in message for each, message in zip(expected, messages, strict=True)), messages


def test_disabled_vdm_is_reported_before_validation() -> None:
    off = parse_scenario("begins = 2026-03-01\nvdm_enabled = false", "here")
    response = Endpoint(off).respond("POST", "/v2/email/metrics/batch", {}, b'{"Queries": []}')
    assert response is not None
    assert (response.status, response.error) == (404, "NotFoundException")
    assert "enable Virtual Deliverability Manager" in response.body["message"]


@pytest.mark.parametrize(
    "queries",
    [
        {},
        "a",
        [1],
        [{"Id": 1}],
        [{"Metric": ["SEND"]}],
        [{"Dimensions": ["ISP"]}],
        [{"Dimensions": {"ISP": ["Gmail"]}}],
        [{"StartDate": "2026-03-01"}],
    ],
)
def test_parser_rejects_member_of_wrong_type(queries: object) -> None:
    with pytest.raises(SesError) as caught:
        parse_queries(queries)
    assert caught.value.response.error == "SerializationException"


def test_parser_treats_missing_queries_as_empty() -> None:
    assert parse_queries(None) == []
