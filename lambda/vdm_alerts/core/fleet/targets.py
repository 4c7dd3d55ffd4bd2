"""The targets of a fleet, resolved from its file and the accounts of an organization."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

from vdm_alerts.core.fleet.document import InvalidFleetError
from vdm_alerts.core.fleet.field_types import ACCOUNT, MAX_ALIAS_LENGTH
from vdm_alerts.core.fleet.fleet import MAX_TARGETS, Fleet, FleetTarget, ListedTarget
from vdm_alerts.core.fleet.regions import is_region, partition_of
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts.core.rules.toml_document import InvalidField

SOURCE = "fleet"
"""The source of errors that do not depend on the text of the file alone."""


class InvalidTargetItemError(VdmAlertsError):
    """The JSON of a target is malformed."""


@dataclass(frozen=True, slots=True)
class OrganizationAccount:
    """An active account of an AWS organization."""

    account: str
    """The account ID: 12 digits."""
    name: str = ""
    """The name of the account in the organization, which becomes its alias."""
    organization: str = ""
    """The ID of the organization; empty if unknown."""


def resolve_targets(
    fleet: Fleet, hub: Target, accounts: Iterable[OrganizationAccount] = ()
) -> list[FleetTarget]:
    """Return the targets of *fleet*, sorted by account and Region.

    *hub* is the account and Region of the deployment. *accounts* are the active accounts of the
    organization that the fleet includes; a target that the file lists wins over them.

    Raises InvalidFleetError if there are no targets or more than MAX_TARGETS, or if one is in
    another partition than *hub*.
    """
    members = _members(fleet, accounts)
    aliases = _aliases(fleet, members)
    regions = fleet.organization.regions if fleet.organization else ()
    entries = {
        Target(account, region): ListedTarget(Target(account, region, aliases[account]))
        for account in members
        for region in regions
    }
    for entry in fleet.targets:
        alias = entry.target.alias or aliases.get(entry.target.account, "")
        entries[entry.target] = replace(entry, target=replace(entry.target, alias=alias))
    in_order = sorted(entries.values(), key=lambda entry: astuple(entry.target))
    targets = [_fleet_target(fleet, hub, entry) for entry in in_order]
    if errors := list(_errors(targets, hub)):
        raise InvalidFleetError(SOURCE, errors)
    return targets


def _members(fleet: Fleet, accounts: Iterable[OrganizationAccount]) -> Mapping[str, str]:
    """Return the names of those of *accounts* that *fleet* does not exclude, by account."""
    excluded = set(fleet.organization.exclude) if fleet.organization else set()
    return {
        member.account: _alias(member.name) for member in accounts if member.account not in excluded
    }


def _aliases(fleet: Fleet, names: Mapping[str, str]) -> Mapping[str, str]:
    """Return the aliases of the accounts of an organization, whose *names* are by account.

    An alias is that of the file, if that lists the account, or the name in the organization. A name
    that another account has too is no alias, because it would identify neither.
    """
    listed = {entry.target.account: entry.target.alias for entry in fleet.targets}
    taken = Counter(name.lower() for name in names.values())
    taken.update(alias.lower() for account, alias in listed.items() if alias != names.get(account))
    return {
        account: listed.get(account) or (name if taken[name.lower()] == 1 else "")
        for account, name in names.items()
    }


def _alias(name: str) -> str:
    """Return the *name* of an account as an alias: printable, and not too long."""
    printable = "".join(letter if letter.isprintable() else " " for letter in name)
    alias = " ".join(printable.split())[:MAX_ALIAS_LENGTH].rstrip()
    return "" if ACCOUNT.fullmatch(alias) else alias


def _fleet_target(fleet: Fleet, hub: Target, entry: ListedTarget) -> FleetTarget:
    target = entry.target
    if target.account == hub.account:
        return FleetTarget(target, entry.tags)
    role_arn = f"arn:{partition_of(target.region)}:iam::{target.account}:role/{fleet.role}"
    return FleetTarget(target, entry.tags, role_arn, fleet.external_id)


def _errors(targets: list[FleetTarget], hub: Target) -> Iterable[InvalidField]:
    if not targets:
        yield InvalidField(
            "organization",
            "has no active account to monitor. Change include or exclude, or list targets.",
        )
    if len(targets) > MAX_TARGETS:
        yield InvalidField(
            "targets",
            f"are {len(targets):,} targets (accounts times Regions). Use at most {MAX_TARGETS:,}.",
        )
    for region in sorted({entry.target.region for entry in targets}):
        if partition_of(region) != partition_of(hub.region):
            yield InvalidField(
                "regions",
                f"{quote(region)} is in another partition of AWS than the hub in {hub.region}. "
                "Deploy a fleet in each partition.",
            )


def target_item(target: FleetTarget) -> Mapping[str, object]:
    """Return *target* as the JSON object of which `target_from_item` returns it."""
    return {
        "account": target.target.account,
        "region": target.target.region,
        "alias": target.alias,
        "tags": dict(target.tags),
        "roleArn": target.role_arn,
        "externalId": target.external_id,
    }


def target_from_item(item: Mapping[str, Any]) -> FleetTarget:
    """Return the target of *item*, a JSON object. Raises InvalidTargetItemError."""
    match item:
        case {
            "account": str(account),
            "region": str(region),
            "alias": str(alias),
            "tags": dict(tags),
            "roleArn": str() | None as role_arn,
            "externalId": str() | None as external_id,
        } if (
            ACCOUNT.fullmatch(account)
            and is_region(region)
            and all(isinstance(text, str) for text in tags.values())
            and (role_arn is None or _is_role_of(account, role_arn))
        ):
            return FleetTarget(Target(account, region, alias), tags, role_arn, external_id)
    message = (
        f"{quote(item)} is not a target of a fleet. Fix: start the state machine instead of the "
        "function."
    )
    raise InvalidTargetItemError(message)


def _is_role_of(account: str, arn: str) -> bool:
    """Return whether *arn* is that of a role in *account*, so that no target is read as another."""
    return re.fullmatch(rf"arn:[a-z-]+:iam::{account}:role/[!-~]+", arn) is not None
