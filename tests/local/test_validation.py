"""The local VDM refuses what SES refuses, in SES's order.

What a claim here rests on is said in vdm_local.validation.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vdm_local.answers import Refused
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import parse_scenario
from vdm_local.traffic import METRICS
from vdm_local.validation import check, shaped

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SAME = MARCH.timestamp()


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


def refusal(*queries: dict[str, Any]) -> str:
    with pytest.raises(Refused) as caught:
        check(queries)
    assert (caught.value.answer.status, caught.value.answer.error) == (400, "BadRequestException")
    return str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "says"),
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
        (query(EndDate=SAME), "Expected start date to be before the end date."),
        (query(EndDate=SAME - 86_400), "Expected start date to be before the end date."),
        (query(EndDate=(MARCH + 61 * DAY).timestamp()), "can request at most 60 days. Please"),
        (query(StartDate=SAME + 3_600), "at midnight UTC"),
        (query(EndDate=SAME + 86_400.5), "at midnight UTC"),
        (without("StartDate"), "'queries.2.member.startDate' failed to satisfy constraint"),
        (without("EndDate"), "'queries.2.member.endDate' failed to satisfy constraint"),
    ],
)
def test_one_wrong_query_is_enough(wrong: dict[str, Any], says: str) -> None:
    assert says in refusal(query(Id="good"), wrong)


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
def test_a_member_that_breaks_a_constraint_is_named_with_its_query(
    wrong: dict[str, Any], member: str, constraint: str
) -> None:
    assert refusal(query(Id="good"), wrong).startswith(
        f"1 validation error detected: Value at 'queries.2.member.{member}' "
        f"failed to satisfy constraint: Member must {constraint}"
    )


def test_every_broken_constraint_of_the_call_is_in_one_message() -> None:
    said = refusal(query(Metric="A", Namespace="B", Id=""), query(Metric="C"))
    assert said.startswith("4 validation errors detected: ")
    assert [part.split("'")[1] for part in said.split("; ")] == [
        "queries.1.member.metric",
        "queries.1.member.namespace",
        "queries.1.member.id",
        "queries.2.member.metric",
    ]


def test_as_much_as_the_constraints_allow_is_taken() -> None:
    three = {"EMAIL_IDENTITY": "A@News.Example.COM", "ISP": "Not-An_Isp", "TENANT_NAME": "t-1_A"}
    sixty = (MARCH + 60 * DAY).timestamp()
    queries = [query(Id=str(number), Metric=metric) for number, metric in enumerate(METRICS)]
    queries[0] |= {"Id": 255 * "a", "Dimensions": three, "EndDate": sixty}
    queries[1] |= {"Dimensions": {"CONFIGURATION_SET": "a_B-1"}}
    assert len(queries) == 10
    check(queries)


def test_no_query_and_eleven_are_none_that_ses_takes() -> None:
    assert "greater than or equal to 1" in refusal()
    assert "less than or equal to 10" in refusal(*(query(Id=str(each)) for each in range(11)))


TOO_MANY = [query(Metric="NONSENSE")] * 11
SAME_ID = [query(Dimensions={"COUNTRY": "NZ"})] * 2
BAD_NAME = [query(Metric="NONSENSE"), query(Id="b", Dimensions={"COUNTRY": "NZ"})]
BAD_MEMBER = [query(Dimensions={"ISP": "AT&T"}), query(Id="b", Metric="NONSENSE")]
BAD_VALUE = [query(EndDate=SAME), query(Id="b", Dimensions={"ISP": "AT&T"})]
BAD_DATE = [query(EndDate=SAME)]


def test_checks_come_in_ses_order_each_over_all_queries_before_the_next() -> None:
    """In each of these but the last, what the next check would find is there too, and earlier."""
    wrong = (TOO_MANY, SAME_ID, BAD_NAME, BAD_MEMBER, BAD_VALUE, BAD_DATE)
    said = [refusal(*queries) for queries in wrong]
    found = [
        "have length less than or equal to 10",
        "All queries must have a unique identifier.",
        "Unsupported dimension provided.",
        "queries.2.member.metric",
        "Invalid ISP name provided.",
        "Expected start date to be before the end date.",
    ]
    assert all(each in message for each, message in zip(found, said, strict=True)), said


def test_the_gate_of_vdm_comes_before_all_checks() -> None:
    off = parse_scenario("begins = 2026-03-01\nvdm_enabled = false", "here")
    answer = Endpoint(off).answer("POST", "/v2/email/metrics/batch", {}, b'{"Queries": []}')
    assert answer
    assert (answer.status, answer.error) == (404, "NotFoundException")
    assert "enable Virtual Deliverability Manager" in answer.body["message"]


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
def test_a_member_of_another_type_cannot_be_read(queries: object) -> None:
    with pytest.raises(Refused) as caught:
        shaped(queries)
    assert caught.value.answer.error == "SerializationException"


def test_a_call_without_a_list_of_queries_is_one_with_an_empty_one() -> None:
    assert shaped(None) == []
