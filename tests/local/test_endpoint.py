"""The local VDM says what SES says, in SES's order."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vdm_local.endpoint import Answer, Endpoint
from vdm_local.scenario import parse_scenario
from vdm_local.server import control

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BATCH = "/v2/email/metrics/batch"


@pytest.fixture
def endpoint() -> Endpoint:
    text = """
        begins = 2026-03-01
        [[mail]]
        identity = "news.example.com"
        isp = "Hotmail"
        send = "10 20 30"
    """
    return Endpoint(parse_scenario(text, "here"), MARCH + 10 * DAY)


def query(**changes: Any) -> dict[str, Any]:
    return {
        "Id": "a",
        "Namespace": "VDM",
        "Metric": "SEND",
        "StartDate": MARCH.timestamp(),
        "EndDate": (MARCH + 3 * DAY).timestamp(),
    } | changes


def ask(endpoint: Endpoint, *queries: dict[str, Any]) -> Answer:
    answer = endpoint.answer("POST", BATCH, {}, json.dumps({"Queries": queries}).encode())
    assert answer is not None
    return answer


def test_an_answer_is_a_count_a_day_stamped_at_midnight(endpoint: Endpoint) -> None:
    answer = ask(endpoint, query())
    assert answer.body == {
        "Results": [
            {
                "Id": "a",
                "Timestamps": [(MARCH + each * DAY).timestamp() for each in range(3)],
                "Values": [10, 20, 30],
            }
        ],
        "Errors": [],
    }


def test_too_many_calls_in_a_second_are_refused_before_anything_is_looked_at(
    endpoint: Endpoint,
) -> None:
    answers = [ask(endpoint, query(Metric="NONSENSE")) for _ in range(17)]
    assert [answer.status for answer in answers] == [400] * 16 + [429]
    assert answers[-1].error == "TooManyRequestsException"
    usage = control(endpoint, "GET", "/_vdm/usage", b"")
    assert usage
    assert usage.body == {"calls": 17, "queries": 16, "refused": 1}


def test_the_end_date_is_left_out(endpoint: Endpoint) -> None:
    answer = ask(endpoint, query(EndDate=(MARCH + DAY).timestamp()))
    assert answer.body["Results"][0]["Values"] == [10]


def test_results_come_in_no_order_that_a_client_could_rely_on(endpoint: Endpoint) -> None:
    answer = ask(endpoint, query(Id="a"), query(Id="b"))
    assert [result["Id"] for result in answer.body["Results"]] != ["a", "b"]


def test_what_does_not_exist_is_answered_with_nothing(endpoint: Endpoint) -> None:
    answer = ask(endpoint, query(Dimensions={"EMAIL_IDENTITY": "nobody.example"}))
    assert answer.body["Results"] == [{"Id": "a", "Timestamps": [], "Values": []}]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"Dimensions": {}}, "between 1 and 3 members"),
        ({"Dimensions": {"COUNTRY": "NZ"}}, "Invalid dimension name provided"),
        ({"Dimensions": {"EMAIL_IDENTITY": "*"}}, "Invalid email identity provided."),
        ({"Dimensions": {"EMAIL_IDENTITY": "user@"}}, "Invalid email identity provided."),
        ({"Dimensions": {"ISP": "Mail.ru"}}, "Invalid ISP name provided."),
        ({"Dimensions": {"ISP": "*"}}, "Invalid ISP name provided."),
        ({"Metric": "BOUNCE"}, "'metric' failed to satisfy constraint"),
        ({"Namespace": "SES"}, "'namespace' failed to satisfy constraint"),
        ({"Id": ""}, "'id' failed to satisfy constraint"),
        ({"EndDate": MARCH.timestamp()}, "Expected start date to be before the end date."),
        ({"EndDate": (MARCH + 61 * DAY).timestamp()}, "can request at most 60 days"),
        ({"StartDate": MARCH.timestamp() + 3600}, "at midnight UTC"),
    ],
)
def test_one_wrong_query_refuses_the_whole_call(
    endpoint: Endpoint, wrong: dict[str, Any], says: str
) -> None:
    answer = ask(endpoint, query(Id="good"), query(**wrong))
    assert (answer.status, answer.error) == (400, "BadRequestException")
    assert says in answer.body["message"]
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"


def test_exactly_sixty_days_are_answered(endpoint: Endpoint) -> None:
    assert ask(endpoint, query(EndDate=(MARCH + 60 * DAY).timestamp())).status == 200


def test_eleven_queries_are_one_too_many(endpoint: Endpoint) -> None:
    assert ask(endpoint, *(query(Id=str(each)) for each in range(10))).status == 200
    assert ask(endpoint, *(query(Id=str(each)) for each in range(11))).status == 400


def test_every_query_needs_an_id_of_its_own(endpoint: Endpoint) -> None:
    answer = ask(endpoint, query(), query())
    assert answer.body["message"] == "All queries must have a unique identifier."


def test_a_bad_value_outranks_a_bad_date_of_an_earlier_query(endpoint: Endpoint) -> None:
    answer = ask(
        endpoint,
        query(EndDate=MARCH.timestamp()),
        query(Id="b", Dimensions={"ISP": "AT&T"}),
    )
    assert answer.body["message"] == "Invalid ISP name provided."


def test_vdm_switched_off_outranks_everything(endpoint: Endpoint) -> None:
    endpoint.scenario = parse_scenario("begins = 2026-03-01\nvdm_enabled = false", "here")
    answer = ask(endpoint)
    assert (answer.status, answer.error) == (404, "NotFoundException")
    assert "enable Virtual Deliverability Manager" in answer.body["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v2/email/list-identities"), ("GET", "/v2/email/identities")],
)
def test_lists_are_served_by_the_paths_of_new_and_of_older_sdks(
    endpoint: Endpoint, method: str, path: str
) -> None:
    answer = endpoint.answer(method, path, {"PageSize": "10"}, b"")
    assert answer is not None
    assert answer.body["EmailIdentities"][0]["IdentityName"] == "news.example.com"


def test_what_vdm_alerts_does_not_call_is_somebody_elses(endpoint: Endpoint) -> None:
    assert endpoint.answer("POST", "/v2/email/outbound-emails", {}, b"{}") is None


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"Queries": 3}', b'{"Queries": [{"Id": "a"}]}'])
def test_a_malformed_request_is_answered_and_not_dropped(endpoint: Endpoint, body: bytes) -> None:
    answer = endpoint.answer("POST", BATCH, {}, body)
    assert answer is not None
    assert answer.status == 400


def test_the_clock_can_be_set(endpoint: Endpoint) -> None:
    body = json.dumps({"now": "2026-03-02T12:00:00Z"}).encode()
    assert control(endpoint, "PUT", "/_vdm/clock", body) == Answer(200, {})
    assert ask(endpoint, query()).body["Results"][0]["Values"] == [10]


def test_the_scenario_can_be_replaced(endpoint: Endpoint) -> None:
    assert control(endpoint, "PUT", "/_vdm/scenario", b"begins = 2026-03-01") == Answer(200, {})
    assert ask(endpoint, query()).body["Results"][0]["Values"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [("/_vdm/clock", b"{}"), ("/_vdm/clock", b"noon"), ("/_vdm/scenario", b"nothing")],
)
def test_a_control_that_makes_no_sense_is_refused(
    endpoint: Endpoint, path: str, body: bytes
) -> None:
    answer = control(endpoint, "PUT", path, body)
    assert answer is not None
    assert answer.status == 400
    assert answer.body["message"]
