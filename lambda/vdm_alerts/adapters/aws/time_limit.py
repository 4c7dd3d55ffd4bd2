"""A time limit for each HTTP request of a boto3 client.

The timeouts of botocore apply to each operation on a socket. A response that arrives byte by byte
never exceeds them, and neither do its headers.
"""

from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from io import BytesIO
from threading import Thread
from typing import Any, Protocol

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import BotoCoreError, ConnectionClosedError, ReadTimeoutError

from vdm_alerts.core.model.deadline import Deadline, NoDeadline


class DeadlinePassedError(BotoCoreError):
    """A request was not sent, because reading must stop. botocore does not retry it."""

    fmt = "The time for reading is over"


class HttpSession(Protocol):
    """What a client of botocore sends its requests through."""

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Return the whole response to *request*. Raises HTTPClientError."""

    def close(self) -> None:
        """Close the connections that are not in use."""


class TimeLimitedSession:
    """An HttpSession that gives up a request that is not answered completely in time.

    Each request has a daemon thread, because nothing else ends every wait for a server: for its
    name, its handshake, its headers and each byte. The thread of a request that was given up ends
    when its socket is closed or times out, at most one operation later.
    """

    def __init__(self, session: HttpSession, seconds: float) -> None:
        """Send requests through *session*, each for at most *seconds*."""
        self.deadline: Deadline = NoDeadline()
        """When the last request has to end."""
        self._session = session
        self._seconds = seconds

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Return the whole response to *request*.

        Raises HTTPClientError, which botocore retries: ReadTimeoutError after the time limit, and
        ConnectionClosedError if a part of the body is missing, which botocore does not check.
        Raises DeadlinePassedError, without a request, after the deadline.
        """
        seconds = min(self._seconds, self.deadline.remaining().total_seconds())
        if seconds <= 0:
            raise DeadlinePassedError
        response: Future[AWSResponse] = Future()
        Thread(target=self._complete, args=(response, request), daemon=True).start()
        wait([response], seconds)
        if not response.done():
            raise ReadTimeoutError(endpoint_url=request.url)
        _check_length(response.result())
        return response.result()

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._session.close()

    def _complete(self, response: Future[AWSResponse], request: AWSPreparedRequest) -> None:
        try:
            answer = self._session.send(request)
            if request.stream_output:  # Otherwise, it is read after the limit, and only once.
                answer.raw = BytesIO(answer.content)
            response.set_result(answer)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            response.set_exception(error)


def limit_request_time(client: Any, seconds: float) -> None:  # noqa: ANN401 - any service's client
    """Let each request of *client* take at most *seconds*, retries not included."""
    endpoint = client._endpoint  # noqa: SLF001 - botocore has no setting for its HTTP session
    endpoint.http_session = TimeLimitedSession(endpoint.http_session, seconds)


@contextmanager
def requests_end_by(client: Any, deadline: Deadline) -> Iterator[None]:  # noqa: ANN401 - see above
    """Let each request of *client* in the block, retries included, end by *deadline*.

    A client whose requests have no time limit has none in the block either.
    """
    session = client._endpoint.http_session  # noqa: SLF001 - see `limit_request_time`
    if not isinstance(session, TimeLimitedSession):
        yield
        return
    session.deadline = deadline
    try:
        yield
    finally:
        session.deadline = NoDeadline()


def _check_length(response: AWSResponse) -> None:
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and len(response.content) < int(length):
        raise ConnectionClosedError(endpoint_url=response.url)
