"""Errors of sources become findings, so that one failed source does not stop the others."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from vdm_alerts.core.model.findings import Finding, FindingSource, OperationFailedError

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class FailureCollector:
    """A collector of findings, which reads sources and survives their errors."""

    findings: list[Finding] = field(default_factory=list)
    """Every finding so far, each with its source, in the order in which they were added."""
    unreadable: set[FindingSource] = field(default_factory=set)
    """The sources that could not be read."""

    def attempt(self, read: Callable[[], T], otherwise: T, source: FindingSource) -> T:
        """Return the result of *read*, which reads *source*, or *otherwise* if *read* fails.

        Any error becomes a finding and makes *source* unreadable.
        """
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - the other sources can still be read
            self.record(error, source)
            return otherwise

    def record(self, error: Exception, source: FindingSource) -> None:
        """Add a finding about *error*, and note that *source* is unreadable.

        An OperationFailedError has its own finding. Any other error is logged with its traceback.
        """
        self.unreadable.add(source)
        if isinstance(error, OperationFailedError):
            self.add([error.finding], source)
            return
        _log.error("unexpected error: %r", error, exc_info=error)
        unexpected = Finding(
            key="unexpected",
            what=f"VDM Alerts has an unexpected error ({type(error).__name__})",
            effect="what it could not read is not monitored",
            remedy="Report the error with its traceback, which is in the log of the function",
        )
        self.add([unexpected], source)

    def add(self, findings: Iterable[Finding], source: FindingSource) -> None:
        """Add those of *findings* that are new, as findings of *source* with bounded texts."""
        bounded = (finding.bounded() for finding in findings)
        new = [replace(finding, source=source) for finding in bounded]
        self.findings = list(dict.fromkeys([*self.findings, *new]))
