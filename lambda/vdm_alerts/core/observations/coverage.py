"""What VDM Alerts monitors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vdm_alerts.core.model.metrics import Kind


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is watched: by which *rules*, and how many scopes of each kind.

    Of so many *rates* in all, so many are *unread*.
    """

    rules: tuple[str, ...]
    scopes: Mapping[Kind, int] = field(default_factory=dict)
    rates: int = 0
    unreadable: int = 0
