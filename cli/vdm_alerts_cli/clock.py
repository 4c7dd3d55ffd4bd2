"""The time at which a command looks at an account."""

import os
from datetime import UTC, datetime

from vdm_alerts.core.rules.quoting import quote
from vdm_alerts_cli.errors import InvalidInputError

VARIABLE = "VDM_ALERTS_NOW"
"""An environment variable with the current time of a local AWS, in which time stands still.

`demo --keep` sets it. Without it, the current time is that of this machine.
"""


MIN_YEAR, MAX_YEAR = 2000, 9998
"""The first and the last year of a time. Other years have times that no time zone has."""


def current_time() -> datetime:
    """Return the current time, in UTC. Raises InvalidInputError."""
    text = os.environ.get(VARIABLE)
    return parse_time(text, VARIABLE) if text else datetime.now(UTC)


def parse_time(text: str, where: str) -> datetime:
    """Return the time in *text*, an ISO 8601 timestamp with an offset, in UTC.

    Raises InvalidInputError, which names *where* the text stands.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or not MIN_YEAR <= time.year <= MAX_YEAR:
        raise InvalidInputError(
            f"{where}: {quote(text)} is not a time with an offset. Use a form like "
            '"2026-03-12T09:00:00Z".'
        )
    return time.astimezone(UTC)
