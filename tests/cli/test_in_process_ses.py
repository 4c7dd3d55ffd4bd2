"""The client of the simulation: what a scenario says reaches the adapters, faults included."""

from datetime import UTC, datetime
from typing import Any

import botocore.exceptions
import pytest

from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts_cli.in_process_ses import SimulatedClock, in_process_client
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import parse_scenario

SCENARIO = """
begins = 2026-03-01

[[emails]]
identity = "news.example.com"
isp = "Hotmail"
send = "100 0 300"
"""
QUERY = {
    "Id": "0",
    "Namespace": "VDM",
    "Metric": "SEND",
    "StartDate": datetime(2026, 3, 1, tzinfo=UTC),
    "EndDate": datetime(2026, 3, 4, tzinfo=UTC),
}


def client_of(more: str = "") -> Any:
    scenario = parse_scenario(SCENARIO + more, "here")
    return in_process_client(Endpoint(scenario, datetime(2026, 3, 4, 9, tzinfo=UTC)))


def test_client_reads_metrics_and_lists_from_the_scenario() -> None:
    client = client_of()
    (result,) = client.batch_get_metric_data(Queries=[QUERY])["Results"]
    assert result["Values"] == [100, 300]
    (identity,) = client.list_email_identities(PageSize=1)["EmailIdentities"]
    assert identity["IdentityName"] == "news.example.com"
    assert client.get_account()["SendingEnabled"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ('"dropped"', botocore.exceptions.ConnectionClosedError),
        ('"cut-off"', botocore.exceptions.ConnectionClosedError),
        ('"time-out"\nseconds = 30', botocore.exceptions.ReadTimeoutError),
        ('"denied"', botocore.exceptions.ClientError),
    ],
    ids=["dropped", "cut-off", "time-out", "denied"],
)
def test_client_raises_the_error_of_botocore_when_the_scenario_has_a_fault(
    monkeypatch: pytest.MonkeyPatch, kind: str, error: type[Exception]
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore waits before it retries.
    with pytest.raises(error):
        client_of(f"[[fault]]\nkind = {kind}\n").batch_get_metric_data(Queries=[QUERY])


def test_client_retries_like_any_other_when_a_fault_is_transient(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    client = client_of('[[fault]]\nkind = "dropped"\ncalls = [1, 2]\n')
    assert client.batch_get_metric_data(Queries=[QUERY])["Results"]


def test_rate_limiter_delays_requests_in_simulated_time() -> None:
    client, clock = client_of(), SimulatedClock()
    RateLimiter(clock, 2).attach(client, "GetAccount")
    for _ in range(5):
        client.get_account()
    assert clock.monotonic() == pytest.approx(2)
