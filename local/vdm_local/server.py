"""The endpoint alone, over HTTP on the loopback interface."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from vdm_local.answers import Answer, Delivery
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import BadScenario, parse_scenario

CLOCK = "/_vdm/clock"
SCENARIO = "/_vdm/scenario"
MAILBOX = "/_vdm/mailbox"
USAGE = "/_vdm/usage"


def control(endpoint: Endpoint, method: str, path: str, body: bytes) -> Answer | None:
    """Answer what no AWS has: set the clock or the scenario, say what was asked. None elsewhere.

    PUT /_vdm/clock takes {"now": an instant with its offset}, PUT /_vdm/scenario a scenario; GET
    /_vdm/usage gives the calls, the queries answered, the calls refused and the calls that a fault
    hit, all of BatchGetMetricData, and the calls of lists, so far.
    """
    if (method, path) == ("GET", USAGE):
        quota = endpoint.quota
        usage = {
            "calls": quota.calls,
            "queries": quota.queries,
            "refused": quota.refused,
            "failed": endpoint.failed,
            "lists": endpoint.lists,
        }
        return Answer(200, usage)
    if method != "PUT" or path not in {CLOCK, SCENARIO}:
        return None
    try:
        if path == CLOCK:
            now = datetime.fromisoformat(json.loads(body)["now"])
            endpoint.now = now.astimezone(UTC)
        else:
            endpoint.scenario = parse_scenario(body.decode(), SCENARIO)
    except (KeyError, TypeError, ValueError, BadScenario) as error:
        return Answer(400, {"message": str(error)})
    return Answer(200, {})


class Server(ThreadingHTTPServer):
    """A server that keeps nobody waiting once it is told to stop."""

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        """Listen on 127.0.0.1:*port*, any free port for 0."""
        super().__init__(("127.0.0.1", port), handler)
        self.stopping = Event()

    def shutdown(self) -> None:
        """Stop, and let go of every answer that is held back."""
        self.stopping.set()
        super().shutdown()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Say nothing of a client that did not wait for its answer; that is a time-out's point."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(endpoint: Endpoint, port: int, latency: float = 0) -> Server:
    """Return a server of *endpoint* on 127.0.0.1:*port*, any free port for 0, not yet running.

    It takes *latency* seconds for each answer.
    """

    class Handler(BaseHTTPRequestHandler):
        # Without these two, every call waits 40 ms for a delayed acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = (
                control(endpoint, self.command, url.path, body)
                or endpoint.answer(self.command, url.path, dict(parse_qsl(url.query)), body)
                or Answer(404, {"message": f"no such path: {url.path}"}, "NotFoundException")
            )
            time.sleep(latency)
            if answer.late:
                server.stopping.wait(answer.late)
            self.close_connection |= answer.delivery is not Delivery.WHOLE
            if answer.delivery is not Delivery.NONE:
                self._send(answer)

        def _send(self, answer: Answer) -> None:
            payload = answer.payload
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            half = answer.delivery is Delivery.HALF
            self.wfile.write(payload[: len(payload) // 2] if half else payload)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing: requests are the client's to log."""

    server = Server(port, Handler)
    return server


@contextmanager
def serving(endpoint: Endpoint) -> Iterator[str]:
    """Serve *endpoint* on a free port for the block, which is given the address."""
    with serve(endpoint, 0) as server:
        # By default a server looks but twice a second whether it should stop.
        Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
