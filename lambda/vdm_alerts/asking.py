"""Asking for what may be refused, so that one broken source does not silence the rest."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from vdm_alerts.core.findings import Finding, Hindrance

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Asking:
    """Asks, and keeps a finding of each refusal."""

    findings: list[Finding] = field(default_factory=list)

    def tried(self, ask: Callable[[], T], otherwise: T) -> T:
        """Return what *ask* returns, or *otherwise* where it cannot be had."""
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - the others are still to be asked
            self.note(error)
            return otherwise

    def note(self, error: Exception) -> None:
        """Keep what a person should hear of *error*, which is not necessarily one of ours."""
        if isinstance(error, Hindrance):
            self.findings.append(error.finding)
            return
        _log.error("an error that VDM Alerts does not know: %r", error, exc_info=error)
        self.findings.append(
            Finding(
                about="unexpected",
                what="VDM Alerts met an error that it does not know, " + type(error).__name__,
                remedy="The function's log has the rest of it; please report it",
            )
        )
