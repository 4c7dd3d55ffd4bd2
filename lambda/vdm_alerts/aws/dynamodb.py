"""What is remembered between runs, in one DynamoDB table.

The partition "memory" holds an item for the run and one for every alert that is not at rest, so
that one query reads all of it; the partition "lease" holds who may act, and "roster" who sends.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import BotoCoreError, ClientError

from vdm_alerts.aws.refusals import code_of, doing
from vdm_alerts.core.alerts import Alert
from vdm_alerts.core.codec import UnreadableRecord, decode, encode
from vdm_alerts.core.findings import Finding, Hindrance
from vdm_alerts.core.history import Transition
from vdm_alerts.ports import Busy, Memory

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

EXPIRES = "until"
"""The attribute by whose time, in seconds since 1970, DynamoDB removes an item: a dead lease."""

_LEASE = {"pk": "lease", "sk": "lease"}
_RUN = {"pk": "memory", "sk": "run"}
_log = logging.getLogger(__name__)


class TableStore:
    """An AlertStore."""

    def __init__(self, table: "Table") -> None:
        """Remember in *table*, whose keys are the strings "pk" and "sk"."""
        self._table = table

    @contextmanager
    def lease(self, until: datetime, now: datetime) -> Iterator[None]:
        """Hold the lease for the block; where the holder dies, it runs out *until*."""
        owner = uuid4().hex
        free = (
            Attr("pk").not_exists()
            | Attr(EXPIRES).lt(int(now.timestamp()))
            | Attr("owner").eq(owner)  # boto3 may try again what was done, if the answer was lost.
        )
        with doing("dynamodb:PutItem"):
            try:
                self._table.put_item(
                    Item={**_LEASE, "owner": owner, EXPIRES: int(until.timestamp())},
                    ConditionExpression=free,
                )
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    message = "another run is acting; this one is tried again"
                    raise Busy(message) from error
                raise
        try:
            yield
        finally:
            self._release(owner)

    def _release(self, owner: str) -> None:
        """Give the lease back; where that fails it runs out, and the run has done its work."""
        try:
            self._table.delete_item(Key=_LEASE, ConditionExpression=Attr("owner").eq(owner))
        except (ClientError, BotoCoreError) as error:
            _log.warning("the lease could not be given back, so it has to run out: %s", error)

    def load(self) -> Memory:
        """Return what the last run left; an empty memory before the first.

        Raises Hindrance where an item is of another version or damaged: nothing may be written
        over it.
        """
        with doing("dynamodb:Query"):
            items = list(partition(self._table, "memory"))
        try:
            return _memory(items)
        except (UnreadableRecord, KeyError, TypeError, ValueError) as error:
            raise Hindrance(_unreadable(self._table.name, error)) from error

    def save(self, memory: Memory, replacing: Memory, history: Sequence[Transition] = ()) -> Memory:
        """Write what in *memory* differs from what was *replacing*, the run's own item last."""
        gone = replacing.alerts.keys() - memory.alerts.keys()
        with doing("dynamodb:BatchWriteItem"), self._table.batch_writer() as batch:
            for key in gone:
                batch.delete_item(Key=_alert_key(replacing.alerts[key]))
            for key, alert in memory.alerts.items():
                if replacing.alerts.get(key) != alert:
                    batch.put_item(Item={**_alert_key(alert), "record": encode(alert)})
        run = {
            **_RUN,
            "findings": [encode(finding) for finding in memory.findings],
            "trouble_sequence": memory.trouble_sequence,
            "last_run": memory.last_run.isoformat() if memory.last_run else None,
        }
        with doing("dynamodb:PutItem"):
            self._table.put_item(Item=run)
        return memory


def partition(table: "Table", name: str) -> Iterator[Any]:
    """Yield every item of the partition *name* of *table*."""
    query: dict[str, Any] = {
        "KeyConditionExpression": Key("pk").eq(name),
        "ConsistentRead": True,
    }
    page = table.query(**query)
    yield from page["Items"]
    while last := page.get("LastEvaluatedKey"):
        page = table.query(**query, ExclusiveStartKey=last)
        yield from page["Items"]


def _memory(items: Sequence[Any]) -> Memory:
    run = next((item for item in items if item["sk"] == _RUN["sk"]), None)
    alerts = [decode(item["record"], Alert) for item in items if item is not run]
    memory = Memory(alerts={alert.key: alert for alert in alerts})
    if run is None:
        return memory
    return replace(
        memory,
        findings=[decode(record, Finding) for record in run["findings"]],
        trouble_sequence=int(run["trouble_sequence"]),
        last_run=datetime.fromisoformat(run["last_run"]) if run["last_run"] else None,
    )


def _unreadable(table: str, error: Exception) -> Finding:
    return Finding(
        about="memory",
        what=f"What was remembered cannot be read: {error!r}"[:500],
        remedy="Deploy the version of VDM Alerts that wrote it, or, to begin anew, delete the "
        f'items of the partition "memory" from the DynamoDB table {table}',
    )


def _alert_key(alert: Alert) -> dict[str, str]:
    """Return the table's key of *alert*: its rule and scope, told apart whatever they contain."""
    dimensions = {key.value: value for key, value in alert.scope.dimensions.items()}
    return {"pk": "memory", "sk": f"alert#{json.dumps([alert.rule, dimensions])}"}
