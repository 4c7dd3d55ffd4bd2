"""The functions that run in ministack, and the requests that they send."""

from dataclasses import dataclass
from typing import Any

from vdm_local.fault_plug import Event


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions that run in the local AWS, and the requests that they send."""

    gateway: Any
    iam_actions: Any
    lambda_runtime: Any
    sts: Any

    def process_of(self, request: Event) -> Any:
        """Return the process of the function that sends *request*, or None for other clients.

        The function may have assumed a role to send it.
        """
        key = self.gateway.extract_access_key_id(_headers(request), {})
        while key and (process := self.process_with_key(key)) is None:
            key = self.sts._sessions.get(key, {}).get("SourceAccessKeyId")
        return process if key else None

    def process_with_key(self, access_key: str) -> Any:
        """Return the process that runs a function with *access_key*, or None."""
        for workers in self.lambda_runtime._workers.values():
            for worker in workers:
                keys = self.lambda_runtime.execution_credentials(worker.config)
                if worker.in_use and keys["AWS_ACCESS_KEY_ID"] == access_key:
                    return worker._proc
        return None

    def operation_of(self, request: Event, body: bytes) -> str:
        """Return the operation that *request* calls, as IAM names its action."""
        method, path, headers = request["method"], request["path"], _headers(request)
        parameters = self.gateway._routing_params(method, path, headers, body, {})
        service = self.gateway.detect_service(method, path, headers, parameters)
        return str(
            self.iam_actions.extract_iam_action(service, method, path, headers, body, parameters)
        )


def _headers(request: Event) -> dict[str, str]:
    return {name.decode().lower(): value.decode() for name, value in request["headers"]}
