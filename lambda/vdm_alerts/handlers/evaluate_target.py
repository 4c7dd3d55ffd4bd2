"""How the evaluator handles one target of a fleet, for which the state machine invokes it."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.aws.spoke_session import BlindTargetError
from vdm_alerts.adapters.monotonic_deadline import MonotonicDeadline
from vdm_alerts.app.evaluate import Lease, NotificationOptions, run
from vdm_alerts.app.hand_over import HandoverOutbox
from vdm_alerts.app.list_targets import SES_EVENT_SOURCE
from vdm_alerts.app.notify import OutboxFactory
from vdm_alerts.bootstrap import build_ports, execution_files
from vdm_alerts.core.fleet.answers import Status
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.targets import target_from_item
from vdm_alerts.core.model.errors import LeaseHeldError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.metric_reading import Limits
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts.handlers.events import (
    TARGET,
    WEEKLY_SUMMARY,
    InvalidEventError,
    check_type,
    flag,
    time_of,
    timestamp,
)
from vdm_alerts.handlers.invocation_time import (
    LEASE_MARGIN,
    LONGEST_INVOCATION,
    TIME_AFTER_READING,
)
from vdm_alerts.ports import Ports
from vdm_alerts.settings import FleetSettings, Settings, read_fleet_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_CACHED_TARGETS = 50
"""Targets whose clients and credentials a warm function keeps."""


def answer_for_target(
    event: Mapping[str, Any], context: "LambdaContext", settings: Settings
) -> dict[str, Any]:
    """Evaluate the target of *event*, hand over what is due, and return its answer.

    *event* has the target, the name of the execution, the time of its start, and its input as
    "event". If "continue" is true in the answer, the time of the invocation was too short to read
    everything, and the state machine invokes the function again.

    A target that cannot be read at all, and a run that finds another one active, are answers and
    not errors. Raises InvalidEventError and what the run raises; LeaseHeldError only for an event
    of SES or a request for a weekly summary, which the other run might have missed.
    """
    target, cause = target_from_item(event[TARGET]), _cause(event)
    fleet = read_fleet_settings(os.environ)
    if fleet is None:
        raise InvalidEventError(
            "target: this stack monitors no fleet. Fix: deploy it with -c fleet=FILE, or leave "
            "the target out."
        )
    try:
        ports = _ports(target.target, target.role_arn, target.external_id, settings)
    except BlindTargetError as error:
        return _answer(target, Status.BLIND, reason=error.reason, details=error.details)
    invocation = _Invocation(_sweep(event, cause, fleet), cause, context, settings)
    requests_summary = flag(cause, WEEKLY_SUMMARY)
    if requests_summary:
        ports.store.request_summary(target.target, time_of(cause, datetime.now(UTC)).date())
    handovers = execution_files(fleet.fleet_bucket, _text(event, "execution"))
    try:
        report = invocation.run(ports, target, partial(HandoverOutbox, handovers))
    except LeaseHeldError:
        if requests_summary or cause.get("source") == SES_EVENT_SOURCE:
            raise  # The other run might have missed the news: the state machine tries again.
        return _answer(target, Status.SKIPPED, reason="another run is active")
    return _answer(target, Status.EVALUATED, report, continues=report.is_cut_short)


@dataclass(frozen=True, slots=True)
class _Sweep:
    """The evaluation of one target in one execution, in one or more invocations."""

    started: datetime | None
    """When the execution started; None if the run is as of another time."""
    ends: datetime
    """When the next execution is due, at the latest."""


@dataclass(frozen=True, slots=True)
class _Invocation:
    """One invocation of the function for a target."""

    sweep: _Sweep
    cause: Mapping[str, Any]
    """The input of the execution."""
    context: "LambdaContext"
    settings: Settings

    def run(self, ports: Ports, target: FleetTarget, create_outbox: OutboxFactory) -> RunReport:
        """Evaluate *target* once, in the time that is left."""
        settings, wall_clock = self.settings, datetime.now(UTC)
        remaining = timedelta(milliseconds=self.context.get_remaining_time_in_millis())
        limits = Limits(
            MonotonicDeadline(remaining - TIME_AFTER_READING),
            settings.queries_per_day,
            settings.include_today,
            continues_since=self.sweep.started,
            may_continue=wall_clock + remaining + LONGEST_INVOCATION <= self.sweep.ends,
        )
        return run(
            ports,
            replace(target.target, tags=target.tags),
            time_of(self.cause, wall_clock),
            Lease(wall_clock, wall_clock + remaining + LEASE_MARGIN, self.context.aws_request_id),
            limits,
            NotificationOptions(
                settings.quiet_hours, settings.no_email_after, settings.runbook_url or ""
            ),
            create_outbox,
        )


@lru_cache(MAX_CACHED_TARGETS)
def _ports(
    target: Target, role_arn: str | None, external_id: str | None, settings: Settings
) -> Ports:
    """Return the ports of *target*, which a warm function keeps with its credentials.

    A target whose role cannot be assumed is not kept, so that each execution tries again.
    """
    spoke = FleetTarget(target, role_arn=role_arn, external_id=external_id)
    return build_ports(settings, time, spoke)


def _sweep(event: Mapping[str, Any], cause: Mapping[str, Any], fleet: FleetSettings) -> _Sweep:
    """Return the sweep that the invocation for *event* is part of. Raises InvalidEventError."""
    started = timestamp(event.get("started"))
    if started is None:
        raise InvalidEventError(
            f"started: {quote(event.get('started'))} is not a timestamp with an offset. Fix: start "
            "the state machine instead of the function."
        )
    return _Sweep(None if "now" in cause else started, started + fleet.fleet_interval)


def _cause(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the input of the execution. Raises InvalidEventError."""
    cause = event.get("event")
    check_type(cause)
    assert isinstance(cause, dict)
    return cause


def _text(event: Mapping[str, Any], key: str) -> str:
    value = event.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidEventError(
            f"{key}: {quote(value)} is not a name. Fix: start the state machine instead of the "
            "function."
        )
    return value


def _answer(
    target: FleetTarget,
    status: Status,
    report: RunReport | None = None,
    *,
    continues: bool = False,
    reason: str = "",
    details: str = "",
) -> dict[str, Any]:
    """Return the answer of *target*, which is in the results of the execution."""
    return {
        "account": target.target.account,
        "region": target.target.region,
        "status": status.value,
        "reason": reason or None,
        "details": details or None,
        "continue": continues,
        "due": report.notifications_sent if report else 0,
        "report": report.published_figures() if report else None,
    }
