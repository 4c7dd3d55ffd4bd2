"""The Lambda handler of the evaluator: it runs once, and returns the run report."""

import os
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.app.evaluate import Lease, NotificationOptions, run
from vdm_alerts.app.run_unless_busy import run_unless_busy
from vdm_alerts.app.send_test import send_test
from vdm_alerts.bootstrap import build_ports
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts.logs import function_logger
from vdm_alerts.ports import Ports
from vdm_alerts.settings import VARIABLES, Settings, read_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LEASE_MARGIN = timedelta(seconds=10)
"""The time by which a lease outlasts the function's timeout, so that no two runs overlap."""
TIME_AFTER_READING = timedelta(minutes=2)
"""The part of the function's time that is reserved for the steps after reading metrics."""
SES_EVENT_SOURCE = "aws.ses"
"""The source of the events of SES. A schedule sends an event without a source."""
WEEKLY_SUMMARY = "weeklySummary"
"""The key of an event that requests a weekly summary."""
TEST_ALERT = "testAlert"
"""The key of an event that requests a test notification, and nothing else."""
EARLIEST_NOW = datetime(2000, 1, 1, tzinfo=UTC)
"""The earliest "now" in an event: long before VDM, and long after the first date of Python."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""The time by which "now" in an event may be ahead of the function's clock."""


class InvalidEventError(VdmAlertsError):
    """The event of an invocation is not a JSON object, or has an invalid value."""


def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Run once, and return the figures of the run report by their published names.

    *event* may contain "now": an ISO 8601 timestamp with a UTC offset, for which the run
    evaluates. Without it, the run evaluates for the time of the invocation. Every error is logged
    and raised, so that Lambda retries the invocation. While another run is active, the
    invocation does nothing, and its result says so. If *event* is from SES, one more run follows.
    If "weeklySummary" is true, a weekly summary is requested first, which the next run sends that
    can. If "testAlert" is true, the invocation only publishes a test notification: it does not run.
    """
    log = _logger()
    try:
        _check_type(event)
        requests_summary = _flag(event, WEEKLY_SUMMARY)
        requests_test = _flag(event, TEST_ALERT)
        settings, ports = _settings_and_ports()
        if requests_test:
            return _send_test(event, settings, ports)
        if requests_summary:
            day = _now(event, datetime.now(UTC)).date()
            ports.store.request_summary(settings.target, day)
        report = run_unless_busy(
            lambda: _run(event, context, settings, ports),
            ports.store,
            settings.target,
            has_news=requests_summary or event.get("source") == SES_EVENT_SOURCE,
        )
    except VdmAlertsError as error:
        log.error("run failed: %s", error)  # noqa: TRY400 - the message is enough
        raise
    except Exception:
        log.exception("run failed with an unexpected error. Fix: report it to VDM Alerts.")
        raise
    if report is None:
        log.info("run skipped: another run is active")
        return {"skipped": "another run is active"}
    published: dict[str, Any] = report.published_figures()
    log.info("run completed", extra=published)
    return published


def _check_type(event: object) -> None:
    """Raise InvalidEventError if *event*, for which Lambda accepts any JSON, is not an object."""
    if not isinstance(event, dict):
        raise InvalidEventError(
            f"event: {quote(event)} is not a JSON object. Use a JSON object, for example {{}}."
        )


def _flag(event: dict[str, Any], key: str) -> bool:
    """Return whether *key* is true in *event*. Raises InvalidEventError."""
    value = event.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    message = f"{key}: {quote(value)} is not a Boolean. Use true or false."
    raise InvalidEventError(message)


def _send_test(event: dict[str, Any], settings: Settings, ports: Ports) -> dict[str, Any]:
    """Publish a test notification, and return its id."""
    test = DeliveryTest(_now(event, datetime.now(UTC)))
    send_test(ports.notifier, Links(settings.target, settings.runbook_url or ""), test)
    _logger().info("test notification published: %s", test.id)
    return {"test": test.id}


def _run(
    event: dict[str, Any], context: "LambdaContext", settings: Settings, ports: Ports
) -> RunReport:
    wall_clock = datetime.now(UTC)
    remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return run(
        ports,
        settings.target,
        _now(event, wall_clock),
        Lease(wall_clock, wall_clock + remaining + LEASE_MARGIN, context.aws_request_id),
        _limits(settings, remaining),
        NotificationOptions(
            settings.quiet_hours, settings.no_email_after, settings.runbook_url or ""
        ),
    )


def _now(event: dict[str, Any], wall_clock: datetime) -> datetime:
    """Return the time in *event*, or *wall_clock* without it. Raises InvalidEventError."""
    text = event.get("now")
    if text is None:
        return wall_clock
    try:
        now = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        now = None
    if now is None or now.tzinfo is None or now < EARLIEST_NOW:
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


def _limits(settings: Settings, remaining: timedelta) -> Limits:
    deadline = MonotonicDeadline(remaining - TIME_AFTER_READING)
    return Limits(deadline, settings.queries_per_day, settings.include_today)


@cache
def _settings_and_ports() -> tuple[Settings, Ports]:
    """Return the settings and the ports, which a warm function keeps."""
    settings = read_settings(os.environ)
    return settings, build_ports(settings, time)


@cache
def _logger() -> Logger:
    return function_logger(mask_addresses=os.environ.get(VARIABLES["mask_addresses"]) != "false")
