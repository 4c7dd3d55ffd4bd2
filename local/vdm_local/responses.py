"""HTTP responses of the local SES, and how they are transmitted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Transmission(Enum):
    """How much of a response is sent before the connection is closed."""

    WHOLE = "whole"
    HALF = "half"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response.

    Only a server that owns the connection can apply *delay_s* and *transmission*.
    """

    status: int
    body: Mapping[str, Any]
    error: str | None = None
    """The name of the SES error, if the response is one."""
    corrupted_body: bytes | None = None
    """What is sent instead of *body*."""
    delay_s: float = 0
    """Seconds before the response is sent."""
    transmission: Transmission = Transmission.WHOLE

    @property
    def headers(self) -> Mapping[str, str]:
        """The content type, and the header by which SDKs recognize an error."""
        headers = {"Content-Type": "application/json"}
        return headers | {"x-amzn-errortype": self.error} if self.error else headers

    @property
    def payload(self) -> bytes:
        """The bytes that are sent."""
        return (
            json.dumps(self.body).encode() if self.corrupted_body is None else self.corrupted_body
        )


class SesError(Exception):
    """A request that SES answers with an error."""

    def __init__(self, message: str, error: str = "BadRequestException", status: int = 400) -> None:
        super().__init__(message)
        self.response = Response(status, {"message": message}, error)
