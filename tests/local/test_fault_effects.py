"""The effects of faults on a client, over HTTP."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.client import IncompleteRead, RemoteDisconnected
from itertools import count
from types import SimpleNamespace
from typing import Any, TypeAlias

import boto3
import botocore.endpoint
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from vdm_local.corruption import CORRUPTION_FORMS
from vdm_local.endpoint import Endpoint
from vdm_local.quota import Quota
from vdm_local.scenario import parse_scenario
from vdm_local.server import serving

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MAIL = """
begins = 2026-03-01
seed = 3
[[emails]]
identity = "news.example.com"
isp = "Hotmail"
send = "10 20 30"
[[emails]]
identity = "shop.example.com"
isp = "Gmail"
send = "1 2 3"
"""
BATCH = "/v2/email/metrics/batch"

Start: TypeAlias = Callable[..., tuple[Endpoint, str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that serves the account with some faults."""
    with ExitStack() as served:

        def started(*faults: str) -> tuple[Endpoint, str]:
            text = "\n[[fault]]\n".join([MAIL, *faults])
            endpoint = Endpoint(parse_scenario(text, "here"), MARCH + timedelta(days=9))
            return endpoint, served.enter_context(serving(endpoint))

        yield started


def client(url: str, attempts: int = 1, read_timeout: float = 10) -> Any:
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=read_timeout
    )
    return boto3.client("sesv2", endpoint_url=url, config=config)


def query(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "Id": name,
        "Namespace": "VDM",
        "Metric": "SEND",
        "Dimensions": {"EMAIL_IDENTITY": f"{name}.example.com"},
        "StartDate": MARCH,
        "EndDate": MARCH + timedelta(days=3),
    } | changes


def call_metrics(ses: Any, *names: str) -> Any:
    queries = [query(name) for name in names or ("news", "shop")]
    return ses.batch_get_metric_data(Queries=queries)


def values_of(response: Any) -> dict[str, list[int]]:
    return {result["Id"]: result["Values"] for result in response["Results"]}


def post_directly(url: str) -> Any:
    """Send a request without an SDK."""
    dates = {"StartDate": MARCH.timestamp(), "EndDate": (MARCH + timedelta(days=3)).timestamp()}
    body = json.dumps({"Queries": [query("news") | dates]}).encode()
    return urllib.request.urlopen(urllib.request.Request(url + BATCH, body))  # noqa: S310


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttled", "ThrottlingException", 400),
        ("server-error", "InternalFailure", 500),
        ("unavailable", "ServiceUnavailable", 503),
        ("denied", "AccessDeniedException", 403),
    ],
)
def test_call_fault_returns_error_for_whole_call(
    start: Start, kind: str, code: str, status: int
) -> None:
    endpoint, url = start(f'kind = "{kind}"')
    with pytest.raises(ClientError) as caught:
        call_metrics(client(url))
    response: Any = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
        code,
        status,
    )
    assert (endpoint.quota.calls, endpoint.quota.throttled, endpoint.faulted_calls) == (1, 0, 1)


