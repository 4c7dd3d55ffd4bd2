"""Sessions in the accounts of a fleet, with an STS in memory, or one on a real socket."""

import logging
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Event
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from builders import HOUR, NOW
from fake_sts import Sts, denial, sts_error
from hostile_server import Behavior, serving

from vdm_alerts.adapters.aws.core_session import core_session
from vdm_alerts.adapters.aws.errors import translate_errors
from vdm_alerts.adapters.aws.spoke_session import (
    BlindTargetError,
    check_endpoint,
    check_role,
    spoke_session,
)
from vdm_alerts.bootstrap import sts_client
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.model.target import Target

SECRET, TOKEN = "wJalrXUtnFEMIsecret", "FwoGZXIvYXdzEtoken"
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


def a_spoke(account: str = "222222222222", region: str = "eu-west-1", **changes: Any) -> Any:
    role = f"arn:aws:iam::{account}:role/vdm-alerts-reader"
    return FleetTarget(Target(account, region), **{"role_arn": role, **changes})


def a_session(sts: Sts, target: FleetTarget) -> Any:
    """Return a session whose credentials expire by the clock of *sts*."""
    session = spoke_session(sts, target)  # type: ignore[arg-type]
    session.get_credentials()._time_fetcher = lambda: sts.now
    return session


class Ses:
    """A client of SES that sends nothing, and keeps the headers of each request."""

    def __init__(self, session: Any) -> None:
        self.headers: list[dict[str, str]] = []
        self.client = session.create_client("sesv2", config=ONCE)
        self.client.meta.events.register("before-send.sesv2", self._answer)

    def _answer(self, request: AWSPreparedRequest, **_: object) -> Any:
        headers = {name: _text(value) for name, value in request.headers.items()}
        self.headers.append(headers)
        headers_of_response: Any = {"Content-Type": "application/json"}
        response: Any = AWSResponse(request.url, 200, headers_of_response, None)
        response._content = b"{}"
        return response

    def call(self) -> str:
        """Call SES, and return the token of the request."""
        self.client.list_email_identities()
        return self.headers[-1]["X-Amz-Security-Token"]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def test_role_is_assumed_once_with_a_name_and_its_external_id() -> None:
    sts = Sts()
    session = a_session(sts, a_spoke(external_id="9f1c7c1e"))
    assert sts.requests == []  # Until the first call needs them.
    ses = Ses(session)
    ses.call()
    ses.call()
    assert sts.requests == [
        {
            "RoleArn": "arn:aws:iam::222222222222:role/vdm-alerts-reader",
            "RoleSessionName": "vdm-alerts",
            "ExternalId": "9f1c7c1e",
        }
    ]
    assert "Credential=AKIA2222222222221/" in ses.headers[0]["Authorization"]
    assert "/eu-west-1/ses/" in ses.headers[0]["Authorization"]


def test_role_without_an_external_id_is_assumed_without_one() -> None:
    sts = Sts()
    check_role(a_session(sts, a_spoke()), a_spoke())
    assert "ExternalId" not in sts.requests[0]


def test_target_in_the_account_of_the_hub_has_the_credentials_of_the_function() -> None:
    sts, own = Sts(), a_spoke(region="us-east-1", role_arn=None)
    session = spoke_session(sts, own)  # type: ignore[arg-type]
    check_role(session, own)
    assert session.get_credentials().access_key == "none"
    assert session.create_client("sesv2").meta.region_name == "us-east-1"
    assert sts.requests == []


def test_credentials_are_fetched_again_before_they_expire_and_never_used_after_that() -> None:
    sts = Sts()
    ses = Ses(a_session(sts, a_spoke()))
    for minutes in range(0, 180, 5):
        sts.now = NOW + timedelta(minutes=minutes)
        fetched = len(sts.requests)
        ses.call()
        assert len(sts.requests) - fetched <= 1
    ages = [int(header["X-Amz-Security-Token"][-1]) for header in ses.headers]
    assert ages == sorted(ages)
    assert len(sts.requests) == 4  # Each is used for 45 minutes of its hour.


