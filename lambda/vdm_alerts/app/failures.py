"""Failures of sources become findings, so that one broken source does not stop the others."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from vdm_alerts.core.model.findings import Finding, FindingSource, OperationFailedError

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class FailureCollector:
    """Reads sources, and collects a finding for each that fails."""

    findings: list[Finding] = field(default_factory=list)
    unreadable: set[FindingSource] = field(default_factory=set)
    """The sources that could not be read."""

    def attempt(self, read: Callable[[], T], otherwise: T, source: FindingSource) -> T:
        """Return what *read* returns of *source*, or *otherwise* if it fails."""
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - the other sources are still to be read
            self.record(error, source)
            return otherwise

    def record(self, error: Exception, source: FindingSource) -> None:
        """Collect a finding about *error*, which is not necessarily one of ours."""
        self.unreadable.add(source)
        if isinstance(error, OperationFailedError):
            self.add([error.finding], source)
            return
        _log.error("an error that VDM Alerts does not know: %r", error, exc_info=error)
        unexpected = Finding(
            key="unexpected",
            what="VDM Alerts met an error that it does not know, " + type(error).__name__,
            remedy="The function's log has the rest of it; please report it",
        )
        self.add([unexpected], source)

    def add(self, findings: Iterable[Finding], source: FindingSource) -> None:
        """Collect *findings* about *source*, each once."""
        new = [each for each in dict.fromkeys(findings) if each not in self.findings]
        self.findings += [replace(each, source=source) for each in new]
