"""The Lambda handler of the first step of a fleet: it lists the targets."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.aws.execution_files import ExecutionFiles, read_fleet_file
from vdm_alerts.adapters.aws.organization import organization_accounts
from vdm_alerts.app.list_targets import accounts_of_known, target_of_event, targets_of_execution
from vdm_alerts.bootstrap import execution_files, organizations_client, s3_client
from vdm_alerts.core.fleet.document import parse_fleet
from vdm_alerts.core.fleet.fleet import Fleet, FleetTarget
from vdm_alerts.core.fleet.targets import OrganizationAccount, resolve_targets
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.target import Target
from vdm_alerts.handlers.events import check_type, execution_of, input_of
from vdm_alerts.logs import function_logger
from vdm_alerts.settings import read_target_list_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def lambda_handler(event: dict[str, Any], _: "LambdaContext") -> dict[str, Any]:
    """Write the targets of the execution for the map, and return *event* with their place.

    *event* has the name of the execution, the time of its start, and its input. The fleet file and
    the organization are read each time, so that a new account is monitored without a deployment.
    For an event of SES, the organization is not read. Every error is logged and raised.
    """
    log = function_logger(mask_addresses=True)
    try:
        check_type(event)
        cause, execution = input_of(event, datetime.now(UTC)), execution_of(event)
        settings = read_target_list_settings(os.environ)
        text = read_fleet_file(s3_client(), settings.fleet_file_bucket, settings.fleet_file_key)
        fleet = parse_fleet(text, "the fleet file")
        files = execution_files(settings.fleet_bucket, execution)
        targets = _targets(fleet, settings.hub, cause, files)
        key = files.write_targets(targets)
    except VdmAlertsError as error:
        log.error("targets not listed: %s", error)  # noqa: TRY400 - the message is enough
        raise
    except Exception:
        log.exception("targets not listed. Fix: report this error to VDM Alerts.")
        raise
    log.info("targets listed", extra={"targets": len(targets)})
    place = {"bucket": settings.fleet_bucket, "key": key, "count": len(targets)}
    return {**event, "targets": place}


def _targets(
    fleet: Fleet, hub: Target, cause: Mapping[str, Any], files: ExecutionFiles
) -> list[FleetTarget]:
    """Return the targets of an execution for *cause*. Raises what reading them raises.

    Any account can cause many events. So the organization, whose API has a low quota, is read for
    an event only if no execution has saved the targets yet.
    """
    accounts: Sequence[OrganizationAccount] = ()
    if fleet.organization:
        only = target_of_event(cause)
        known = files.known_targets.load() if only else ()
        if not known:
            accounts = organization_accounts(organizations_client(), fleet.organization)
        elif only in known or any(entry.target == only for entry in fleet.targets):
            accounts = accounts_of_known(known)
        else:
            return []
    return targets_of_execution(resolve_targets(fleet, hub, accounts), cause)
