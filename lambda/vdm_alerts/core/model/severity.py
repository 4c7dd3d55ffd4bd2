"""How bad a breach is."""

from enum import IntEnum


class Severity(IntEnum):
    """How bad it is; a higher one outranks a lower."""

    WARNING = 1
    CRITICAL = 2

    @property
    def key(self) -> str:
        """The severity's name in rules and metrics."""
        return {Severity.WARNING: "warning", Severity.CRITICAL: "critical"}[self]

    def __str__(self) -> str:
        return {Severity.WARNING: "WARNING", Severity.CRITICAL: "CRITICAL"}[self]
