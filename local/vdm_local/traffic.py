"""The mail of an account: streams of messages, and what is known of each day of them, and when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

WITHOUT_FEEDBACK_LOOP = frozenset({"Gmail"})
"""Providers whose deliveries are not in DELIVERY_COMPLAINT, because they report no complaint."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day's count as it is seen over time: (hours after the day began, count), in order."""

    views: tuple[tuple[int, int], ...]

    def as_of(self, day: date, now: datetime) -> int:
        """Return what is known at *now* of the count of *day*; 0 where nothing is yet."""
        age = now - datetime.combine(day, time(), tzinfo=UTC)
        known = [count for hours, count in self.views if timedelta(hours=hours) <= age]
        return known[-1] if known else 0


@dataclass(frozen=True, slots=True)
class Stream:
    """Mail that has its identity, configuration set and mailbox provider in common."""

    identity: str
    isp: str
    configuration_set: str | None
    rows: Mapping[str, Sequence[Day]]

    @property
    def keys(self) -> Iterator[tuple[str, str]]:
        """Every single dimension that this mail has, a domain for an address in it too."""
        yield key_of("EMAIL_IDENTITY", self.identity)
        if "@" in self.identity:
            yield key_of("EMAIL_IDENTITY", self.identity.partition("@")[2])
        yield key_of("ISP", self.isp)
        if self.configuration_set is not None:
            yield key_of("CONFIGURATION_SET", self.configuration_set)

    def belongs(self, dimensions: Mapping[str, str]) -> bool:
        """Say whether this mail has all *dimensions*, spelled as SES spells them.

        A domain stands for the addresses in it too, and case does not matter in an identity.
        """
        mine = {"CONFIGURATION_SET": self.configuration_set, "ISP": self.isp}
        identity = dimensions.get("EMAIL_IDENTITY", self.identity).lower()
        sender = self.identity.lower()
        return (sender == identity or sender.endswith(f"@{identity}")) and all(
            mine.get(name) == value
            for name, value in dimensions.items()
            if name != "EMAIL_IDENTITY"
        )

    def count(self, metric: str, day: date, begins: date, now: datetime) -> int:
        """Return what is known at *now* of *metric* on *day*; deliveries follow from the rest."""
        if metric in self.rows:
            row, index = self.rows[metric], (day - begins).days
            return row[index].as_of(day, now) if 0 <= index < len(row) else 0
        if metric == "DELIVERY":
            sent, *lost = (
                self.count(each, day, begins, now)
                for each in ("SEND", "PERMANENT_BOUNCE", "TRANSIENT_BOUNCE")
            )
            return max(0, sent - sum(lost))
        if metric == "DELIVERY_COMPLAINT" and self.isp not in WITHOUT_FEEDBACK_LOOP:
            return self.count("DELIVERY", day, begins, now)
        return 0


def key_of(dimension: str, value: str) -> tuple[str, str]:
    """Return what mail with *value* of *dimension* is found by; case is nothing to an identity."""
    return dimension, value.lower() if dimension == "EMAIL_IDENTITY" else value
