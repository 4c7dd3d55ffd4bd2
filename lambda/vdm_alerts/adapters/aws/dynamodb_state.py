"""The alert history in a DynamoDB table.

`dynamodb_items` says what the partitions look like. One more partition of each target holds its
lease, and one its sender roster.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from boto3.dynamodb.conditions import Attr, ConditionExpressionBuilder, Key
from botocore.exceptions import BotoCoreError, ClientError

from vdm_alerts.adapters.aws.codec import UnreadableRecordError
from vdm_alerts.adapters.aws.dynamodb_items import (
    EXPIRES,
    LEASE,
    RUN,
    STATE,
    UNSCOPED_STATE,
    Write,
    changes,
    pack,
    partition_key,
    run_item,
    state_from_items,
)
from vdm_alerts.adapters.aws.errors import codes_of, translate_errors
from vdm_alerts.core.alerts.history import Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.errors import LeaseHeldError, StaleStateError
from vdm_alerts.core.model.findings import Finding, OperationFailedError
from vdm_alerts.core.model.target import Target

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

MAX_WRITES = 99
"""Writes in a transaction, beside that of the run's own item: it holds 100 items.

It holds 4 MB, too: 40 kB for each of them, of which the largest, a rule, takes 8.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

_FAILED = {"ConditionalCheckFailedException", "ConditionalCheckFailed"}
"""A condition that does not hold, as DynamoDB says it of one item and of one in a transaction."""
_log = logging.getLogger(__name__)