@pytest.mark.parametrize("kind", ["throttled", "server-error", "unavailable", "dropped"])
def test_boto3_retries_after_transient_fault(
    start: Start, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    endpoint, url = start(f'kind = "{kind}"\ncalls = [1, 1]')
    assert values_of(call_metrics(client(url, attempts=2))) == {
        "news": [10, 20, 30],
        "shop": [1, 2, 3],
    }
    assert (endpoint.quota.calls, endpoint.faulted_calls) == (2, 1)


def test_dropped_call_closes_connection_without_response(start: Start) -> None:
    endpoint, url = start('kind = "dropped"')
    with pytest.raises(RemoteDisconnected):
        post_directly(url)
    with pytest.raises(ConnectionClosedError):
        call_metrics(client(url))
    assert (endpoint.quota.calls, endpoint.faulted_calls) == (2, 2)


def test_cut_off_response_is_half_of_content_length(start: Start) -> None:
    endpoint, url = start('kind = "cut-off"')
    with pytest.raises(IncompleteRead) as caught:
        post_directly(url).read()
    assert abs(len(caught.value.partial) - (caught.value.expected or 0)) <= 1
    assert endpoint.faulted_calls == 1


def test_boto3_parses_cut_off_response_as_empty(start: Start) -> None:
    """boto3 raises no error, so only a check for Results notices."""
    _, url = start('kind = "cut-off"')
    assert set(call_metrics(client(url))) == {"ResponseMetadata"}


def test_time_out_exceeds_read_timeout_of_client(start: Start) -> None:
    endpoint, url = start('kind = "time-out"')
    with pytest.raises(ReadTimeoutError):
        call_metrics(client(url, read_timeout=0.05))
    assert (endpoint.quota.calls, endpoint.faulted_calls) == (1, 1)


def test_server_releases_delayed_responses_when_it_stops() -> None:
    endpoint = Endpoint(parse_scenario(f'{MAIL}[[fault]]\nkind = "time-out"', "here"))
    with ThreadPoolExecutor() as executor:
        with serving(endpoint) as url:
            pending = executor.submit(call_metrics, client(url, read_timeout=20))
            while not endpoint.faulted_calls:
                time.sleep(0.01)
        assert len(pending.result(timeout=5)["Results"]) == 2


def test_delayed_response_arrives_after_its_delay(start: Start) -> None:
    _, url = start('kind = "time-out"\nseconds = 0.1')
    started_at = time.monotonic()
    assert values_of(call_metrics(client(url)))["news"] == [10, 20, 30]
    assert time.monotonic() - started_at >= 0.1


@pytest.mark.parametrize("form", CORRUPTION_FORMS)
def test_corrupted_response_is_sent_whole_with_status_200(start: Start, form: str) -> None:
    endpoint, url = start(f'kind = "garbled"\nform = "{form}"')
    with post_directly(url) as response:
        assert response.status == 200
        assert len(response.read()) == int(response.headers["Content-Length"])
    assert endpoint.faulted_calls == 1


def test_pseudorandom_corruption_uses_every_form(start: Start) -> None:
    endpoint, _ = start('kind = "garbled"')
    endpoint.quota = Quota(count(step=2).__next__)  # One call per second.
    body = {
        "Queries": [query("news", StartDate=MARCH.timestamp(), EndDate=MARCH.timestamp() + 86_400)]
    }
    payloads = set()
    for _ in range(300):
        response = endpoint.respond("POST", BATCH, {}, json.dumps(body).encode())
        assert response is not None
        payloads.add(response.payload)
    assert len(payloads) == len(CORRUPTION_FORMS)


def test_error_response_is_not_corrupted(start: Start) -> None:
    endpoint, url = start('kind = "garbled"')
    with pytest.raises(ClientError, match="Invalid email identity provided"):
        call_metrics(client(url), "*")
    assert endpoint.faulted_calls == 0


def test_failed_query_has_error_instead_of_result(start: Start) -> None:
    endpoint, url = start(
        'kind = "query-failure"\nvalue = "news.example.com"',
        'kind = "query-denied"\nvalue = "shop.example.com"',
    )
    response = call_metrics(client(url), "news", "shop", "idle")
    assert values_of(response) == {"idle": []}
    errors = {each["Id"]: each["Code"] for each in response["Errors"]}
    assert errors == {"news": "INTERNAL_FAILURE", "shop": "ACCESS_DENIED"}
    assert all(each["Message"] for each in response["Errors"])
    assert endpoint.faulted_calls == 0, "no whole call was affected"


def test_missing_query_has_neither_result_nor_error(start: Start) -> None:
    _, url = start('kind = "query-missing"\nvalue = "NEWS.example.com"')
    response = call_metrics(client(url))
    assert values_of(response) == {"shop": [1, 2, 3]}
    assert response["Errors"] == []


def test_quota_is_checked_before_faults(start: Start) -> None:
    endpoint, url = start('kind = "denied"')
    for _ in range(16):
        endpoint.quota.admit(1)
    with pytest.raises(ClientError, match="Rate exceeded"):
        call_metrics(client(url))
    assert (endpoint.quota.throttled, endpoint.faulted_calls) == (1, 0)


def test_failed_calls_use_up_quota(start: Start) -> None:
    endpoint, url = start('kind = "server-error"\ncalls = [1, 16]')
    endpoint.quota = Quota(lambda: 0)  # All calls in the same second.
    ses = client(url)
    for _ in range(16):
        with pytest.raises(ClientError, match="InternalFailure"):
            call_metrics(ses)
    with pytest.raises(ClientError, match="Rate exceeded"):
        call_metrics(ses)
    assert (endpoint.quota.calls, endpoint.quota.queries, endpoint.quota.throttled) == (17, 32, 1)


def test_new_scenario_restarts_call_numbers_but_not_usage(start: Start) -> None:
    endpoint, url = start('kind = "throttled"\ncalls = [1, 1]')
    ses = client(url)
    scenario = f'{MAIL}[[fault]]\nkind = "denied"\ncalls = [1, 1]'.encode()
    with pytest.raises(ClientError, match="Rate exceeded"):
        call_metrics(ses)
    assert values_of(call_metrics(ses)) == {"news": [10, 20, 30], "shop": [1, 2, 3]}
    request = urllib.request.Request(f"{url}/_vdm/scenario", scenario, method="PUT")  # noqa: S310
    with urllib.request.urlopen(request):  # noqa: S310
        pass
    with pytest.raises(ClientError, match="AccessDenied"):
        call_metrics(ses)
    assert values_of(call_metrics(ses)) == {"news": [10, 20, 30], "shop": [1, 2, 3]}
    ses.list_tenants()
    with urllib.request.urlopen(f"{url}/_vdm/usage") as response:  # noqa: S310
        usage = json.load(response)
    assert usage == {"calls": 4, "queries": 8, "throttled": 0, "failed": 2, "lists": 1}
    assert endpoint.faulted_calls == 2


def test_invalid_scenario_is_rejected_and_current_one_stays(start: Start) -> None:
    endpoint, url = start()
    before = endpoint.scenario
    bad = b'begins = 2026-03-01\n[[fault]]\nkind = "dropped"\nshare = 7'
    request = urllib.request.Request(f"{url}/_vdm/scenario", bad, method="PUT")  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)  # noqa: S310
    assert json.load(caught.value)["message"] == (
        "/_vdm/scenario: 1 error\n"
        "  fault[0].share  7 is not a share. Use a number from 0 to 1, for example 0.5."
    )
    assert endpoint.scenario is before


def test_faults_are_the_same_in_every_run(start: Start) -> None:
    faults = (
        'kind = "server-error"\nshare = 0.3',
        'kind = "garbled"\nshare = 0.3',
        'kind = "query-missing"\nshare = 0.3',
    )

    def responses_of_run() -> list[bytes]:
        endpoint, _ = start(*faults)
        endpoint.quota = Quota(count(step=2).__next__)  # One call per second.
        dates = {"StartDate": MARCH.timestamp(), "EndDate": MARCH.timestamp() + 86_400}
        body = json.dumps({"Queries": [query(name) | dates for name in ("news", "shop")]}).encode()
        responses = [endpoint.respond("POST", BATCH, {}, body) for _ in range(50)]
        return [response.payload for response in responses if response is not None]

    first = responses_of_run()
    assert first == responses_of_run()
    assert len(set(first)) > 10
