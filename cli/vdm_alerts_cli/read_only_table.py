"""A DynamoDB table that can be read, but not changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class ReadOnlyTable:
    """The table of a deployment, for commands that store nothing.

    Loading state of an earlier version, or damaged state, repairs items in the table. The function
    does so in its next run. Here, a write does nothing.
    """

    def __init__(self, table: Any) -> None:  # noqa: ANN401 - a boto3 resource
        """Read from the boto3 resource *table*."""
        self._table = table
        self.name: str = table.name
        self.meta: Any = table.meta

    def query(self, **request: Any) -> Any:  # noqa: ANN401 - as boto3
        """Return the response of the table."""
        return self._table.query(**request)

    def get_item(self, **request: Any) -> Any:  # noqa: ANN401 - as boto3
        """Return the response of the table."""
        return self._table.get_item(**request)

    def put_item(self, **_: Any) -> None:  # noqa: ANN401 - as boto3
        """Do nothing."""

    @contextmanager
    def batch_writer(self) -> Iterator["_NoWriter"]:
        """Yield a writer that does nothing."""
        yield _NoWriter()


class _NoWriter:
    """A batch writer that writes nothing."""

    def put_item(self, **_: Any) -> None:  # noqa: ANN401 - as boto3
        """Do nothing."""

    def delete_item(self, **_: Any) -> None:  # noqa: ANN401 - as boto3
        """Do nothing."""