@pytest.mark.parametrize("minutes", [51, 60, 61, 600])
def test_credentials_that_cannot_be_fetched_again_are_not_used_near_their_end(
    minutes: int,
) -> None:
    sts = Sts()
    target = a_spoke()
    session = a_session(sts, target)
    ses = Ses(session)
    ses.call()
    sts.now = NOW + timedelta(minutes=minutes)
    sts.error = denial()
    with pytest.raises(BlindTargetError):
        check_role(session, target)
    with pytest.raises(AccessDeniedError, match="sts:AssumeRole"), translate_errors("ses:List"):
        ses.call()
    assert len(ses.headers) == 1


def test_failed_attempt_to_fetch_them_early_changes_nothing() -> None:
    sts = Sts()
    session = a_session(sts, a_spoke())
    check_role(session, a_spoke())
    sts.now, sts.error = NOW + timedelta(minutes=47), denial()
    check_role(session, a_spoke())
    assert Ses(session).call() == "token of AKIA2222222222221"


def test_credentials_that_have_expired_already_are_not_used() -> None:
    sts = Sts()
    session = a_session(sts, a_spoke())
    sts.now = NOW - 2 * HOUR
    session.get_credentials()._time_fetcher = lambda: NOW
    with pytest.raises(UnavailableError, match=r"sts:AssumeRole failed: .*still expired"):
        check_role(session, a_spoke())


