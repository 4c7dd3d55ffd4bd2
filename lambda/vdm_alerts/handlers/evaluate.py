"""The Lambda handler of the evaluator: it runs once, and returns the run report."""

import os
import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from vdm_alerts.app.list_targets import SES_EVENT_SOURCE
from vdm_alerts.app.run_unless_busy import run_unless_busy
from vdm_alerts.app.send_test import send_test
from vdm_alerts.bootstrap import build_ports
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.handlers.evaluate_target import answer_for_target
from vdm_alerts.handlers.events import (
    START_THE_STATE_MACHINE,
    TARGET,
    TEST_ALERT,
    WEEKLY_SUMMARY,
    InvalidEventError,
    check_type,
    flag,
    time_of,
)
from vdm_alerts.handlers.invocation import Invocation
from vdm_alerts.logs import function_logger
from vdm_alerts.ports import Ports
from vdm_alerts.settings import VARIABLES, Settings, read_fleet_settings, read_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Run once, and return the figures of the run report by their published names.

    *event* may contain "now": an ISO 8601 timestamp with a UTC offset, for which the run
    evaluates. Without it, the run evaluates for the time of the invocation. Every error is logged
    and raised, so that Lambda retries the invocation. While another run is active, the
    invocation does nothing, and its result says so. If *event* is from SES, one more run follows.
    If "weeklySummary" is true, a weekly summary is requested first, which the next run sends that
    can. If "testAlert" is true, the invocation only publishes a test notification: it does not run.

    In a fleet, the state machine invokes the function with a "target": see `answer_for_target`.
    Any other event is an error there, except a test notification.
    """
    log = _logger()
    try:
        check_type(event)
        if TARGET in event:
            return _evaluate_target(event, context)
        requests_summary = flag(event, WEEKLY_SUMMARY)
        requests_test = flag(event, TEST_ALERT)
        if not requests_test:
            _check_is_no_fleet()
        settings, ports = _settings_and_ports()
        if requests_test:
            return _send_test(event, settings, ports)
        if requests_summary:
            day = time_of(event, datetime.now(UTC)).date()
            ports.store.request_summary(settings.target, day)
        report = run_unless_busy(
            lambda: Invocation(event, context, settings).run(ports, settings.target),
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


def _check_is_no_fleet() -> None:
    """Raise InvalidEventError in a fleet.

    A run without a target would evaluate the account of the hub, even if it is not in the fleet.
    """
    if read_fleet_settings(os.environ):
        raise InvalidEventError(f"target: the event has no target. {START_THE_STATE_MACHINE}")


def _evaluate_target(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Evaluate the target of *event*, log its answer and return it."""
    answer = answer_for_target(event, context, read_settings(os.environ))
    _logger().info("target evaluated", extra=answer)
    return answer


def _send_test(event: dict[str, Any], settings: Settings, ports: Ports) -> dict[str, Any]:
    """Publish a test notification, and return its id."""
    test = DeliveryTest(time_of(event, datetime.now(UTC)))
    send_test(ports.notifier, Links(settings.target, settings.runbook_url or ""), test)
    _logger().info("test notification published: %s", test.id)
    return {"test": test.id}


@cache
def _settings_and_ports() -> tuple[Settings, Ports]:
    """Return the settings and the ports, which a warm function keeps."""
    settings = read_settings(os.environ)
    return settings, build_ports(settings, time)


@cache
def _logger() -> Logger:
    return function_logger(mask_addresses=os.environ.get(VARIABLES["mask_addresses"]) != "false")
