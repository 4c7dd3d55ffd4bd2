"""The fault plug between the deployed function and the local AWS."""

import asyncio
from dataclasses import dataclass, field
from datetime import date

import pytest

from vdm_local.endpoint import Endpoint
from vdm_local.fault_plug import Event, FaultPlug, Receive, Send
from vdm_local.faults import CallFault, CallFaultKind, FaultFilter
from vdm_local.scenario import Scenario

BODY = b'{"Item": {}}'
FROM_FUNCTION = {"type": "http", "function": True}
FROM_OTHERS = {"type": "http", "function": False}


@dataclass
class Process:
    """A process of the function, which notes what had been served when it was killed."""

    plug: "Plugged"
    served_at_death: list[bytes] | None = None

    def kill(self) -> None:
        self.served_at_death = list(self.plug.served)


@dataclass
class Plugged:
    """A fault plug before an application that answers every request with its body."""

    faults: list[CallFault]
    served: list[bytes] = field(default_factory=list)
    sent: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.endpoint = Endpoint(Scenario(date(2026, 3, 1), faults=self.faults))
        self.process = Process(self)
        self.plug = FaultPlug(self._serve, self.endpoint, self)

    def process_of(self, request: Event) -> Process | None:
        return self.process if request["function"] else None

    def operation_of(self, _: Event, body: bytes) -> str:
        return "dynamodb:PutItem" if body == BODY else "sns:Publish"

    async def _serve(self, _: Event, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        self.served.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    def request(self, origin: Event = FROM_FUNCTION, *parts: bytes) -> tuple[int | None, bytes]:
        """Send a body in *parts*; return the status and the body of the response."""
        left = [*(parts or (BODY,))]

        async def receive() -> Event:
            await asyncio.sleep(0)
            part = left.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(left)}

        async def send(event: Event) -> None:
            await asyncio.sleep(0)
            self.sent.append(event)

        self.sent.clear()
        asyncio.run(self.plug(origin, receive, send))
        status = next((each["status"] for each in self.sent if "status" in each), None)
        return status, b"".join(each.get("body", b"") for each in self.sent)


def plugged(kind: CallFaultKind, *, calls: tuple[int, int] | None = None) -> Plugged:
    return Plugged([CallFault(kind, FaultFilter(calls=calls), 0.01, operation="dynamodb:*")])


def test_request_without_a_fault_is_served() -> None:
    without = Plugged([])
    assert without.request(FROM_FUNCTION, BODY[:4], BODY[4:]) == (200, BODY)
    assert without.served == [BODY]


def test_fault_affects_neither_other_clients_nor_other_operations() -> None:
    denied = plugged(CallFaultKind.DENIED)
    assert denied.request(FROM_OTHERS)[0] == 200
    assert denied.request(FROM_FUNCTION, b"Action=Publish")[0] == 200
    assert denied.plug.operations == ("sns:Publish",)
    assert denied.request()[0] == 403


def test_record_starts_anew_with_a_scenario() -> None:
    denied = plugged(CallFaultKind.DENIED, calls=(2, 2))
    assert [denied.request()[0] for _ in range(3)] == [200, 403, 200]
    assert denied.plug.operations == ("dynamodb:PutItem",) * 3
    denied.endpoint.scenario = Scenario(date(2026, 3, 1), faults=denied.faults)
    assert not denied.plug.operations
    assert [denied.request()[0] for _ in range(2)] == [200, 403]


@pytest.mark.parametrize(
    ("kind", "served"), [(CallFaultKind.KILLED_BEFORE, []), (CallFaultKind.KILLED_AFTER, [BODY])]
)
def test_kill_ends_the_process_before_or_after_the_effect(
    kind: CallFaultKind, served: list[bytes]
) -> None:
    killed = plugged(kind)
    assert killed.request() == (None, b"")
    assert killed.process.served_at_death == killed.served == served


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (CallFaultKind.DROPPED, b""),
        (CallFaultKind.CUT_OFF, BODY[: len(BODY) // 2]),
        (CallFaultKind.TIME_OUT, BODY),
    ],
)
def test_fault_of_the_connection_affects_only_the_response(
    kind: CallFaultKind, body: bytes
) -> None:
    lost = plugged(kind)
    assert lost.request() == (200, body)
    assert lost.served == [BODY]
    assert bool(lost.sent[-1].get("more_body")) == (kind is not CallFaultKind.TIME_OUT)


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        (CallFaultKind.THROTTLED, 400, b"ThrottlingException"),
        (CallFaultKind.SERVER_ERROR, 500, b"InternalFailure"),
        (CallFaultKind.UNAVAILABLE, 503, b"ServiceUnavailable"),
        (CallFaultKind.DENIED, 403, b"AccessDeniedException"),
        (CallFaultKind.REJECTED, 400, b"ValidationException"),
        (CallFaultKind.CORRUPTED, 200, b"<html>"),
    ],
)
def test_error_replaces_the_operation(kind: CallFaultKind, status: int, error: bytes) -> None:
    failing = plugged(kind)
    sent_status, body = failing.request()
    assert sent_status == status
    assert error in body
    assert not failing.served


def test_error_of_sns_is_xml() -> None:
    fault = CallFault(CallFaultKind.THROTTLED, operation="sns:Publish")
    status, body = Plugged([fault]).request(FROM_FUNCTION, b"Action=Publish")
    assert (status, body[:15]) == (400, b"<ErrorResponse>")
