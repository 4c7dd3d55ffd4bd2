"""The time limit of requests, against a server on a real socket."""

import time
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ReadTimeoutError
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
from vdm_alerts.adapters.aws.sns_notifier import SnsNotifier
from vdm_alerts.adapters.aws.time_limit import (
    DeadlinePassedError,
    limit_request_time,
    requests_end_by,
)
from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import UnavailableError

SLOW = [say_nothing, drip_headers, drip_body, drip_chunks_for_ever]


def a_client(url: str, attempts: int = 1, seconds: float = 0.3) -> Any:
    """Return a client whose sockets wait far longer than its requests may take."""
    config = Config(read_timeout=30, retries={"mode": "standard", "total_max_attempts": attempts})
    client = boto3.client("sesv2", endpoint_url=url, config=config)
    limit_request_time(client, seconds)
    return client


@pytest.mark.parametrize("behave", SLOW)
def test_request_ends_at_its_limit_however_slow_the_response_is(behave: Behavior) -> None:
    with serving(behave) as url:
        account = SesAccount(a_client(url), time)
        start = time.monotonic()
        with pytest.raises(UnavailableError, match="ses:GetAccount failed: Read timeout") as caught:
            account.status(NoDeadline())
        assert 0.3 <= time.monotonic() - start < 3
    assert caught.value.finding.transient


def test_response_that_ends_early_is_no_response() -> None:
    """botocore would parse what there is, which says that VDM is off."""
    with serving(close_early) as url, pytest.raises(UnavailableError, match="was closed before"):
        SesAccount(a_client(url), time).status(NoDeadline())


def an_s3_client(url: str) -> Any:
    """Return a client whose responses botocore streams, unlike those of most services."""
    config = Config(read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1})
    client = boto3.client("s3", endpoint_url=url, config=config)
    limit_request_time(client, 0.3)
    return client


def test_streamed_response_can_be_read() -> None:
    def behave(connection: Any, _: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ncontent")

    with serving(behave) as url:
        response = an_s3_client(url).get_object(Bucket="bucket", Key="key")
        assert response["Body"].read() == b"content"


@pytest.mark.parametrize("behave", SLOW)
def test_streamed_response_ends_at_its_limit(behave: Behavior) -> None:
    with serving(behave) as url, pytest.raises(ReadTimeoutError):
        an_s3_client(url).get_object(Bucket="bucket", Key="key")


def test_request_that_took_too_long_is_retried() -> None:
    requests = 0

    def behave_from_the_second_on(connection: Any, stopping: Any) -> None:
        nonlocal requests
        requests += 1
        if requests == 1:
            stopping.wait()
        body = b'{"VdmAttributes": {"VdmEnabled": "ENABLED"}}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with serving(behave_from_the_second_on) as url:
        assert SesAccount(a_client(url, attempts=2), time).status(NoDeadline()).vdm_enabled
    assert requests == 2


@pytest.mark.parametrize("behave", SLOW)
def test_request_ends_at_the_deadline_although_its_limit_is_later(behave: Behavior) -> None:
    paths: list[str] = []
    with serving(behave, paths) as url:
        client = a_client(url, attempts=4, seconds=30)
        deadline = MonotonicDeadline(timedelta(seconds=0.5))
        start = time.monotonic()
        with requests_end_by(client, deadline), pytest.raises(BotoCoreError):
            client.get_account()
        assert time.monotonic() - start < 10
    assert len(paths) == 1, "no retry is sent after the deadline"


def test_status_and_subscribers_are_not_requested_after_the_deadline() -> None:
    paths: list[str] = []
    with serving(say_nothing, paths) as url:
        passed = MonotonicDeadline(timedelta())
        with pytest.raises(UnavailableError, match="ses:GetAccount"):
            SesAccount(a_client(url), time).status(passed)
        sns: Any = boto3.client("sns", endpoint_url=url)
        limit_request_time(sns, 30)
        with pytest.raises(UnavailableError, match="sns:GetTopicAttributes"):
            SnsNotifier(sns, "arn:aws:sns:eu-west-1:111122223333:a").subscribers(passed)
    assert paths == []


def test_request_after_the_deadline_is_not_sent() -> None:
    paths: list[str] = []
    with serving(say_nothing, paths) as url:
        client = a_client(url)
        passed = MonotonicDeadline(timedelta())
        with requests_end_by(client, passed), pytest.raises(DeadlinePassedError):
            client.get_account()
        assert paths == []
        with pytest.raises(ReadTimeoutError):
            client.get_account()
    assert len(paths) == 1, "the deadline is that of the block"


def test_refused_connection_is_reported_as_such() -> None:
    with serving(say_nothing) as url:
        pass
    with pytest.raises(UnavailableError, match="Could not connect to the endpoint URL"):
        SesAccount(a_client(url), time).status(NoDeadline())
