"""The account and Region that a run monitors."""

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

    def __str__(self) -> str:
        name = f" ({self.alias})" if self.alias else ""
        return f"Account {self.account}{name}, {self.region}"
