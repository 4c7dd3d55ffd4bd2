"""The account and Region that a run monitors."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """An AWS account in a Region.

    SES keeps identities, quotas and rates separately for each.
    """

    account: str
    """The account ID: 12 digits."""
    region: str
    """The Region, such as "eu-west-1"."""

    def __str__(self) -> str:
        return f"Account {self.account}, {self.region}"
