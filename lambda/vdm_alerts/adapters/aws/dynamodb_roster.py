"""The sender roster in the DynamoDB table, in as many parts as its size needs."""

import hashlib
import logging
import zlib
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vdm_alerts.adapters.aws.codec import UnreadableRecordError, roster_from_json, roster_json
from vdm_alerts.adapters.aws.dynamodb_items import ROSTER, UNSCOPED_ROSTER, partition_key
from vdm_alerts.adapters.aws.dynamodb_state import query_partition
from vdm_alerts.adapters.aws.errors import translate_errors
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.roster import SenderRoster

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PART_SIZE = 350_000
"""Maximum bytes in a part. An item holds at most 400 KB, including its attribute names.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

_UNREADABLE = (
    UnreadableRecordError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)
"""The errors of reading a damaged roster."""
_log = logging.getLogger(__name__)


class DynamoDbRoster:
    """A RosterStore on DynamoDB.

    Each target has a partition. It holds the roster as compressed JSON, split into items. Every
    save gives its items an ID of their own, the attribute "whole".
    """

    def __init__(self, table: "Table") -> None:
        """Store rosters in *table*, whose keys are the strings "pk" and "sk"."""
        self._table = table

    def load(self, target: Target) -> SenderRoster:
        """Return the roster; an empty roster if none is stored or it is unreadable.

        An empty roster only costs queries.
        """
        with translate_errors("dynamodb:Query"):
            items = query_partition(self._table, partition_key(ROSTER, target))
            if not items:  # An older table has one roster for all targets.
                items = query_partition(self._table, UNSCOPED_ROSTER)
        if not items:
            return SenderRoster()
        try:
            return roster_from_json(zlib.decompress(_joined(items)).decode())
        except _UNREADABLE as error:
            _log.warning("sender roster unreadable, so this run creates a new one: %s", error)
            return SenderRoster()

    def save(self, target: Target, roster: SenderRoster) -> None:
        """Store the whole *roster*, because every run changes it."""
        compression = zlib.compressobj()
        packed = b"".join(compression.compress(part.encode()) for part in roster_json(roster))
        packed += compression.flush()
        parts = [packed[start : start + PART_SIZE] for start in range(0, len(packed), PART_SIZE)]
        save_id, checksum = uuid4().hex, hashlib.sha256(packed).hexdigest()
        with translate_errors("dynamodb:BatchWriteItem"), self._table.batch_writer() as batch:
            for number, part in enumerate(parts):
                batch.put_item(
                    Item={
                        "pk": partition_key(ROSTER, target),
                        "sk": f"part#{number:04}",
                        "whole": save_id,
                        "parts": len(parts),
                        "checksum": checksum,
                        "packed": part,
                    }
                )


def _joined(items: list[Any]) -> bytes:
    """Return the bytes of the roster whose parts are in *items*.

    Parts with another ID than the first part are ignored: an earlier, longer roster left them.
    Raises ValueError if an interrupted save left parts of two rosters, or if a part is damaged.
    """
    save_id = items[0]["whole"]
    parts = [item for item in items if item["whole"] == save_id]
    if len(parts) != items[0]["parts"]:
        message = f"{len(parts)} of its {items[0]['parts']} parts exist"
        raise ValueError(message)
    packed = b"".join(bytes(part["packed"]) for part in parts)
    checksum = hashlib.sha256(packed).hexdigest()
    if items[0].get("checksum", checksum) != checksum:  # An older version stored none.
        message = "its checksum differs"
        raise ValueError(message)
    return packed
