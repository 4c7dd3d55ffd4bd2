"""The Lambda handler of the first step of a fleet: it lists the targets."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.aws.execution_files import read_fleet_file
from vdm_alerts.adapters.aws.organization import organization_accounts
from vdm_alerts.app.list_targets import targets_of_execution
from vdm_alerts.bootstrap import execution_files, organizations_client, s3_client
from vdm_alerts.core.fleet.document import parse_fleet
from vdm_alerts.core.fleet.targets import resolve_targets
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.handlers.events import check_type, execution_of, input_of
from vdm_alerts.logs import function_logger
from vdm_alerts.settings import read_target_list_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def lambda_handler(event: dict[str, Any], _: "LambdaContext") -> dict[str, Any]:
    """Write the targets of the execution for the map, and return *event* with their place.

    *event* has the name of the execution, the time of its start, and its input. The fleet file and
    the organization are read each time, so that a new account is monitored without a deployment.
    Every error is logged and raised.
    """
    log = function_logger(mask_addresses=True)
    try:
        check_type(event)
        cause, execution = input_of(event, datetime.now(UTC)), execution_of(event)
        settings = read_target_list_settings(os.environ)
        text = read_fleet_file(s3_client(), settings.fleet_file_bucket, settings.fleet_file_key)
        fleet = parse_fleet(text, "the fleet file")
        organization = fleet.organization
        accounts = (
            organization_accounts(organizations_client(), organization) if organization else ()
        )
        targets = targets_of_execution(resolve_targets(fleet, settings.hub, accounts), cause)
        key = execution_files(settings.fleet_bucket, execution).write_targets(targets)
    except VdmAlertsError as error:
        log.error("targets not listed: %s", error)  # noqa: TRY400 - the message is enough
        raise
    except Exception:
        log.exception("targets not listed. Fix: report this error to VDM Alerts.")
        raise
    log.info("targets listed", extra={"targets": len(targets)})
    place = {"bucket": settings.fleet_bucket, "key": key, "count": len(targets)}
    return {**event, "targets": place}
