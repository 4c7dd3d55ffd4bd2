"""Where Lambda comes in: an event becomes a run, and the run's figures the answer."""

import json
import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vdm_alerts.app.evaluate import Lease, run
from vdm_alerts.bootstrap import wire
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.naming import masked
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.ports import Ports
from vdm_alerts.settings import VARIABLES, Settings, read_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

GRACE = timedelta(seconds=10)
"""How long a lease outlives the function's time-out, so that no two runs ever overlap."""

LEEWAY = timedelta(minutes=5)
"""How far a clock elsewhere may be ahead of ours."""


class BadEvent(VdmAlertsError):
    """The function was invoked with an event that does not say what to do."""


def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Run once and return the summary.

    *event* may hold "now", an instant in ISO 8601 with its offset, to judge as of then.
    """
    log = _logger()
    wall = datetime.now(UTC)
    until = wall + timedelta(milliseconds=context.get_remaining_time_in_millis()) + GRACE
    try:
        settings, ports = _wired()
        limits = Limits(settings.queries_a_day, settings.include_today)
        lease, now = Lease(wall, until), _now(event, wall)
        summary = run(ports, settings.origin, now, lease, limits, settings.quiet_hours)
    except VdmAlertsError as error:
        log.error("the run failed: %s", error)  # noqa: TRY400 - it says all there is to say
        raise
    except Exception:
        log.exception("the run failed in a way that VDM Alerts does not know; please report it")
        raise
    published = summary.published()
    log.info("run completed", extra=published)
    return published


def _now(event: dict[str, Any], wall: datetime) -> datetime:
    """Return the instant to judge as of: the wall clock's, unless *event* names another."""
    wanted = event.get("now")
    if wanted is None:
        return wall
    try:
        now = datetime.fromisoformat(wanted)
    except (TypeError, ValueError):
        now = None
    if now is None or now.tzinfo is None:
        message = f'"now" is {wanted!r}; write an instant with its offset, "2026-03-09T09:00:00Z"'
        raise BadEvent(message)
    if now > wall + LEEWAY:
        message = (
            f'"now" is {wanted!r}, which is yet to come: every run until then would be refused'
        )
        raise BadEvent(message)
    return now.astimezone(UTC)


@cache
def _wired() -> tuple[Settings, Ports]:
    """Return the ports, made once and kept while the function is warm."""
    settings = read_settings(os.environ)
    return settings, wire(settings)


@cache
def _logger() -> Logger:
    """Return the log of the whole package: its modules' loggers are children of this one."""
    shows = os.environ.get(VARIABLES["mask_addresses"]) == "false"
    return Logger(service="vdm_alerts", json_serializer=_line if shows else _masked_line)


def _line(record: object) -> str:
    return json.dumps(record, default=str, ensure_ascii=False)


def _masked_line(record: object) -> str:
    return _line(_masked(record))


def _masked(value: object) -> object:
    """Return *value* with every address in it masked, and as it is what is no text."""
    match value:
        case dict():
            return {key: _masked(each) for key, each in value.items()}
        case list() | tuple():
            return [_masked(each) for each in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return masked(str(value))
