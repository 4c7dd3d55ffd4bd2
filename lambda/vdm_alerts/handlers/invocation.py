"""One run in one invocation of the evaluator, in the time that the invocation has left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.app.evaluate import Lease, NotificationOptions, run
from vdm_alerts.app.notify import Outbox, OutboxFactory
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.handlers.events import time_of
from vdm_alerts.handlers.invocation_time import (
    LEASE_MARGIN,
    LONGEST_INVOCATION,
    TIME_AFTER_READING,
)
from vdm_alerts.ports import Ports
from vdm_alerts.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@dataclass(frozen=True, slots=True)
class Sweep:
    """The evaluation of one target in one execution, in one or more invocations."""

    owner: str
    """The owner of the lease, which a retry of a run that died has, too."""
    started: datetime | None
    """When the execution started; None if the run is as of another time."""
    ends: datetime
    """When the next execution is due, or the time of this one is over."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation of the function."""

    event: Mapping[str, Any]
    """The event, or the input of the execution of a fleet. It may contain "now"."""
    context: "LambdaContext"
    settings: Settings
    sweep: Sweep | None = None
    """The sweep that the invocation is a part of; None without a fleet."""

    def run(self, ports: Ports, target: Target, create_outbox: OutboxFactory = Outbox) -> RunReport:
        """Evaluate *target* once. Raises InvalidEventError and what the run raises."""
        settings, wall_clock = self.settings, datetime.now(UTC)
        remaining = timedelta(milliseconds=self.context.get_remaining_time_in_millis())
        next_end = wall_clock + remaining + LONGEST_INVOCATION
        limits = Limits(
            MonotonicDeadline(remaining - TIME_AFTER_READING),
            settings.queries_per_day,
            settings.include_today,
            continues_since=self.sweep.started if self.sweep else None,
            may_continue=self.sweep is not None and next_end <= self.sweep.ends,
        )
        return run(
            ports,
            target,
            time_of(self.event, wall_clock),
            Lease(wall_clock, wall_clock + remaining + LEASE_MARGIN, self._lease_owner()),
            limits,
            NotificationOptions(
                settings.quiet_hours, settings.no_email_after, settings.runbook_url or ""
            ),
            create_outbox,
        )

    def _lease_owner(self) -> str:
        """Return the owner of the lease. A retry of the run has the same, and takes it over."""
        return self.sweep.owner if self.sweep else self.context.aws_request_id
