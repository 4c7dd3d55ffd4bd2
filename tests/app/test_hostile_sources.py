"""A run whose SES answers slowly, never, or without end."""

import json
import time
from datetime import timedelta
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.config import Config
from builders import a_rule
from fakes import World
from hostile_server import (
    Behavior,
    close_early,
    drip_body,
    drip_chunks_for_ever,
    drip_headers,
    say_nothing,
    serving,
)

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import RateLimiter
from vdm_alerts.adapters.aws.time_limit import limit_request_time
from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.observations.metric_reading import Limits

READING_TIME = timedelta(seconds=4)
OVERTIME = timedelta(seconds=2)
"""More than one request may take after the reading has to end."""


class ImpatientClock:
    """A clock that does not wait."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        pass


def run_against(world: World, url: str) -> timedelta:
    """Run with SES at *url*, and return how long that takes."""
    config = Config(read_timeout=30, max_pool_connections=16, retries={"total_max_attempts": 1})
    client: Any = boto3.client("sesv2", endpoint_url=url, config=config)
    limit_request_time(client, 0.3)
    world.account = SesAccount(client, ImpatientClock())  # type: ignore[assignment]
    world.series = SesMetrics(client, RateLimiter(ImpatientClock()))  # type: ignore[assignment]
    start = time.monotonic()
    world.run(limits=Limits(MonotonicDeadline(READING_TIME)))
    return timedelta(seconds=time.monotonic() - start)


@pytest.fixture
def world(world: World) -> World:
    """A world in which a notification is due that SES has no part in."""
    world.set_rules(a_rule())
    invalid = Finding("/vdm-alerts/rules/mine/x", "Rule r is invalid", "Edit it")
    world.rules.rule_set.invalid["x"] = invalid  # type: ignore[index]
    return world


@pytest.mark.parametrize(
    "behave", [say_nothing, drip_headers, drip_body, drip_chunks_for_ever, close_early]
)
def test_run_ends_in_time_and_sends_what_is_due_however_slow_ses_is(
    world: World, behave: Behavior
) -> None:
    with serving(behave) as url:
        assert run_against(world, url) < READING_TIME + OVERTIME

    assert [subject for subject in world.subjects if "Rule r is invalid" in subject]
    report = world.recorder.reports[-1]
    assert report.unreadable + report.series_unknown > 0
    assert "VDM" not in "".join(world.subjects), "no answer does not say that VDM is off"


@pytest.mark.parametrize("is_empty", [True, False])
def test_run_reads_vdm_although_lists_have_no_end(world: World, is_empty: bool) -> None:
    numbers = count()
    paths: list[str] = []

    def answer(connection: Any, _: object) -> None:
        number = next(numbers)
        body: dict[str, Any] = {"NextToken": str(number), "Results": []}
        if not is_empty:
            body["EmailIdentities"] = [{"IdentityName": f"{number}.example.com"}]
        for key in ("EmailIdentities", "ConfigurationSets", "Tenants"):
            body.setdefault(key, [])
        body["VdmAttributes"] = {"VdmEnabled": "ENABLED"}
        text = json.dumps(body).encode()
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(text) + text
        )

    with serving(answer, paths) as url:
        assert run_against(world, url) < READING_TIME + OVERTIME

    assert any("/metrics/batch" in path for path in paths)
    assert "ses:ListEmailIdentities" in str(world.state.transient_since)
