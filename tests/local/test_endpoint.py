"""The local VDM answers what SES answers, the same again for the same calls."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vdm_local.answers import Answer
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import parse_scenario
from vdm_local.server import control

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BATCH = "/v2/email/metrics/batch"


MAIL = """
    begins = 2026-03-01
    [[mail]]
    identity = "news.example.com"
    isp = "Hotmail"
    send = "10 20 30"
"""


def an_endpoint(more: str = "") -> Endpoint:
    return Endpoint(parse_scenario(more + MAIL, "here"), MARCH + 10 * DAY)


@pytest.fixture
def endpoint() -> Endpoint:
    return an_endpoint()


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


def usage(endpoint: Endpoint) -> Any:
    answer = control(endpoint, "GET", "/_vdm/usage", b"")
    assert answer
    return answer.body


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
    assert usage(endpoint) == {"calls": 17, "queries": 16, "refused": 1, "failed": 0, "lists": 0}


def test_the_end_date_is_left_out(endpoint: Endpoint) -> None:
    answer = ask(endpoint, query(EndDate=(MARCH + DAY).timestamp()))
    assert answer.body["Results"][0]["Values"] == [10]


def order(endpoint: Endpoint) -> str:
    answer = ask(endpoint, *(query(Id=each) for each in "abcdefg"))
    return "".join(result["Id"] for result in answer.body["Results"])


def test_results_come_in_no_order_that_a_client_could_rely_on(endpoint: Endpoint) -> None:
    orders = [order(endpoint) for _ in range(10)]
    assert all(sorted(each) == list("abcdefg") for each in orders)
    assert len(set(orders)) == 10
    assert not {"abcdefg", "gfedcba"} & set(orders)


def test_the_order_of_results_is_the_same_again_for_the_same_seed() -> None:
    first, again, other = an_endpoint(), an_endpoint(), an_endpoint("seed = 7")
    orders = [order(first) for _ in range(5)]
    assert [order(again) for _ in range(5)] == orders
    assert [order(other) for _ in range(5)] != orders


def test_what_does_not_exist_is_answered_with_nothing(endpoint: Endpoint) -> None:
    answer = ask(endpoint, query(Dimensions={"EMAIL_IDENTITY": "nobody.example"}))
    assert answer.body["Results"] == [{"Id": "a", "Timestamps": [], "Values": []}]


def test_one_wrong_query_refuses_the_whole_call(endpoint: Endpoint) -> None:
    answer = ask(endpoint, query(Id="good"), query(Dimensions={"ISP": "Mail.ru"}))
    assert (answer.status, answer.error) == (400, "BadRequestException")
    assert answer.body == {"message": "Invalid ISP name provided."}
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"


def test_vdm_switched_off_outranks_everything(endpoint: Endpoint) -> None:
    endpoint.scenario = parse_scenario("begins = 2026-03-01\nvdm_enabled = false", "here")
    answer = ask(endpoint)
    assert (answer.status, answer.error) == (404, "NotFoundException")
    assert "enable Virtual Deliverability Manager" in answer.body["message"]


def test_the_current_day_is_served_unless_the_scenario_says_otherwise(endpoint: Endpoint) -> None:
    for now in (MARCH + 2 * DAY, MARCH + 2 * DAY + timedelta(hours=9)):
        endpoint.now = now
        assert ask(endpoint, query()).status == 200


@pytest.mark.parametrize("hours", [0, 9, 23.99])
def test_where_the_current_day_is_refused_every_query_that_reaches_into_it_is(hours: float) -> None:
    endpoint = an_endpoint('today = "refused"')
    endpoint.now = MARCH + 2 * DAY + timedelta(hours=hours)
    answer = ask(endpoint, query(Id="good", EndDate=(MARCH + 2 * DAY).timestamp()), query())
    assert (answer.status, answer.error) == (400, "BadRequestException")
    assert "end date must not be in the future" in answer.body["message"]
    assert ask(endpoint, query(EndDate=(MARCH + 2 * DAY).timestamp())).status == 200
    endpoint.now = MARCH + 3 * DAY
    assert ask(endpoint, query()).status == 200


def test_mail_of_a_tenant_is_found_by_it(endpoint: Endpoint) -> None:
    endpoint.scenario = parse_scenario(MAIL + 'tenant = "acme"', "here")
    found = {
        name: ask(endpoint, query(Dimensions={"TENANT_NAME": name})).body["Results"][0]["Values"]
        for name in ("acme", "Acme", "other")
    }
    assert found == {"acme": [10, 20, 30], "Acme": [], "other": []}


def test_what_vdm_alerts_does_not_call_is_somebody_elses(endpoint: Endpoint) -> None:
    assert endpoint.answer("POST", "/v2/email/outbound-emails", {}, b"{}") is None


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"Queries": 3}', b'{"Queries": [{"Id": "a"}]}', b'{"Queries": ["a"]}']
)
def test_a_malformed_request_is_answered_and_not_dropped(endpoint: Endpoint, body: bytes) -> None:
    answer = endpoint.answer("POST", BATCH, {}, body)
    assert answer is not None
    assert answer.status == 400


def test_a_date_that_no_calendar_has_is_answered_and_not_dropped(endpoint: Endpoint) -> None:
    for date in (1e18, 1e300, float("inf"), float("nan")):
        assert ask(endpoint, query(EndDate=date)).status == 400


def test_a_malformed_call_of_metrics_is_a_call_too(endpoint: Endpoint) -> None:
    endpoint.answer("POST", BATCH, {}, b'{"Queries": 3}')
    assert (endpoint.quota.calls, endpoint.quota.queries) == (1, 0)


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
