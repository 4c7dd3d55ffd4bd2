"""The first step of a fleet: which targets an execution evaluates."""

from collections.abc import Iterable, Mapping
from typing import Any

from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.targets import OrganizationAccount
from vdm_alerts.core.model.target import Target

SES_EVENT_SOURCE = "aws.ses"
"""The source of the events of SES. A schedule sends an event without a source."""


def target_of_event(event: Mapping[str, Any]) -> Target | None:
    """Return the account and Region that *event*, an event of SES, is about; None for another."""
    if event.get("source") != SES_EVENT_SOURCE:
        return None
    return Target(str(event.get("account")), str(event.get("region")))


def accounts_of_known(known: Iterable[Target]) -> list[OrganizationAccount]:
    """Return the accounts of the *known* targets, in place of a list of the organization."""
    names = {target.account: target.alias for target in known}
    return [OrganizationAccount(account, name) for account, name in names.items()]


def targets_of_execution(
    targets: Iterable[FleetTarget], event: Mapping[str, Any]
) -> list[FleetTarget]:
    """Return those of *targets* that an execution for *event* evaluates.

    An event of SES is about one of them, or about none if the target was deleted from the fleet.
    """
    only = target_of_event(event)
    return [each for each in targets if only is None or each.target == only]
