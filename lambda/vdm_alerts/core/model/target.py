"""The account and Region that a run monitors."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """An AWS account in a Region.

    SES keeps identities, quotas and rates separately for each.
    """

    account: str
    """The account ID: 12 digits."""
    region: str
    """The Region, such as "eu-west-1"."""
    alias: str = field(default="", compare=False)
    """The name that a fleet gives the account, for people to read; empty without a name."""

    tags: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The tags that a fleet gives the account, for the receivers of notifications."""

    def __str__(self) -> str:
        name = f" ({self.alias})" if self.alias else ""
        if self.account == FLEET:
            return f"The fleet, {self.region}"
        return f"Account {self.account}{name}, {self.region}"


FLEET = "fleet"
"""The account of the target that stands for a whole fleet. No account has this ID."""


def fleet_of(hub: Target) -> Target:
    """Return the target under which the fleet of *hub* stores what concerns no single target."""
    return Target(FLEET, hub.region)
