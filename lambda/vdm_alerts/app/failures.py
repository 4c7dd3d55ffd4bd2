"""Asking for what may be refused, so that one broken source does not silence the rest."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from vdm_alerts.core.model.findings import Finding, Hindrance, Source

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Asking:
    """Asks, and keeps a finding of each refusal; *blind* is where nobody could look."""

    findings: list[Finding] = field(default_factory=list)
    blind: set[Source] = field(default_factory=set)

    def tried(self, ask: Callable[[], T], otherwise: T, source: Source) -> T:
        """Return what *ask* returns of *source*, or *otherwise* where it cannot be had."""
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - the others are still to be asked
            self.note(error, source)
            return otherwise

    def note(self, error: Exception, source: Source) -> None:
        """Keep what a person should hear of *error*, which is not necessarily one of ours."""
        self.blind.add(source)
        if isinstance(error, Hindrance):
            self.found([error.finding], source)
            return
        _log.error("an error that VDM Alerts does not know: %r", error, exc_info=error)
        unexpected = Finding(
            about="unexpected",
            what="VDM Alerts met an error that it does not know, " + type(error).__name__,
            remedy="The function's log has the rest of it; please report it",
        )
        self.found([unexpected], source)

    def found(self, findings: Iterable[Finding], source: Source) -> None:
        """Keep *findings*, each once, of what was seen in *source*."""
        new = [each for each in dict.fromkeys(findings) if each not in self.findings]
        self.findings += [replace(each, source=source) for each in new]
