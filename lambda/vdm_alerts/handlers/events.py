"""The events that the functions accept."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.rules.quoting import quote

WEEKLY_SUMMARY = "weeklySummary"
"""The key of an event that requests a weekly summary."""
TEST_ALERT = "testAlert"
"""The key of an event that requests a test notification, and nothing else."""
TARGET = "target"
"""The key of an event of a fleet, whose state machine invokes the evaluator for each target."""
EARLIEST_NOW = datetime(2000, 1, 1, tzinfo=UTC)
"""The earliest "now" in an event: long before VDM, and long after the first date of Python."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""The time by which "now" in an event may be ahead of the function's clock."""
_EXECUTION_NAME = re.compile(r"[\w.+!@()='-]{1,80}", re.ASCII)
"""The names of executions that the keys of files can contain as they are.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""
START_THE_STATE_MACHINE = "Fix: start the state machine instead of the function."
"""What to do about an event that only the state machine of a fleet sends."""


class InvalidEventError(VdmAlertsError):
    """The event of an invocation is not a JSON object, or has an invalid value."""


def check_type(event: object) -> None:
    """Raise InvalidEventError if *event*, for which Lambda accepts any JSON, is not an object."""
    if not isinstance(event, dict):
        raise InvalidEventError(
            f"event: {quote(event)} is not a JSON object. Use a JSON object, for example {{}}."
        )


def flag(event: Mapping[str, Any], key: str) -> bool:
    """Return whether *key* is true in *event*. Raises InvalidEventError."""
    value = event.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    message = f"{key}: {quote(value)} is not a Boolean. Use true or false."
    raise InvalidEventError(message)


def time_of(event: Mapping[str, Any], wall_clock: datetime) -> datetime:
    """Return the time in *event*, or *wall_clock* without it. Raises InvalidEventError."""
    text = event.get("now")
    if text is None:
        return wall_clock
    now = timestamp(text)
    if now is None or now < EARLIEST_NOW:
        message = (
            f"now: {quote(text)} is not a timestamp with an offset. Use a form like "
            f'"2026-03-09T09:00:00Z", not before {EARLIEST_NOW:%Y-%m-%d}.'
        )
        raise InvalidEventError(message)
    if now > wall_clock + CLOCK_TOLERANCE:
        message = (
            f"now: {text} is in the future. Use the current time or an earlier one. After this "
            "run, every run for an earlier time would fail."
        )
        raise InvalidEventError(message)
    return now.astimezone(UTC)


def timestamp(text: object) -> datetime | None:
    """Return the time of *text*, in ISO 8601 with an offset; None if it is something else."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def execution_of(event: Mapping[str, Any]) -> str:
    """Return the name of the execution of a fleet that *event* is of. Raises InvalidEventError."""
    name = event.get("execution")
    if isinstance(name, str) and _EXECUTION_NAME.fullmatch(name):
        return name
    raise InvalidEventError(
        f"execution: {quote(name)} is not a name for an execution. Use 1 to 80 ASCII letters, "
        "digits or characters of _.+!@()='-"
    )


def start_of(event: Mapping[str, Any], wall_clock: datetime) -> datetime:
    """Return when the execution that *event* is of started. Raises InvalidEventError."""
    started = timestamp(event.get("started"))
    if started and EARLIEST_NOW <= started <= wall_clock + CLOCK_TOLERANCE:
        return started
    raise InvalidEventError(
        f"started: {quote(event.get('started'))} is not a past time with an offset. "
        f"{START_THE_STATE_MACHINE}"
    )


def input_of(event: Mapping[str, Any], wall_clock: datetime) -> Mapping[str, Any]:
    """Return the input of the execution that *event* is of.

    Raises InvalidEventError if its "now" or "weeklySummary" is invalid, too. So an execution fails
    in its first step, and not in the evaluation of each target.
    """
    cause = event.get("event")
    if not isinstance(cause, dict):
        raise InvalidEventError(
            f"event: {quote(cause)} is not a JSON object. Start the state machine with a JSON "
            "object as its input, for example {}."
        )
    flag(cause, WEEKLY_SUMMARY)
    time_of(cause, wall_clock)
    return cause
