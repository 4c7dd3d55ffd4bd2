"""The roster, kept in the table in as many parts as it needs."""

import json
import logging
import zlib
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vdm_alerts.adapters.aws.codec import UnreadableRecordError, decode_roster, encode_roster
from vdm_alerts.adapters.aws.dynamodb_items import ROSTER, UNSCOPED_ROSTER, partition_key
from vdm_alerts.adapters.aws.dynamodb_state import partition
from vdm_alerts.adapters.aws.errors import translate_errors
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.roster import SenderRoster

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PART_SIZE = 350_000
"""Bytes in a part: an item of DynamoDB's holds 400 KB, its names included.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

_log = logging.getLogger(__name__)


class DynamoDbRoster:
    """A RosterStore: a partition of each target, compressed, cut in parts that name their whole."""

    def __init__(self, table: "Table") -> None:
        """Keep it in *table*, whose keys are the strings "pk" and "sk"."""
        self._table = table

    def load(self, target: Target) -> SenderRoster:
        """Return the roster; an empty one, which only costs queries, where it cannot be read."""
        with translate_errors("dynamodb:Query"):
            items = list(partition(self._table, partition_key(ROSTER, target)))
            if not items:  # A table from before each target had its own.
                items = list(partition(self._table, UNSCOPED_ROSTER))
        if not items:
            return SenderRoster()
        try:
            return decode_roster(json.loads(zlib.decompress(_whole(items))))
        except (UnreadableRecordError, KeyError, TypeError, ValueError, zlib.error) as error:
            _log.warning("the roster cannot be read, and is made anew: %s", error)
            return SenderRoster()

    def save(self, target: Target, roster: SenderRoster) -> None:
        """Write *roster* whole: there is not a run that leaves it as it was."""
        plain = json.dumps(encode_roster(roster), separators=(",", ":"))
        packed = zlib.compress(plain.encode())
        parts = [packed[start : start + PART_SIZE] for start in range(0, len(packed), PART_SIZE)]
        whole = uuid4().hex
        with translate_errors("dynamodb:BatchWriteItem"), self._table.batch_writer() as batch:
            for number, part in enumerate(parts):
                batch.put_item(
                    Item={
                        "pk": partition_key(ROSTER, target),
                        "sk": f"part#{number:04}",
                        "whole": whole,
                        "parts": len(parts),
                        "packed": part,
                    }
                )


def _whole(items: list[Any]) -> bytes:
    """Return the bytes of which *items* are the parts.

    Parts that an earlier, longer roster left behind name another whole. Raises ValueError where a
    save that was broken off has left some of each.
    """
    first = items[0]
    parts = [item for item in items if item["whole"] == first["whole"]]
    if len(parts) != first["parts"]:
        message = f"{len(parts)} of its {first['parts']} parts are there"
        raise ValueError(message)
    return b"".join(bytes(part["packed"]) for part in parts)
