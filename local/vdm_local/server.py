"""An HTTP server of the endpoint on the loopback interface."""

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

from vdm_local.endpoint import Endpoint
from vdm_local.responses import Response, Transmission
from vdm_local.scenario import InvalidScenarioError, parse_scenario

CLOCK = "/_vdm/clock"
SCENARIO = "/_vdm/scenario"
MAILBOX = "/_vdm/mailbox"
USAGE = "/_vdm/usage"
CALLS = "/_vdm/calls"
PERMISSIONS = "/_vdm/permissions"
EVENTS = "/_vdm/events"


def handle_control_request(
    endpoint: Endpoint, method: str, path: str, body: bytes
) -> Response | None:
    """Set the clock or the scenario, or return the usage.

    PUT /_vdm/clock takes {"now": a timestamp with an offset} and PUT /_vdm/scenario a scenario. GET
    /_vdm/usage returns the calls of BatchGetMetricData, their admitted queries, the throttled
    calls, the calls that a fault affected, and the calls of list operations. Returns None for other
    requests.
    """
    if (method, path) == ("GET", USAGE):
        quota = endpoint.quota
        usage = {
            "calls": quota.calls,
            "queries": quota.queries,
            "throttled": quota.throttled,
            "failed": endpoint.faulted_calls,
            "lists": endpoint.list_calls,
        }
        return Response(200, usage)
    if method != "PUT" or path not in {CLOCK, SCENARIO}:
        return None
    try:
        if path == CLOCK:
            now = datetime.fromisoformat(json.loads(body)["now"])
            endpoint.now = now.astimezone(UTC)
        else:
            endpoint.scenario = parse_scenario(body.decode(), SCENARIO)
    except (KeyError, TypeError, ValueError, InvalidScenarioError) as error:
        return Response(400, {"message": str(error)})
    return Response(200, {})


class Server(ThreadingHTTPServer):
    """An HTTP server that stops without waiting for delayed responses."""

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        """Listen on 127.0.0.1:*port*; 0 chooses a free port."""
        super().__init__(("127.0.0.1", port), handler)
        self.stopping = Event()

    def shutdown(self) -> None:
        """Stop, and release every delayed response."""
        self.stopping.set()
        super().shutdown()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Ignore clients that disconnect early, as they do after a time-out."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(endpoint: Endpoint, port: int, latency: float = 0) -> Server:
    """Return a server of *endpoint* that is not yet running.

    It listens on 127.0.0.1:*port*; 0 chooses a free port. Each response takes *latency* seconds.
    """

    class Handler(BaseHTTPRequestHandler):
        # Without these two lines, every call waits 40 ms for a delayed acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True
        protocol_version = "HTTP/1.1"

        def _respond(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            response = (
                handle_control_request(endpoint, self.command, url.path, body)
                or endpoint.respond(self.command, url.path, dict(parse_qsl(url.query)), body)
                or Response(404, {"message": f"no such path: {url.path}"}, "NotFoundException")
            )
            time.sleep(latency)
            if response.delay_s:
                server.stopping.wait(response.delay_s)
            self.close_connection |= response.transmission is not Transmission.WHOLE
            if response.transmission is not Transmission.NONE:
                self._send(response)

        def _send(self, response: Response) -> None:
            payload = response.payload
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            half = response.transmission is Transmission.HALF
            self.wfile.write(payload[: len(payload) // 2] if half else payload)

        do_GET = do_POST = do_PUT = _respond  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = Server(port, Handler)
    return server


@contextmanager
def serving(endpoint: Endpoint) -> Iterator[str]:
    """Serve *endpoint* on a free port for the block, and yield its URL."""
    with serve(endpoint, 0) as server:
        # By default, a server checks only twice a second whether it should stop.
        Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