class DynamoDbState:
    """An AlertStore."""

    def __init__(self, table: "Table") -> None:
        """Remember in *table*, whose keys are the strings "pk" and "sk"."""
        self._table = table

    @contextmanager
    def lease(self, target: Target, until: datetime, now: datetime) -> Iterator[None]:
        """Hold the lease for the block; where the holder dies, it runs out *until*."""
        owner, key = uuid4().hex, _lease_key(target)
        free = (
            Attr("pk").not_exists()
            | Attr(EXPIRES).lt(int(now.timestamp()))
            | Attr("owner").eq(owner)  # boto3 may try again what was done, if the answer was lost.
        )
        with translate_errors("dynamodb:PutItem"):
            try:
                self._table.put_item(
                    Item={**key, "owner": owner, EXPIRES: int(until.timestamp())},
                    ConditionExpression=free,
                )
            except ClientError as error:
                if codes_of(error) & _FAILED:
                    message = "another run is acting; this one is tried again"
                    raise LeaseHeldError(message) from error
                raise
        try:
            yield
        finally:
            self._release(key, owner)

    def _release(self, key: dict[str, str], owner: str) -> None:
        """Give the lease back; where that fails it runs out, and the run has done its work."""
        try:
            self._table.delete_item(Key=key, ConditionExpression=Attr("owner").eq(owner))
        except (ClientError, BotoCoreError) as error:
            _log.warning("the lease could not be given back, so it has to run out: %s", error)

    def load(self, target: Target) -> StoredState:
        """Return what the last run of *target* stored; an empty state before the first.

        Raises Hindrance if an item is of another version or damaged: nothing may be written over
        it.
        """
        items = self._items(partition_key(STATE, target))
        if not any(item["sk"] == RUN for item in items):
            items = self._take_over(target) or items
        try:
            return state_from_items(items)
        except (UnreadableRecordError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise OperationFailedError(_unreadable(self._table.name, target, error)) from error

    def _items(self, key: str) -> list[Any]:
        with translate_errors("dynamodb:Query"):
            # The run's item is the last, and its version has to be no newer than what else is read.
            return list(partition(self._table, key, backwards=True))

    def _take_over(self, target: Target) -> list[Any]:
        """Move the state of a table from before each target had its own to *target*.

        Returns the items that were moved, none if there is no such table.

        The run's item comes last, in one transaction with the deletion of the old one: until then
        the old partition is in effect, and from then on the new one. A run of the earlier version
        that is still going on has its save rejected by that.
        """
        old = self._items(UNSCOPED_STATE)
        run = next((item for item in old if item["sk"] == RUN), None)
        if run is None:
            return []
        key = partition_key(STATE, target)
        stale = self._items(key)  # A move that was interrupted has left these.
        with translate_errors("dynamodb:BatchWriteItem"), self._table.batch_writer() as batch:
            for item in stale:
                batch.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
        moved = [{**item, "pk": key} for item in old]
        with translate_errors("dynamodb:BatchWriteItem"), self._table.batch_writer() as batch:
            for item in moved:
                if item["sk"] != RUN:
                    batch.put_item(Item=item)
        self._move_run_item(run, key)
        with translate_errors("dynamodb:BatchWriteItem"), self._table.batch_writer() as batch:
            for item in old:
                if item["sk"] != RUN:
                    batch.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
        return moved

    def _move_run_item(self, run: Any, key: str) -> None:  # noqa: ANN401 - an item of the table
        version = run.get("version")
        unchanged = Attr("version").not_exists() if version is None else Attr("version").eq(version)
        condition = ConditionExpressionBuilder().build_expression(unchanged)
        delete: Any = {
            "TableName": self._table.name,
            "Key": {"pk": run["pk"], "sk": run["sk"]},
            "ConditionExpression": condition.condition_expression,
            "ExpressionAttributeNames": condition.attribute_name_placeholders,
        }
        if condition.attribute_value_placeholders:  # DynamoDB rejects an empty map.
            delete["ExpressionAttributeValues"] = condition.attribute_value_placeholders
        put: Any = {"TableName": self._table.name, "Item": {**run, "pk": key}}
        with translate_errors("dynamodb:TransactWriteItems"), _fenced():
            self._table.meta.client.transact_write_items(
                TransactItems=[{"Put": put}, {"Delete": delete}], ClientRequestToken=uuid4().hex
            )

    def save(
        self,
        target: Target,
        memory: StoredState,
        replacing: StoredState,
        history: Sequence[Transition] = (),
    ) -> StoredState:
        """Write what differs, the run's own attributes with the last of it.

        It takes as many transactions as it needs, each of which follows on the one before it.
        """
        *earlier, last = pack(changes(target, memory, replacing, history), MAX_WRITES)
        for writes in earlier:
            replacing = self._write(target, replacing, writes, replacing.version)
        return self._write(target, memory, last, replacing.version)

    def _write(
        self, target: Target, memory: StoredState, writes: Sequence[Write], version: int
    ) -> StoredState:
        """Do *writes* and put the run's item of *memory*, all or nothing; return it as it is now.

        Raises Superseded where the item that is there is not of *version*.
        """
        memory = replace(memory, version=version + 1)
        token = uuid4().hex
        same = Attr("version").eq(version) if version else Attr("version").not_exists()
        # boto3 may try again what was done, if the answer was lost: that is known by its token.
        condition = ConditionExpressionBuilder().build_expression(same | Attr("token").eq(token))
        put: Any = {
            "TableName": self._table.name,
            "Item": {**run_item(target, memory), "token": token},
            "ConditionExpression": condition.condition_expression,
            "ExpressionAttributeNames": condition.attribute_name_placeholders,
            "ExpressionAttributeValues": condition.attribute_value_placeholders,
        }
        client = self._table.meta.client
        if not writes:  # Outside of a transaction a unit costs half.
            with translate_errors("dynamodb:PutItem"), _fenced():
                client.put_item(**put)
            return memory
        actions: Any = [{do: {"TableName": self._table.name, **what}} for do, what in writes]
        with translate_errors("dynamodb:TransactWriteItems"), _fenced():
            client.transact_write_items(
                TransactItems=[{"Put": put}, *actions], ClientRequestToken=token
            )
        return memory


@contextmanager
def _fenced() -> Iterator[None]:
    """Raise Superseded where the block finds another version than the one that it replaces."""
    try:
        yield
    except ClientError as error:
        if codes_of(error) & _FAILED:
            message = "another run has saved since this one loaded; this one is tried again"
            raise StaleStateError(message) from error
        raise


def _lease_key(target: Target) -> dict[str, str]:
    return {"pk": partition_key(LEASE, target), "sk": "lease"}


def partition(table: "Table", name: str, *, backwards: bool = False) -> Iterator[Any]:
    """Yield every item of the partition *name* of *table*, by its key."""
    query: dict[str, Any] = {
        "KeyConditionExpression": Key("pk").eq(name),
        "ConsistentRead": True,
        "ScanIndexForward": not backwards,
    }
    page = table.query(**query)
    yield from page["Items"]
    while last := page.get("LastEvaluatedKey"):
        page = table.query(**query, ExclusiveStartKey=last)
        yield from page["Items"]


def _unreadable(table: str, target: Target, error: Exception) -> Finding:
    return Finding(
        key="memory",
        what=f"What was remembered cannot be read: {error!r}"[:500],
        remedy="Deploy the version of VDM Alerts that wrote it, or, to begin anew, delete the "
        f'items of the partition "{partition_key(STATE, target)}" from the DynamoDB table {table}',
    )
