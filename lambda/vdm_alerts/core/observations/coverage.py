"""What a run monitors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vdm_alerts.core.model.account import SesPlan
from vdm_alerts.core.model.metrics import Kind


@dataclass(frozen=True, slots=True)
class Coverage:
    """The rules, scopes, and rates that a run monitors."""

    rules: tuple[str, ...]
    """The names of the rules."""
    scopes: Mapping[Kind, int] = field(default_factory=dict)
    """How many scopes of each kind are monitored."""
    rates: int = 0
    """How many rates are monitored."""
    unreadable: int = 0
    """How many of these rates are unknown because their data is unreadable."""
    queries: int = 0
    """How many queries of VDM the run made."""
    plan: SesPlan | None = None
    """The pricing plan of SES; None if unknown."""
