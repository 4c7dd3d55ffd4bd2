"""What recipients know about the service itself, from the messages about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulation.delivered import counted_problems, lists_all_fixed
from simulation.rules import RULES
from vdm_alerts.core.notifications.service_notification import SERVICE

UNREADABLE = "Unreadable for more than a day"


@dataclass
class ServiceStatus:
    """The status of rules and of reading that the delivered messages add up to."""

    invalid_rules: dict[str, bool] = field(default_factory=dict)
    """Each rule that was reported as invalid; whether the report surely has no end yet.

    It has none if a message with history available was the last about the rule.
    """
    is_unreadable: bool | None = False
    """Whether a sender is reported as unreadable for more than a day; None if that is uncertain."""
    counted: int = 0
    """The open problems that the last message with history available counted, but did not list.

    A message without history changes nothing that the service takes as reported.
    """
    _last_sequence: int = 0

    def forget(self) -> None:
        """Note that the service lost what it had reported: it may report that again, or never."""
        self.invalid_rules = dict.fromkeys(self.invalid_rules, False)
        self.is_unreadable = None

    def update(self, document: Mapping[str, Any]) -> None:
        """Take in the message with *document*, unless a later one was delivered before it."""
        has_history = document["id"] == SERVICE
        if has_history and document["sequence"] < self._last_sequence:
            return
        findings, fixed = str(document["findings"]), str(document["fixed"])
        may_be_fixed = has_history and not lists_all_fixed(document)
        for name in RULES:
            if f"rule {name} " in findings:
                self.invalid_rules[name] = has_history or self.invalid_rules.get(name, False)
            elif has_history and (f"rule {name} " in fixed or not document["findings"]):
                self.invalid_rules.pop(name, None)
            elif may_be_fixed and name in self.invalid_rules:
                self.invalid_rules[name] = False  # The message may only count its end.
        if has_history:
            self.counted = counted_problems(document)
            self._last_sequence = document["sequence"]
            if UNREADABLE in fixed + findings:
                self.is_unreadable = UNREADABLE in findings
            elif may_be_fixed and self.is_unreadable:
                self.is_unreadable = None
