"""The Lambda function that evaluates: an event becomes a run, and its report the response."""

import os
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vdm_alerts.app.evaluate import Lease, run
from vdm_alerts.bootstrap import build_ports
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.logs import function_logger
from vdm_alerts.ports import Ports
from vdm_alerts.settings import VARIABLES, Settings, read_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LEASE_MARGIN = timedelta(seconds=10)
"""How long a lease outlasts the function's timeout, so that no two runs ever overlap."""
TIME_AFTER_READING = timedelta(minutes=2)
"""How much of the function's time reading leaves for evaluation, notification and saving."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the clock of whoever names "now" may be ahead of ours."""


class InvalidEventError(VdmAlertsError):
    """The function was invoked with an event that does not say what to do."""


class MonotonicDeadline:
    """A deadline by the system's monotonic clock, which no adjustment of the time moves."""

    def __init__(self, duration: timedelta) -> None:
        """End *duration* from now."""
        self._ends = time.monotonic() + duration.total_seconds()

    def left(self) -> timedelta:
        """Return how much time is left; zero or less once the deadline has passed."""
        return timedelta(seconds=self._ends - time.monotonic())


def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Run once and return the run report.

    *event* may hold "now", a timestamp in ISO 8601 with its offset, to evaluate as of then.
    """
    log = _logger()
    wall_clock = datetime.now(UTC)
    remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
    lease = Lease(wall_clock, wall_clock + remaining + LEASE_MARGIN)
    try:
        settings, ports = _wired()
        limits = _limits(settings, remaining)
        now = _now(event, wall_clock)
        report = run(ports, settings.target, now, lease, limits, settings.quiet_hours)
    except VdmAlertsError as error:
        log.error("the run failed: %s", error)  # noqa: TRY400 - the message says all there is
        raise
    except Exception:
        log.exception("the run failed in a way that VDM Alerts does not know; please report it")
        raise
    published: dict[str, Any] = report.published()
    log.info("run completed", extra=published)
    return published


def _now(event: dict[str, Any], wall_clock: datetime) -> datetime:
    """Return the time to evaluate as of: the wall clock's, unless *event* names another."""
    wanted = event.get("now")
    if wanted is None:
        return wall_clock
    try:
        now = datetime.fromisoformat(wanted)
    except (TypeError, ValueError):
        now = None
    if now is None or now.tzinfo is None:
        message = f'"now" is {wanted!r}; write an instant with its offset, "2026-03-09T09:00:00Z"'
        raise InvalidEventError(message)
    if now > wall_clock + CLOCK_TOLERANCE:
        message = (
            f'"now" is {wanted!r}, which is yet to come: every run until then would be refused'
        )
        raise InvalidEventError(message)
    return now.astimezone(UTC)


def _limits(settings: Settings, remaining: timedelta) -> Limits:
    deadline = MonotonicDeadline(remaining - TIME_AFTER_READING)
    return Limits(deadline, settings.queries_per_day, settings.include_today)


@cache
def _wired() -> tuple[Settings, Ports]:
    """Return the settings and the ports, made once and kept while the function is warm."""
    settings = read_settings(os.environ)
    return settings, build_ports(settings)


@cache
def _logger() -> Logger:
    return function_logger(mask_addresses=os.environ.get(VARIABLES["mask_addresses"]) != "false")