def test_denied_role_is_blind_with_its_name_and_tried_again() -> None:
    sts, target = Sts(error=denial()), a_spoke("333333333333")
    session = a_session(sts, target)
    with pytest.raises(BlindTargetError) as caught:
        check_role(session, target)
    assert caught.value.reason == (
        "the hub cannot assume the role arn:aws:iam::333333333333:role/vdm-alerts-reader: it does "
        "not exist, or its trust policy does not allow the hub"
    )
    assert "not authorized to perform: sts:AssumeRole" in caught.value.details
    sts.error = None
    check_role(session, target)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (EndpointConnectionError(endpoint_url="https://sts"), "Could not connect"),
        (ReadTimeoutError(endpoint_url="https://sts"), "Read timeout"),
        (sts_error("Throttling"), "Throttling"),
        (sts_error("InternalFailure"), "InternalFailure"),
        (sts_error("RegionDisabledException"), "RegionDisabledException"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_error_of_sts_that_is_no_denial_is_tried_again(error: Exception, text: str) -> None:
    sts, target = Sts(error=error), a_spoke()
    session = a_session(sts, target)
    with pytest.raises(UnavailableError, match=f"sts:AssumeRole failed: .*{text}"):
        check_role(session, target)
    sts.error = None
    check_role(session, target)


def test_two_targets_never_mix_their_credentials() -> None:
    sts = Sts()
    accounts = [f"{number:012}" for number in range(2, 8)]
    clients = {account: Ses(a_session(sts, a_spoke(account))) for account in accounts}
    with ThreadPoolExecutor(16) as executor:
        tokens = list(
            executor.map(lambda account: (account, clients[account].call()), accounts * 30)
        )
    assert len(sts.requests) == len(accounts)
    for account, client in clients.items():
        keys = {header["Authorization"].split("=")[1].split("/")[0] for header in client.headers}
        assert [key[4:16] for key in keys] == [account]
    assert {account for account, _ in tokens} == {*accounts}


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "cn-north-1"])
@pytest.mark.parametrize("setting", ["legacy", "regional"])
def test_sts_is_called_in_the_region_of_the_hub(
    region: str, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", setting)
    url = sts_client().meta.endpoint_url
    assert url.removesuffix(".cn") == f"https://sts.{region}.amazonaws.com"


def test_sessions_share_the_descriptions_of_services() -> None:
    loaders = {core_session().get_component("data_loader") for _ in range(3)}
    assert len(loaders) == 1
    first, second = core_session(), core_session()
    assert first.get_component("event_emitter") is not second.get_component("event_emitter")


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Log everything of all packages, as a function at the log level DEBUG does."""
    text, root, botocore = StringIO(), logging.getLogger(), logging.getLogger("botocore")
    handler = logging.StreamHandler(text)
    before = root.level, botocore.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    botocore.setLevel(logging.NOTSET)
    yield text
    root.removeHandler(handler)
    root.setLevel(before[0])
    botocore.setLevel(before[1])


def sts_response(*, end: int | None = None, status: str = "200 OK") -> Behavior:
    """Return the behavior of an STS whose response ends after *end* characters."""
    expiration = (datetime.now(UTC) + HOUR).isoformat()
    text = (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
        f"<Credentials><AccessKeyId>AKIA</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
        f"<SessionToken>{TOKEN}</SessionToken><Expiration>{expiration}</Expiration></Credentials>"
        "</AssumeRoleResult></AssumeRoleResponse>"
    )[:end]
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {len(text)}\r\n\r\n"

    def behave(connection: socket.socket, _: Event) -> None:
        connection.sendall((head + text).encode())

    return behave


def use_credentials(behave: Behavior) -> None:
    """Assume a role of an STS that behaves like that, and call SES, which responds likewise."""
    with serving(behave) as url:
        sts = core_session().create_client("sts", endpoint_url=url, config=ONCE)
        session = spoke_session(sts, a_spoke())
        check_role(session, a_spoke())
        ses = session.create_client("sesv2", endpoint_url=url, config=ONCE)
        ses.list_email_identities()


def test_credentials_are_in_no_log_even_at_the_level_debug(log: StringIO) -> None:
    use_credentials(sts_response())
    assert "POST /v2/email" in log.getvalue()
    for secret in (SECRET, TOKEN):
        assert secret not in log.getvalue()


def test_botocore_would_log_the_credentials(log: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    botocore = logging.getLogger("botocore")
    monkeypatch.setattr(botocore, "setLevel", lambda _: None)
    use_credentials(sts_response())
    assert SECRET in log.getvalue()


@pytest.mark.parametrize("end", [0, 90, 260, 330, -60, -30])
def test_credentials_are_in_no_error_of_a_malformed_response(log: StringIO, end: int) -> None:
    with pytest.raises(UnavailableError) as caught:
        use_credentials(sts_response(end=end))
    error: BaseException | None = caught.value
    texts = [log.getvalue()]
    while error:
        texts.append(f"{error} {error.__dict__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for secret in (SECRET, TOKEN):
        assert secret not in "\n".join(texts)
    assert "cannot be read" in str(caught.value)


def resolving(errno: int | None) -> Callable[..., list[object]]:
    def getaddrinfo(host: str, port: object) -> list[object]:
        assert (host, port) == ("email.xx-north-9.amazonaws.com", None)
        if errno is not None:
            raise socket.gaierror(errno, "a reason")
        return []

    return getaddrinfo


def ses_in(region: str) -> Any:
    return spoke_session(Sts(), a_spoke(region=region)).create_client("sesv2")  # type: ignore[arg-type]


@pytest.mark.parametrize("errno", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_region_without_ses_is_blind(errno: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(errno))
    with pytest.raises(BlindTargetError) as caught:
        check_endpoint(ses_in("xx-north-9"))
    assert caught.value.reason == "Amazon SES has no endpoint in the Region xx-north-9"
    assert "email.xx-north-9.amazonaws.com" in caught.value.details


@pytest.mark.parametrize("errno", [None, socket.EAI_AGAIN])
def test_region_is_not_blind_because_of_an_outage_of_the_name_service(
    errno: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(errno))
    check_endpoint(ses_in("xx-north-9"))
