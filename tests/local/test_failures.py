"""Faults as a client meets them, over HTTP."""

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
from typing import Any, TypeAlias

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from vdm_local.endpoint import Endpoint
from vdm_local.garbled import FORMS
from vdm_local.quota import Quota
from vdm_local.scenario import parse_scenario
from vdm_local.server import serving

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
MAIL = """
begins = 2026-03-01
seed = 3
[[mail]]
identity = "news.example.com"
isp = "Hotmail"
send = "10 20 30"
[[mail]]
identity = "shop.example.com"
isp = "Gmail"
send = "1 2 3"
"""
BATCH = "/v2/email/metrics/batch"

Start: TypeAlias = Callable[..., tuple[Endpoint, str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Serve the account with these faults on top."""
    with ExitStack() as served:

        def started(*faults: str) -> tuple[Endpoint, str]:
            text = "\n[[fault]]\n".join([MAIL, *faults])
            endpoint = Endpoint(parse_scenario(text, "here"), MARCH + timedelta(days=9))
            return endpoint, served.enter_context(serving(endpoint))

        yield started


def client(url: str, attempts: int = 1, patience: float = 10) -> Any:
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=patience
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


def ask(ses: Any, *names: str) -> Any:
    queries = [query(name) for name in names or ("news", "shop")]
    return ses.batch_get_metric_data(Queries=queries)


def values(answer: Any) -> dict[str, list[int]]:
    return {result["Id"]: result["Values"] for result in answer["Results"]}


def posted(url: str) -> Any:
    """Ask without an SDK between us and the wire."""
    dates = {"StartDate": MARCH.timestamp(), "EndDate": (MARCH + timedelta(days=3)).timestamp()}
    body = json.dumps({"Queries": [query("news") | dates]}).encode()
    return urllib.request.urlopen(urllib.request.Request(url + BATCH, body))  # noqa: S310


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttled", "TooManyRequestsException", 429),
        ("server-error", "InternalFailure", 500),
        ("unavailable", "ServiceUnavailable", 503),
        ("denied", "AccessDeniedException", 403),
    ],
)
def test_a_call_that_fails_with_an_error_has_it_for_the_whole_call(
    start: Start, kind: str, code: str, status: int
) -> None:
    endpoint, url = start(f'kind = "{kind}"')
    with pytest.raises(ClientError) as caught:
        ask(client(url))
    answer: Any = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert (endpoint.quota.calls, endpoint.quota.refused, endpoint.failed) == (1, 0, 1)


@pytest.mark.parametrize("kind", ["throttled", "server-error", "unavailable", "dropped"])
def test_boto3_asks_again_after_a_fault_that_passes(start: Start, kind: str) -> None:
    endpoint, url = start(f'kind = "{kind}"\ncalls = [1, 1]')
    assert values(ask(client(url, attempts=2))) == {"news": [10, 20, 30], "shop": [1, 2, 3]}
    assert (endpoint.quota.calls, endpoint.failed) == (2, 1)


def test_a_dropped_call_is_closed_without_an_answer(start: Start) -> None:
    endpoint, url = start('kind = "dropped"')
    with pytest.raises(RemoteDisconnected):
        posted(url)
    with pytest.raises(ConnectionClosedError):
        ask(client(url))
    assert (endpoint.quota.calls, endpoint.failed) == (2, 2)


def test_a_cut_off_answer_is_half_of_what_it_announces(start: Start) -> None:
    endpoint, url = start('kind = "cut-off"')
    with pytest.raises(IncompleteRead) as caught:
        posted(url).read()
    assert abs(len(caught.value.partial) - (caught.value.expected or 0)) <= 1
    assert endpoint.failed == 1


def test_of_a_cut_off_answer_boto3_makes_one_with_nothing_in_it(start: Start) -> None:
    """Nothing is raised, so only who looks for Results notices."""
    _, url = start('kind = "cut-off"')
    assert set(ask(client(url))) == {"ResponseMetadata"}


def test_a_time_out_outlasts_the_patience_of_a_client(start: Start) -> None:
    endpoint, url = start('kind = "time-out"')
    with pytest.raises(ReadTimeoutError):
        ask(client(url, patience=0.2))
    assert (endpoint.quota.calls, endpoint.failed) == (1, 1)


def test_a_server_that_stops_lets_go_of_what_it_holds_back() -> None:
    endpoint = Endpoint(parse_scenario(f'{MAIL}[[fault]]\nkind = "time-out"', "here"))
    with ThreadPoolExecutor() as callers:
        with serving(endpoint) as url:
            waiting = callers.submit(ask, client(url, patience=20))
            while not endpoint.failed:
                time.sleep(0.01)
        assert waiting.result(timeout=5)["Results"]


def test_who_waits_long_enough_gets_the_answer_of_a_time_out(start: Start) -> None:
    _, url = start('kind = "time-out"\nseconds = 0.3')
    began = time.monotonic()
    assert values(ask(client(url)))["news"] == [10, 20, 30]
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("form", FORMS)
def test_a_garbled_answer_is_sent_whole_and_as_a_success(start: Start, form: str) -> None:
    endpoint, url = start(f'kind = "garbled"\nform = "{form}"')
    with posted(url) as answer:
        assert answer.status == 200
        assert len(answer.read()) == int(answer.headers["Content-Length"])
    assert endpoint.failed == 1


def test_by_chance_an_answer_is_garbled_in_every_form(start: Start) -> None:
    endpoint, _ = start('kind = "garbled"')
    endpoint.quota = Quota(count(step=2).__next__)  # Each call has a second of its own.
    body = {
        "Queries": [query("news", StartDate=MARCH.timestamp(), EndDate=MARCH.timestamp() + 86_400)]
    }
    sent = set()
    for _ in range(300):
        answer = endpoint.answer("POST", BATCH, {}, json.dumps(body).encode())
        assert answer
        sent.add(answer.payload)
    assert len(sent) == len(FORMS)


def test_a_refusal_is_not_garbled(start: Start) -> None:
    endpoint, url = start('kind = "garbled"')
    with pytest.raises(ClientError, match="Invalid email identity provided"):
        ask(client(url), "*")
    assert endpoint.failed == 0


def test_a_query_that_fails_has_an_entry_in_errors_in_place_of_its_result(start: Start) -> None:
    endpoint, url = start(
        'kind = "query-failure"\nvalue = "news.example.com"',
        'kind = "query-denied"\nvalue = "shop.example.com"',
    )
    answer = ask(client(url), "news", "shop", "idle")
    assert values(answer) == {"idle": []}
    errors = {each["Id"]: each["Code"] for each in answer["Errors"]}
    assert errors == {"news": "INTERNAL_FAILURE", "shop": "ACCESS_DENIED"}
    assert all(each["Message"] for each in answer["Errors"])
    assert endpoint.failed == 0, "no whole call"


def test_a_missing_query_is_neither_a_result_nor_an_error(start: Start) -> None:
    _, url = start('kind = "query-missing"\nvalue = "NEWS.example.com"')
    answer = ask(client(url))
    assert values(answer) == {"shop": [1, 2, 3]}
    assert answer["Errors"] == []


def test_ses_own_quota_comes_before_any_fault(start: Start) -> None:
    endpoint, url = start('kind = "denied"')
    for _ in range(16):
        endpoint.quota.admits(1)
    with pytest.raises(ClientError, match="Rate exceeded"):
        ask(client(url))
    assert (endpoint.quota.refused, endpoint.failed) == (1, 0)


def test_calls_that_fail_use_the_quota_up(start: Start) -> None:
    endpoint, url = start('kind = "server-error"\ncalls = [1, 16]')
    ses = client(url)
    for _ in range(16):
        with pytest.raises(ClientError, match="InternalFailure"):
            ask(ses)
    with pytest.raises(ClientError, match="Rate exceeded"):
        ask(ses)
    assert (endpoint.quota.calls, endpoint.quota.queries, endpoint.quota.refused) == (17, 32, 1)


def test_a_new_scenario_counts_its_calls_anew_and_the_usage_goes_on(start: Start) -> None:
    endpoint, url = start('kind = "throttled"\ncalls = [1, 1]')
    ses = client(url)
    scenario = f'{MAIL}[[fault]]\nkind = "denied"\ncalls = [1, 1]'.encode()
    with pytest.raises(ClientError, match="Rate exceeded"):
        ask(ses)
    assert ask(ses)["Results"]
    put = urllib.request.Request(f"{url}/_vdm/scenario", scenario, method="PUT")  # noqa: S310
    with urllib.request.urlopen(put):  # noqa: S310
        pass
    with pytest.raises(ClientError, match="AccessDenied"):
        ask(ses)
    assert ask(ses)["Results"]
    ses.list_tenants()
    with urllib.request.urlopen(f"{url}/_vdm/usage") as answer:  # noqa: S310
        usage = json.load(answer)
    assert usage == {"calls": 4, "queries": 8, "refused": 0, "failed": 2, "lists": 1}
    assert endpoint.failed == 2


def test_a_scenario_with_a_bad_fault_is_refused_and_the_old_one_stays(start: Start) -> None:
    endpoint, url = start()
    before = endpoint.scenario
    bad = b'begins = 2026-03-01\n[[fault]]\nkind = "dropped"\nshare = 7'
    put = urllib.request.Request(f"{url}/_vdm/scenario", bad, method="PUT")  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(put)  # noqa: S310
    assert json.load(caught.value)["message"] == (
        '/_vdm/scenario: fault 1, of kind "dropped": share must be a number from 0 to 1, not 7'
    )
    assert endpoint.scenario is before


def test_what_went_wrong_goes_wrong_again_in_the_same_way(start: Start) -> None:
    faults = (
        'kind = "server-error"\nshare = 0.3',
        'kind = "garbled"\nshare = 0.3',
        'kind = "query-missing"\nshare = 0.3',
    )

    def told() -> list[bytes]:
        endpoint, _ = start(*faults)
        endpoint.quota = Quota(count(step=2).__next__)  # Each call has a second of its own.
        dates = {"StartDate": MARCH.timestamp(), "EndDate": MARCH.timestamp() + 86_400}
        body = json.dumps({"Queries": [query(name) | dates for name in ("news", "shop")]}).encode()
        answers = [endpoint.answer("POST", BATCH, {}, body) for _ in range(50)]
        return [answer.payload for answer in answers if answer]

    first = told()
    assert first == told()
    assert len(set(first)) > 10
