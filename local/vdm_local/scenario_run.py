"""The runs of a scenario: their times, and what has changed by then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

SERVICE = "SERVICE"
"""The expected reason of a service notification, which itself has none."""


@dataclass(frozen=True, slots=True)
class ScenarioRun:
    """One run of VDM Alerts in a scenario."""

    at: datetime
    """The time of the run."""
    expected_reasons: tuple[str, ...]
    """The reasons of the notifications that the run should send, in order."""
    story: str
    """A description for the reader."""
    has_expected_reasons: bool = True
    """Whether the scenario states expected reasons for this run."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Custom rules saved by then, by name; an empty text deletes a rule."""
    silences: Mapping[str, str] = field(default_factory=dict)
    """Silences saved by then, by name; an empty text deletes a silence."""
    gone: tuple[str, ...] = ()
    """Identities that are deleted at that time."""
    paused_tenants: tuple[str, ...] = ()
    """Tenants that may not send at that time."""
    unreadable: tuple[str, ...] = ()
    """Dimension values whose queries fail at that time."""
    weekly_summary: bool = False
    """Whether the schedule of the weekly summary starts the run."""

    @property
    def event(self) -> dict[str, object]:
        """The event with which the deployed function starts the run."""
        weekly = {"weeklySummary": True} if self.weekly_summary else {}
        return {"now": self.at.isoformat(), **weekly}


@dataclass(frozen=True, slots=True)
class ScenarioRecommendation:
    """A recommendation of the VDM advisor in a scenario."""

    identity: str
    """The identity that it is about."""
    type: str
    """The check that failed, as SES spells it."""
    impact: str
    """"HIGH" or "LOW"."""
    opened: datetime
    """When the advisor opens it."""
    fixed: datetime | None = None
    """When the advisor finds it fixed; None if that does not happen."""
    description: str = ""
    """The text of the advisor."""
