"""What people believe of the service itself, by the messages about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulation.rules import RULES
from vdm_alerts.core.notifications.notification import SERVICE

UNREAD = "Unreadable for more than a day"


@dataclass
class Service:
    """Which rules are *bad*, as people believe, and whether somebody is *unread* for long.

    With each bad rule stands whether that was told by a message that knew what was told before.
    """

    bad: dict[str, bool] = field(default_factory=dict)
    unread: bool = False
    _last: int = 0

    def hears(self, document: Mapping[str, Any]) -> None:
        """Believe the message with *document*, unless a later one was known to be out."""
        is_remembered = document["id"] == SERVICE
        if is_remembered and document["sequence"] < self._last:
            return  # It comes late, which is known by its number.
        wrong, mended = str(document["findings"]), str(document["gone"])
        for name in RULES:
            if f"rule {name} " in wrong:
                self.bad[name] = is_remembered or self.bad.get(name, False)
            elif is_remembered and (f"rule {name} " in mended or not document["findings"]):
                self.bad.pop(name, None)
        if is_remembered:
            self._last = document["sequence"]
            if UNREAD in mended + wrong:
                self.unread = UNREAD in wrong
