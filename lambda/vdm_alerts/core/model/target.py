"""The account and Region that a run monitors."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where messages come from: the account and Region that are watched."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"Account {self.account} in {self.region}"
