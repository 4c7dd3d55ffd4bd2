"""The alert history in a DynamoDB table.

`dynamodb_items` defines the partitions of the state and of the history. Each target has two more
partitions: for its lease and for its sender roster.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from boto3.dynamodb.conditions import (
    Attr,
    ConditionBase,
    ConditionExpressionBuilder,
    Key,
)
from botocore.exceptions import BotoCoreError, ClientError

from vdm_alerts.adapters.aws.codec import LaterSchemaError
from vdm_alerts.adapters.aws.dynamodb_history import (
    MAX_TRANSITIONS,
    WITHOUT_EVIDENCE,
    recent_transitions,
)
from vdm_alerts.adapters.aws.dynamodb_items import (
    EXPIRES,
    HISTORY,
    LEASE,
    MAX_LEASE,
    MAX_WRITES,
    RUN,
    STATE,
    UNSCOPED_STATE,
    Write,
    is_weekly_request,
    partition_key,
    run_item,
    save_in_transactions,
    weekly_request_item,
)
from vdm_alerts.adapters.aws.dynamodb_reading import (
    items_of_incidents,
    repaired_run_item,
    state_from_items,
    unreadable_history,
)
from vdm_alerts.adapters.aws.errors import codes_of, translate_errors
from vdm_alerts.adapters.aws.time_limit import requests_end_by
from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.core.alerts.history import RecentTransitions, Transition
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.errors import LeaseHeldError, StaleStateError
from vdm_alerts.core.model.findings import OperationFailedError, UnavailableError
from vdm_alerts.core.model.target import Target

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


QUERY_TIME = timedelta(minutes=1)
"""How long the pages of one partition may take together: a state of 1 MB takes less than 1 s."""
HISTORY_TIME = timedelta(seconds=20)
"""How long the transitions of a week may take. Without them, a weekly summary is sent, too."""
_CONDITION_FAILED = {"ConditionalCheckFailedException", "ConditionalCheckFailed"}
"""The error codes of a failed condition: of a single write, and of a write in a transaction."""
_log = logging.getLogger(__name__)


class DynamoDbState:
    """A StateStore on DynamoDB."""

    def __init__(self, table: "Table") -> None:
        """Store states in *table*, whose keys are the strings "pk" and "sk"."""
        self._table = table

    @contextmanager
    def lease(
        self, target: Target, until: datetime, now: datetime, owner: str | None = None
    ) -> Iterator[None]:
        """Hold the lease for the block. If the run dies, the lease expires at *until*.

        A damaged lease is replaced: it has no end, or one later than `MAX_LEASE` from *now*.
        """
        owner, key = owner or uuid4().hex, _lease_key(target)
        free = (
            Attr(EXPIRES).not_exists()  # Also if there is no item.
            | ~Attr(EXPIRES).attribute_type("N")
            | Attr(EXPIRES).lt(int(now.timestamp()))
            | Attr(EXPIRES).gt(int((now + MAX_LEASE).timestamp()))
            # boto3 retries a successful put if its response was lost, and Lambda a run that died.
            | Attr("owner").eq(owner)
        )
        with translate_errors("dynamodb:PutItem"):
            try:
                replaced = self._table.put_item(
                    Item={**key, "owner": owner, EXPIRES: int(until.timestamp())},
                    ConditionExpression=free,
                    ReturnValues="ALL_OLD",
                )
            except ClientError as error:
                if codes_of(error) & _CONDITION_FAILED:
                    raise LeaseHeldError("another run is active") from error
                raise
        if "Attributes" in replaced and _is_damaged(replaced["Attributes"].get(EXPIRES), now):
            _log.warning("damaged lease replaced: %s", replaced["Attributes"])
        try:
            yield
        finally:
            self._release(key, owner)

    def request_run(self, target: Target) -> None:
        """Request a run of *target*, by an item beside the lease."""
        with translate_errors("dynamodb:PutItem"):
            self._table.put_item(Item=_request_key(target))

    def take_request(self, target: Target) -> bool:
        """Return whether a run of *target* was requested, and delete the request."""
        with translate_errors("dynamodb:DeleteItem"):
            deleted = self._table.delete_item(Key=_request_key(target), ReturnValues="ALL_OLD")
        return "Attributes" in deleted

    def request_summary(self, target: Target, day: date) -> None:
        """Request a weekly summary, by an item of the state that no version protects."""
        with translate_errors("dynamodb:PutItem"):
            self._table.put_item(Item=weekly_request_item(target, day))

    def transitions_since(
        self, target: Target, since: datetime, *, with_evidence: bool = False
    ) -> RecentTransitions:
        """Return the latest transitions, at most `MAX_TRANSITIONS`."""
        condition = Key("pk").eq(partition_key(HISTORY, target)) & Key("sk").gte(since.isoformat())
        deadline = MonotonicDeadline(HISTORY_TIME)
        with (
            translate_errors("dynamodb:Query"),
            requests_end_by(self._table.meta.client, deadline),
        ):
            attributes = () if with_evidence else WITHOUT_EVIDENCE
            pages = _query_pages(self._table, condition, backwards=True, attributes=attributes)
            return recent_transitions(list(islice(pages, MAX_TRANSITIONS + 1)))

    def _release(self, key: dict[str, str], owner: str) -> None:
        """Release the lease. An error is only logged, because the lease expires anyway."""
        try:
            self._table.delete_item(Key=key, ConditionExpression=Attr("owner").eq(owner))
        except (ClientError, BotoCoreError) as error:
            _log.warning("lease not released, so the next run waits until it expires: %s", error)

    def load(self, target: Target) -> StoredState:
        """Return the state that the last run of *target* stored; an empty state before the first.

        A damaged item is a finding of the state. Raises OperationFailedError if an item is of a
        later schema, so that the run does not overwrite it.
        """
        items = self._items(partition_key(STATE, target))
        if not any(item["sk"] == RUN for item in items):
            items = self._moved_items(target) or items
        items = self._with_incidents(items)
        try:
            state = state_from_items(items)
        except LaterSchemaError as error:
            raise OperationFailedError(
                unreadable_history(self._table.name, target, error)
            ) from error
        for item in items:
            if item["sk"] == RUN and (repaired := repaired_run_item(item, state)):
                self._replace_run_item(item, repaired)
        return state

    def _with_incidents(self, items: list[Any]) -> list[Any]:
        """Return *items* with the items of incidents that an earlier schema kept in the run item.

        These items are written at once, because the next save removes them from the run item. If
        that save fails, they are written again.
        """
        run = next((item for item in items if item["sk"] == RUN), None)
        incidents = items_of_incidents(run) if run and "numbers" in run else []
        with translate_errors("dynamodb:BatchWriteItem"), self._table.batch_writer() as batch:
            for item in incidents:
                batch.put_item(Item=item)
        return [*items, *incidents]

    def _replace_run_item(self, run: Any, repaired: Any) -> None:  # noqa: ANN401 - items of the table
        """Put *repaired* in place of *run*, whose damaged version no save could require."""
        with translate_errors("dynamodb:PutItem"), _stale_if_condition_fails():
            self._table.put_item(
                Item=repaired,
                ConditionExpression=Attr("version").eq(run["version"]),
            )

    def _items(self, key: str) -> list[Any]:
        with translate_errors("dynamodb:Query"):
            # Backwards, the run item comes first: its version is never newer than the other items.
            return query_partition(self._table, key, backwards=True)

    def _moved_items(self, target: Target) -> list[Any]:
        """Move the state of an older table to the partition of *target*, and return its items.

        Return no items if there is no state to move.

        The run item moves last, in one transaction that also deletes the old run item. Until then
        the old partition is in effect, and afterwards the new partition. If a run of the older
        version is still active, DynamoDB rejects its save after the move.
        """
        old = self._items(UNSCOPED_STATE)
        run = next((item for item in old if item["sk"] == RUN), None)
        if run is None:
            return []
        key = partition_key(STATE, target)
        # An interrupted move left these.
        leftovers = [item for item in self._items(key) if not is_weekly_request(item)]
        with translate_errors("dynamodb:BatchWriteItem"), self._table.batch_writer() as batch:
            for item in leftovers:
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
        """Move the *run* item to the partition *key*, unless another run has saved it since."""
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
        with translate_errors("dynamodb:TransactWriteItems"), _stale_if_condition_fails():
            self._table.meta.client.transact_write_items(
                TransactItems=[{"Put": put}, {"Delete": delete}], ClientRequestToken=uuid4().hex
            )

    def save(
        self,
        target: Target,
        state: StoredState,
        replacing: StoredState,
        transitions: Sequence[Transition] = (),
    ) -> StoredState:
        """Write the items that differ, and *transitions*, in as few transactions as possible.

        `save_in_transactions` says in which order the transactions are done.
        """
        return save_in_transactions(self._write, target, state, replacing, transitions, MAX_WRITES)

    def _write(
        self, target: Target, state: StoredState, writes: Sequence[Write], version: int
    ) -> StoredState:
        """Do *writes* and put the run item of *state*, all or nothing.

        Return *state* with its new version. Raises StaleStateError if the stored run item has
        another version than *version*; 0 means that there is no item.
        """
        saved = replace(state, version=version + 1)
        token = uuid4().hex
        unchanged = Attr("version").eq(version) if version else Attr("version").not_exists()
        # boto3 retries a successful write if its response was lost. The token identifies it.
        condition = ConditionExpressionBuilder().build_expression(
            unchanged | Attr("token").eq(token)
        )
        put: Any = {
            "TableName": self._table.name,
            "Item": {**run_item(target, saved), "token": token},
            "ConditionExpression": condition.condition_expression,
            "ExpressionAttributeNames": condition.attribute_name_placeholders,
            "ExpressionAttributeValues": condition.attribute_value_placeholders,
        }
        client = self._table.meta.client
        if not writes:  # Outside a transaction, a write costs half as much.
            with translate_errors("dynamodb:PutItem"), _stale_if_condition_fails():
                client.put_item(**put)
            return saved
        actions: Any = [
            {action: {"TableName": self._table.name, **request}} for action, request in writes
        ]
        with translate_errors("dynamodb:TransactWriteItems"), _stale_if_condition_fails():
            client.transact_write_items(
                TransactItems=[{"Put": put}, *actions], ClientRequestToken=token
            )
        return saved


def query_partition(table: "Table", name: str, *, backwards: bool = False) -> list[Any]:
    """Return every item of the partition *name* of *table*, in the order of the sort key.

    *backwards* reverses the order. Each page is read consistently. Raises UnavailableError if the
    pages do not advance, and a botocore error if they do not end within `QUERY_TIME`.
    """
    with requests_end_by(table.meta.client, MonotonicDeadline(QUERY_TIME)):
        return list(_query_pages(table, Key("pk").eq(name), backwards=backwards))


def _query_pages(
    table: "Table", condition: ConditionBase, *, backwards: bool, attributes: Sequence[str] = ()
) -> Iterator[Any]:
    """Yield the items that meet *condition*, with *attributes* only if there are any."""
    query: dict[str, Any] = {
        "KeyConditionExpression": condition,
        "ConsistentRead": True,
        "ScanIndexForward": not backwards,
    }
    if attributes:  # Names such as "before" and "scope" might be reserved words of DynamoDB.
        names = {f"#{number}": name for number, name in enumerate(attributes)}
        query["ProjectionExpression"] = ", ".join(names)
        query["ExpressionAttributeNames"] = names
    page = table.query(**query)
    yield from page["Items"]
    keys: set[Any] = set()
    while last := page.get("LastEvaluatedKey"):
        if not page["Items"] or last["sk"] in keys:
            raise UnavailableError("dynamodb:Query", "its pages do not advance")
        keys.add(last["sk"])
        page = table.query(**query, ExclusiveStartKey=last)
        yield from page["Items"]


@contextmanager
def _stale_if_condition_fails() -> Iterator[None]:
    """Raise StaleStateError if the block fails because another run has saved a newer version."""
    try:
        yield
    except ClientError as error:
        if codes_of(error) & _CONDITION_FAILED:
            message = "another run saved its state during this run, so Lambda retries this run"
            raise StaleStateError(message) from error
        raise


def _is_damaged(expires: object, now: datetime) -> bool:
    """Return whether *expires*, of a lease that was free at *now*, is no time of expiry."""
    return not isinstance(expires, Decimal) or expires > int((now + MAX_LEASE).timestamp())


def _lease_key(target: Target) -> dict[str, str]:
    return {"pk": partition_key(LEASE, target), "sk": "lease"}


def _request_key(target: Target) -> dict[str, str]:
    return {"pk": partition_key(LEASE, target), "sk": "request"}
