"""The severities of breaches."""

from enum import IntEnum


class Severity(IntEnum):
    """The severity of a breach. A higher value is worse."""

    WARNING = 1
    CRITICAL = 2

    @property
    def key(self) -> str:
        """The name of the severity in rules and metrics."""
        return {Severity.WARNING: "warning", Severity.CRITICAL: "critical"}[self]

    def __str__(self) -> str:
        return {Severity.WARNING: "WARNING", Severity.CRITICAL: "CRITICAL"}[self]
