"""Runs of the function in memory, as of any time: what `simulate` and `backtest` share."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from vdm_alerts.adapters.memory import MemoryNotifier, MemoryState
from vdm_alerts.app import evaluate
from vdm_alerts.app.evaluate import DEFAULT_OPTIONS, Lease, NotificationOptions
from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.rendering.message import Message
from vdm_alerts.core.observations.metric_reading import UNLIMITED, Limits
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.ports import Ports

_LEASE_DURATION = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class ReplayedRun:
    """The result of one run."""

    report: RunReport
    """The report that the function would log."""
    messages: Sequence[Message]
    """The notifications that the run sent."""


class Replay:
    """The runs of one account, one after the other. State and notifications stay in memory."""

    def __init__(
        self, sources: Ports, target: Target, options: NotificationOptions = DEFAULT_OPTIONS
    ) -> None:
        """Read *target* from *sources*, whose state and notifier are not used."""
        self._notifier, self._store = MemoryNotifier(), MemoryState()
        self._ports = replace(sources, notifier=self._notifier, store=self._store)
        self._target, self._options = target, options

    def run(self, at: datetime, limits: Limits = UNLIMITED) -> ReplayedRun:
        """Run as of *at*, which must not be before the last run, and read within *limits*."""
        lease = Lease(at, at + _LEASE_DURATION)
        report = evaluate.run(self._ports, self._target, at, lease, limits, self._options)
        messages = tuple(self._notifier.sent)
        self._notifier.sent.clear()
        return ReplayedRun(report, messages)

    def request_summary(self, day: date) -> None:
        """Request a weekly summary for *day* from the next run."""
        self._store.request_summary(self._target, day)

    @property
    def alerts(self) -> Mapping[AlertKey, Alert]:
        """The alerts after the last run."""
        return self._store.load(self._target).alerts


@contextmanager
def without_log() -> Iterator[None]:
    """Print no log lines of the function in the block."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
