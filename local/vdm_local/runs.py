"""The runs of a scenario: when VDM Alerts looks, and what has been done by then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Run:
    """An instant at which VDM Alerts looks, the messages due then, and what to say of it.

    Where nothing is said of messages, nobody *expects* any, nor none.

    What a person has written by then, texts of *rules* and *silences* by their names, an empty one
    where it is taken away; which identities are *gone* then, and which names *unreadable*.
    """

    at: datetime
    tells: tuple[str, ...]
    story: str
    expects: bool = True
    rules: Mapping[str, str] = field(default_factory=dict)
    silences: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def parse_run(entry: dict[str, Any]) -> Run:
    """Return the run that *entry* says. Raises TypeError and ValueError."""
    at, expects = entry.pop("at"), "tells" in entry
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise TypeError("a run's at must be an instant, without quotes: 2026-03-10T09:00:00Z")
    run = Run(
        at.astimezone(UTC),
        tells=tuple(entry.pop("tells", ())),
        story=entry.pop("story", ""),
        expects=expects,
        rules=entry.pop("rules", {}),
        silences=entry.pop("silences", {}),
        gone=tuple(entry.pop("gone", ())),
        unreadable=tuple(entry.pop("unreadable", ())),
    )
    if entry:
        raise ValueError(f"not known in a run: {', '.join(sorted(entry))}")
    return run
