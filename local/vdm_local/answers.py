"""Answers as they go over the wire, and how they get there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Delivery(Enum):
    """How much of an answer reaches the client before the connection is closed."""

    WHOLE = "whole"
    HALF = "half"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: the status, the JSON body, and SES's name for an error.

    What is *garbled* goes over the wire in place of the body. How late the answer comes, in
    seconds, and how much of it, is for a server to play that has the connection in its hands.
    """

    status: int
    body: Mapping[str, Any]
    error: str | None = None
    garbled: bytes | None = None
    late: float = 0
    delivery: Delivery = Delivery.WHOLE

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by which the SDKs tell one error from another."""
        kind = {"Content-Type": "application/json"}
        return kind | {"x-amzn-errortype": self.error} if self.error else kind

    @property
    def payload(self) -> bytes:
        """The body as it goes over the wire."""
        return json.dumps(self.body).encode() if self.garbled is None else self.garbled


class Refused(Exception):
    """SES would refuse the request with this answer."""

    def __init__(self, message: str, error: str = "BadRequestException", status: int = 400) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"message": message}, error)
