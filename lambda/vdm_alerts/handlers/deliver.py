"""The Lambda handler of the last step of a fleet: it sends what is due in all targets."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.aws.execution_files import ExecutionFiles, failure_text
from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.app.deliver_fleet import DeliveryOptions, Execution, deliver_fleet
from vdm_alerts.app.evaluate import Lease
from vdm_alerts.app.list_targets import target_of_event
from vdm_alerts.bootstrap import build_fleet_ports, execution_files
from vdm_alerts.core.fleet.answers import NO_ANSWER, Status, TargetAnswer
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.fleet import messages_per_execution
from vdm_alerts.handlers.events import (
    InvalidEventError,
    check_type,
    execution_of,
    input_of,
    time_of,
)
from vdm_alerts.handlers.invocation_time import LEASE_MARGIN
from vdm_alerts.logs import function_logger
from vdm_alerts.settings import VARIABLES, read_delivery_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


TAKING_SHARE = 0.4
"""The part of the time in which targets are taken. Saving twice and publishing take the rest."""


def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Send what is due, and return the figures of the fleet's report by their published names.

    *event* has the name of the execution, its input, and the place of the results, or the failure
    of the map itself. Every error is logged and raised: Step Functions tries again.
    """
    log = function_logger(mask_addresses=os.environ.get(VARIABLES["mask_addresses"]) != "false")
    try:
        settings = read_delivery_settings(os.environ)
        check_type(event)
        wall_clock = datetime.now(UTC)
        cause, execution = input_of(event, wall_clock), execution_of(event)
        files = execution_files(settings.fleet_bucket, execution)
        expected = files.read_targets()
        remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
        report = deliver_fleet(
            build_fleet_ports(settings, files),
            settings.hub,
            Execution(
                expected,
                _answers(files, event, expected),
                is_complete=target_of_event(cause) is None,
            ),
            time_of(cause, wall_clock),
            Lease(wall_clock, wall_clock + remaining + LEASE_MARGIN, execution),
            DeliveryOptions(
                messages_per_execution(settings.fleet_interval),
                MonotonicDeadline(TAKING_SHARE * remaining),
                settings.quiet_hours,
                settings.runbook_url or "",
            ),
        )
    except VdmAlertsError as error:
        log.error("delivery failed: %s", error)  # noqa: TRY400 - the message is enough
        raise
    except Exception:
        log.exception("delivery failed with an unexpected error. Fix: report it to VDM Alerts.")
        raise
    figures = report.published_figures()
    log.info("execution completed", extra=figures)
    return figures


def _answers(
    files: ExecutionFiles, event: Mapping[str, Any], expected: Sequence[FleetTarget]
) -> Mapping[Target, TargetAnswer]:
    """Return the answers of the *expected* targets.

    If the map itself failed, all of them are blind, for that reason. Raises InvalidEventError.
    """
    if not expected:
        return {}
    match event:
        case {"results": {"ResultWriterDetails": {"Key": str(manifest)}}}:
            return files.answers(manifest)
        case {"failure": dict(failure)}:
            answer = TargetAnswer(Status.BLIND, reason=NO_ANSWER, details=failure_text(failure))
            return {each.target: answer for each in expected}
        case _:
            raise InvalidEventError(
                "results: there is no result of the map. Fix: start the state machine instead of "
                "the function."
            )
