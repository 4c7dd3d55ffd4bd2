"""An HTTP server on a real socket whose responses take as long as they like."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from threading import enumerate as all_threads
from typing import TypeAlias

INTERVAL = 0.05
"""Seconds between two bytes, far below every timeout of a socket."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

Behavior: TypeAlias = Callable[[socket, Event], None]
"""Responds to a request on a connection, until the event is set."""


def say_nothing(_: socket, stopping: Event) -> None:
    stopping.wait()


def drip_headers(connection: socket, stopping: Event) -> None:
    connection.sendall(_HEAD)
    _drip(connection, b"X-Slow: " + b"a" * 60_000, stopping)


def drip_body(connection: socket, stopping: Event) -> None:
    connection.sendall(_HEAD + b"Content-Length: 60000\r\n\r\n")
    _drip(connection, b"a" * 60_000, stopping)


def drip_chunks_for_ever(connection: socket, stopping: Event) -> None:
    connection.sendall(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while not stopping.wait(INTERVAL):
        connection.sendall(b"1\r\na\r\n")


def close_early(connection: socket, _: Event) -> None:
    connection.sendall(_HEAD + b'Content-Length: 60000\r\n\r\n{"VdmAttributes": ')


def _drip(connection: socket, content: bytes, stopping: Event) -> None:
    for byte in content:
        if stopping.wait(INTERVAL):
            return
        connection.sendall(bytes([byte]))


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect, as they do after a timeout."""


@contextmanager
def serving(behave: Behavior, request_lines: list[str] | None = None) -> Iterator[str]:
    """Serve every request as *behave* does for the block, and yield the URL.

    The first line of each request is added to *request_lines*. After the block, asserts that every
    thread that was started in it ends.
    """
    stopping, threads = Event(), set(all_threads())

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            request = self.request.recv(65_536)
            if request_lines is not None:
                request_lines.append(request.partition(b"\r\n")[0].decode())
            behave(self.request, stopping)

    with _Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            stopping.set()
            server.shutdown()
    for thread in set(all_threads()) - threads:
        thread.join(5)
        assert not thread.is_alive()
