"""The runs of a scenario: their times, and what has changed by then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


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
    unreadable: tuple[str, ...] = ()
    """Dimension values whose queries fail at that time."""


def parse_run(entry: dict[str, Any]) -> ScenarioRun:
    """Return the run that *entry* describes.

    Raises TypeError or ValueError.
    """
    at, has_expected_reasons = entry.pop("at"), "tells" in entry
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise TypeError("a run's at must be an instant, without quotes: 2026-03-10T09:00:00Z")
    run = ScenarioRun(
        at.astimezone(UTC),
        expected_reasons=tuple(entry.pop("tells", ())),
        story=entry.pop("story", ""),
        has_expected_reasons=has_expected_reasons,
        rules=entry.pop("rules", {}),
        silences=entry.pop("silences", {}),
        gone=tuple(entry.pop("gone", ())),
        unreadable=tuple(entry.pop("unreadable", ())),
    )
    if entry:
        raise ValueError(f"not known in a run: {', '.join(sorted(entry))}")
    return run
