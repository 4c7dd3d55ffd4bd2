"""Faults of the calls that the deployed function makes, at the gateway of the local AWS.

The scenario declares them. A fault is applied before or after ministack serves the call, so that
every service can have it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol, TypeAlias

from vdm_local.endpoint import Endpoint
from vdm_local.faults import CallFault, CallFaultKind, find_function_fault
from vdm_local.scenario import Scenario

Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Application: TypeAlias = Callable[[Event, Receive, Send], Awaitable[None]]

_ERRORS = {
    CallFaultKind.THROTTLED: (400, "ThrottlingException"),
    CallFaultKind.SERVER_ERROR: (500, "InternalFailure"),
    CallFaultKind.UNAVAILABLE: (503, "ServiceUnavailable"),
    CallFaultKind.DENIED: (403, "AccessDeniedException"),
    CallFaultKind.REJECTED: (400, "ValidationException"),
}
"""The status and the code of the errors that all AWS services have in common.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html
"""


class FunctionProcess(Protocol):
    """The process of the function that makes a call."""

    def kill(self) -> None:
        """End the process at once, as if its machine failed."""


class Gateway(Protocol):
    """What the plug has to know about the requests to the local AWS."""

    def process_of(self, request: Event) -> FunctionProcess | None:
        """Return the process of the function that sends *request*, or None for other clients."""

    def operation_of(self, request: Event, body: bytes) -> str:
        """Return the operation that *request* calls, as IAM names its action."""


class FaultPlug:
    """An ASGI application that records the calls of the function, and applies their faults."""

    def __init__(self, application: Application, endpoint: Endpoint, gateway: Gateway) -> None:
        """Serve by *application*, with the faults of the scenario of *endpoint*."""
        self._application = application
        self._endpoint = endpoint
        self._gateway = gateway
        self._scenario: Scenario | None = None
        self._operations: list[str] = []

    @property
    def operations(self) -> Sequence[str]:
        """The operations that the function has called since the scenario was set."""
        if self._scenario is not self._endpoint.scenario:
            self._scenario, self._operations = self._endpoint.scenario, []
        return tuple(self._operations)

    async def __call__(self, request: Event, receive: Receive, send: Send) -> None:
        """Serve *request*, with a fault if the scenario has one for it."""
        process = self._gateway.process_of(request) if request["type"] == "http" else None
        if process is None:
            await self._application(request, receive, send)
            return
        body = await read_body(receive)
        operation = self._gateway.operation_of(request, body)
        fault = self._record(operation)
        serve = _Served(self._application, request, body, send)
        if fault is None:
            await serve.wholly()
        elif fault.kind is CallFaultKind.KILLED_BEFORE:
            process.kill()
        elif fault.kind is CallFaultKind.KILLED_AFTER:
            await serve.without_response()
            process.kill()
        elif fault.kind is CallFaultKind.TIME_OUT:
            await serve.late(fault.delay_s)
        elif fault.kind in {CallFaultKind.DROPPED, CallFaultKind.CUT_OFF}:
            await serve.cut_off(share=0 if fault.kind is CallFaultKind.DROPPED else 1 / 2)
        else:
            await _send_instead(send, fault, operation)

    def _record(self, operation: str) -> CallFault | None:
        """Add a call of *operation* to the record, and return its fault."""
        operations = (*self.operations, operation)
        self._operations.append(operation)
        scenario = self._endpoint.scenario
        return find_function_fault(scenario.faults, scenario.seed, operations)


async def read_body(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    body = b""
    while (event := await receive())["type"] == "http.request":
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    return body


class _Served:
    """A request that the *application* serves, with a response that is sent as a fault says."""

    def __init__(self, application: Application, request: Event, body: bytes, send: Send) -> None:
        self._application = application
        self._request = request
        self._body: bytes | None = body
        self._send = send

    async def wholly(self) -> None:
        await self._application(self._request, self._receive, self._send)

    async def without_response(self) -> Sequence[Event]:
        """Serve the request, and return its response instead of sending it."""
        response: list[Event] = []

        async def keep(event: Event) -> None:
            response.append(event)

        await self._application(self._request, self._receive, keep)
        return response

    async def late(self, delay_s: float) -> None:
        response = await self.without_response()
        await asyncio.sleep(delay_s)
        for event in response:
            await self._send(event)

    async def cut_off(self, share: float) -> None:
        """Send the head of the response and a *share* of its body, and close the connection."""
        head, *parts = await self.without_response()
        body = b"".join(part.get("body", b"") for part in parts)
        await self._send(head)
        sent = body[: int(len(body) * share)]
        await self._send({"type": "http.response.body", "body": sent, "more_body": True})

    async def _receive(self) -> Event:
        if self._body is None:
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _send_instead(send: Send, fault: CallFault, operation: str) -> None:
    """Send the response of *fault* to a call of *operation* that is not served."""
    if fault.kind is CallFaultKind.CORRUPTED:
        status, error, payload = 200, "", "<html><body>Welcome to nowhere</body></html>"
    else:
        status, error = _ERRORS[fault.kind]
        message = f"{operation} fails: {fault.kind}"
        payload = json.dumps({"__type": error, "message": message})
        if operation.startswith("sns:"):  # It speaks XML.
            details = f"<Type>Sender</Type><Code>{error}</Code><Message>{message}</Message>"
            payload = f"<ErrorResponse><Error>{details}</Error></ErrorResponse>"
    headers = {"x-amzn-errortype": error, "content-length": str(len(payload))}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items() if value]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": payload.encode()})
