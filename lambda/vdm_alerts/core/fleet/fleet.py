"""A fleet: the targets that one deployment monitors, from a list or an AWS organization."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vdm_alerts.core.model.target import Target

DEFAULT_ROLE = "vdm-alerts-reader"
"""The name of the role that the hub assumes in each account."""
MAX_TARGETS = 10_000
"""The maximum number of targets of a fleet.

A map run of Step Functions starts at most this number of child executions at the same time:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""


@dataclass(frozen=True, slots=True)
class FleetTarget:
    """A target of a fleet, and how the hub reads it."""

    target: Target
    tags: Mapping[str, str] = field(default_factory=dict)
    """The tags of the fleet file, by key."""
    role_arn: str | None = None
    """The ARN of the role that the hub assumes. None for a target in the hub's own account."""
    external_id: str | None = None
    """The external ID that the role requires. None if it requires none."""

    @property
    def alias(self) -> str:
        """The name of the account in notifications. Empty if it has none."""
        return self.target.alias


@dataclass(frozen=True, slots=True)
class ListedTarget:
    """A target that the fleet file lists."""

    target: Target
    tags: Mapping[str, str] = field(default_factory=dict)
    """The tags of the fleet file, by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationScope:
    """Accounts of an AWS organization, and the Regions to monitor in each of them."""

    id: str
    """The ID of the organization, such as "o-abcdefghij"."""
    regions: Sequence[str]
    """At least one Region, such as "eu-west-1"."""
    include: Sequence[str] = ()
    """IDs of accounts, organizational units or roots. Empty for all accounts."""
    exclude: Sequence[str] = ()
    """IDs of accounts that are not monitored, unless the fleet file lists them."""

    @property
    def included_accounts(self) -> Sequence[str]:
        """The IDs of the accounts in `include`."""
        return [id_ for id_ in self.include if id_.isdecimal()]

    @property
    def included_parents(self) -> Sequence[str]:
        """The IDs of the organizational units and roots in `include`."""
        return [id_ for id_ in self.include if not id_.isdecimal()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The content of a fleet file: targets, accounts of an organization, or both."""

    role: str = DEFAULT_ROLE
    """The name of the role that the hub assumes in each account."""
    external_id: str | None = None
    """The external ID that this role requires. None if it requires none."""
    targets: Sequence[ListedTarget] = ()
    """The targets that the file lists, without duplicates."""
    organization: OrganizationScope | None = None
    """The accounts of an organization that are monitored too. None if there are none."""
