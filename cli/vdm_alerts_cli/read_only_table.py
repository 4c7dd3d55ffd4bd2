"""A DynamoDB table that can be read, but not changed."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from vdm_alerts_cli.connection import Connection

_READS = frozenset({"BatchGetItem", "DescribeTable", "GetItem", "Query", "Scan"})
_WRITTEN: Mapping[str, Any] = {"UnprocessedItems": {}, "ResponseMetadata": {"HTTPStatusCode": 200}}
"""The response to a write that was not sent."""


def read_only_table(connection: Connection, name: str) -> Any:  # noqa: ANN401 - a boto3 resource
    """Return the table *name*, whose writes are not sent, although they seem to succeed.

    Loading state of an earlier version moves items, and loading damaged state repairs them. That is
    for the function, in its next run: a command that asks a question stores nothing.
    """
    table = connection.dynamodb.Table(name)
    table.meta.client.meta.events.register(
        "before-call.dynamodb", _answer_write, unique_id="vdm-alerts-read-only"
    )
    return table


def _answer_write(model: Any, **_: object) -> tuple[Any, Mapping[str, Any]] | None:  # noqa: ANN401
    """Return a response in place of a write; None lets botocore send a read."""
    if model.name in _READS:
        return None
    return SimpleNamespace(status_code=200), _WRITTEN
