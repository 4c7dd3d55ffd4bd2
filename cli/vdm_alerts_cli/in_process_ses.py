"""A boto3 client for SES whose requests are answered in this process."""

from collections.abc import Iterator
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from vdm_alerts.bootstrap import READ_CONFIG, create_session
from vdm_local.account import REGION
from vdm_local.endpoint import Endpoint
from vdm_local.responses import Response, Transmission


class SimulatedClock:
    """A monotonic clock that only sleeping moves, so that no caller waits."""

    def __init__(self) -> None:
        """Start at 0 seconds."""
        self._seconds = 0.0
        self._lock = Lock()

    def monotonic(self) -> float:
        """Return the simulated time in seconds."""
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """Move the simulated time forward by *seconds*, and return immediately."""
        with self._lock:
            self._seconds += seconds


def in_process_client(endpoint: Endpoint) -> Any:  # noqa: ANN401 - a boto3 client
    """Return a client of SES, configured as the function's, that *endpoint* answers.

    botocore serializes, retries and parses as usual. The client needs no credentials and opens no
    socket.
    """
    client = create_session().client(
        "sesv2",
        region_name=REGION,
        config=READ_CONFIG.merge(Config(signature_version=UNSIGNED)),
    )

    def respond(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return _response(endpoint, request, client.meta.config.read_timeout)

    # botocore calls the handlers of one operation, such as the rate limiter's, before this one.
    client.meta.events.register_last("before-send.sesv2", respond)
    return client


def _response(endpoint: Endpoint, request: AWSPreparedRequest, read_timeout: float) -> AWSResponse:
    """Return the response to *request*.

    Raises ConnectionClosedError and ReadTimeoutError for faults of the connection.
    """
    url = urlsplit(request.url)
    body = request.body if isinstance(request.body, bytes) else b""
    answer = endpoint.respond(request.method, url.path, dict(parse_qsl(url.query)), body)
    answer = answer or Response(404, {"message": f"no such path: {url.path}"}, "NotFoundException")
    if answer.delay_s > read_timeout:
        raise ReadTimeoutError(endpoint_url=request.url)
    if answer.transmission is not Transmission.WHOLE:
        raise ConnectionClosedError(endpoint_url=request.url)
    headers: Any = answer.headers
    return AWSResponse(request.url, answer.status, headers, _Body(answer.payload))


class _Body(BytesIO):
    """The body of a response, with the method of urllib3 that botocore reads it by."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self.read()
