"""The endpoint responds as SES does, and equally to equal calls."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vdm_local.endpoint import Endpoint
from vdm_local.responses import Response
from vdm_local.scenario import parse_scenario
from vdm_local.server import handle_control_request

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BATCH = "/v2/email/metrics/batch"


MAIL = """
    begins = 2026-03-01
    [[emails]]
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


def call_metrics(endpoint: Endpoint, *queries: dict[str, Any]) -> Response:
    response = endpoint.respond("POST", BATCH, {}, json.dumps({"Queries": queries}).encode())
    assert response is not None
    return response


def usage(endpoint: Endpoint) -> Any:
    response = handle_control_request(endpoint, "GET", "/_vdm/usage", b"")
    assert response is not None
    return response.body


def test_result_has_one_count_per_day_at_midnight(endpoint: Endpoint) -> None:
    response = call_metrics(endpoint, query())
    assert response.body == {
        "Results": [
            {
                "Id": "a",
                "Timestamps": [(MARCH + each * DAY).timestamp() for each in range(3)],
                "Values": [10, 20, 30],
            }
        ],
        "Errors": [],
    }


def test_call_above_quota_is_throttled_before_validation(
    endpoint: Endpoint,
) -> None:
    responses = [call_metrics(endpoint, query(Metric="NONSENSE")) for _ in range(18)]
    assert {response.error for response in responses[:16]} == {"BadRequestException"}
    throttled = [(response.status, response.error) for response in responses[16:]]
    assert throttled == [(400, "ThrottlingException"), (429, "TooManyRequestsException")]
    assert usage(endpoint) == {"calls": 18, "queries": 16, "throttled": 2, "failed": 0, "lists": 0}


def test_end_date_is_exclusive(endpoint: Endpoint) -> None:
    response = call_metrics(endpoint, query(EndDate=(MARCH + DAY).timestamp()))
    assert response.body["Results"][0]["Values"] == [10]


def result_ids(endpoint: Endpoint) -> str:
    response = call_metrics(endpoint, *(query(Id=each) for each in "abcdefg"))
    return "".join(result["Id"] for result in response.body["Results"])


def test_results_are_in_varying_order(endpoint: Endpoint) -> None:
    orders = [result_ids(endpoint) for _ in range(10)]
    assert all(sorted(each) == list("abcdefg") for each in orders)
    assert len(set(orders)) == 10
    assert {"abcdefg", "gfedcba"}.isdisjoint(orders)


def test_order_of_results_depends_on_seed() -> None:
    first, same, different = an_endpoint(), an_endpoint(), an_endpoint("seed = 7")
    orders = [result_ids(first) for _ in range(5)]
    assert [result_ids(same) for _ in range(5)] == orders
    assert [result_ids(different) for _ in range(5)] != orders


def test_result_is_empty_for_unknown_identity(endpoint: Endpoint) -> None:
    response = call_metrics(endpoint, query(Dimensions={"EMAIL_IDENTITY": "nobody.example"}))
    assert response.body["Results"] == [{"Id": "a", "Timestamps": [], "Values": []}]


def test_call_is_rejected_when_one_query_is_invalid(endpoint: Endpoint) -> None:
    response = call_metrics(endpoint, query(Id="good"), query(Dimensions={"ISP": "Mail.ru"}))
    assert (response.status, response.error) == (400, "BadRequestException")
    assert response.body == {"message": "Invalid ISP name provided."}
    assert response.headers["x-amzn-errortype"] == "BadRequestException"


def test_call_fails_with_not_found_when_vdm_is_disabled(endpoint: Endpoint) -> None:
    endpoint.scenario = parse_scenario("begins = 2026-03-01\nvdm_enabled = false", "here")
    response = call_metrics(endpoint)
    assert (response.status, response.error) == (404, "NotFoundException")
    assert "enable Virtual Deliverability Manager" in response.body["message"]


def test_current_day_is_served_by_default(endpoint: Endpoint) -> None:
    for now in (MARCH + 2 * DAY, MARCH + 2 * DAY + timedelta(hours=9)):
        endpoint.now = now
        assert call_metrics(endpoint, query()).status == 200


@pytest.mark.parametrize("hours", [0, 9, 23.99])
def test_query_of_current_day_is_rejected_when_today_is_rejected(hours: float) -> None:
    endpoint = an_endpoint('today = "rejected"')
    endpoint.now = MARCH + 2 * DAY + timedelta(hours=hours)
    response = call_metrics(
        endpoint, query(Id="good", EndDate=(MARCH + 2 * DAY).timestamp()), query()
    )
    assert (response.status, response.error) == (400, "BadRequestException")
    assert "end date must not be in the future" in response.body["message"]
    assert call_metrics(endpoint, query(EndDate=(MARCH + 2 * DAY).timestamp())).status == 200
    endpoint.now = MARCH + 3 * DAY
    assert call_metrics(endpoint, query()).status == 200


def test_emails_are_counted_by_exact_tenant_name(endpoint: Endpoint) -> None:
    endpoint.scenario = parse_scenario(MAIL + 'tenant = "acme"', "here")
    values = {
        name: call_metrics(endpoint, query(Dimensions={"TENANT_NAME": name})).body["Results"][0][
            "Values"
        ]
        for name in ("acme", "Acme", "other")
    }
    assert values == {"acme": [10, 20, 30], "Acme": [], "other": []}


def test_unknown_path_has_no_response(endpoint: Endpoint) -> None:
    assert endpoint.respond("POST", "/v2/email/outbound-emails", {}, b"{}") is None


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"Queries": 3}', b'{"Queries": [{"Id": "a"}]}', b'{"Queries": ["a"]}']
)
def test_malformed_request_gets_status_400(endpoint: Endpoint, body: bytes) -> None:
    response = endpoint.respond("POST", BATCH, {}, body)
    assert response is not None
    assert response.status == 400


def test_impossible_date_gets_status_400(endpoint: Endpoint) -> None:
    for date in (1e18, 1e300, float("inf"), float("nan")):
        assert call_metrics(endpoint, query(EndDate=date)).status == 400


def test_malformed_call_counts_as_call(endpoint: Endpoint) -> None:
    endpoint.respond("POST", BATCH, {}, b'{"Queries": 3}')
    assert (endpoint.quota.calls, endpoint.quota.queries) == (1, 0)


def test_control_request_sets_clock(endpoint: Endpoint) -> None:
    body = json.dumps({"now": "2026-03-02T12:00:00Z"}).encode()
    assert handle_control_request(endpoint, "PUT", "/_vdm/clock", body) == Response(200, {})
    assert call_metrics(endpoint, query()).body["Results"][0]["Values"] == [10]


def test_control_request_replaces_scenario(endpoint: Endpoint) -> None:
    assert handle_control_request(
        endpoint, "PUT", "/_vdm/scenario", b"begins = 2026-03-01"
    ) == Response(200, {})
    assert call_metrics(endpoint, query()).body["Results"][0]["Values"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [("/_vdm/clock", b"{}"), ("/_vdm/clock", b"noon"), ("/_vdm/scenario", b"nothing")],
)
def test_invalid_control_request_gets_status_400(
    endpoint: Endpoint, path: str, body: bytes
) -> None:
    response = handle_control_request(endpoint, "PUT", path, body)
    assert response is not None
    assert response.status == 400
    assert response.body["message"]
