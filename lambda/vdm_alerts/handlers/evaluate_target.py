"""How the evaluator handles one target of a fleet, for which the state machine invokes it."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.aws.execution_files import ExecutionFiles
from vdm_alerts.adapters.aws.spoke_session import BlindTargetError, check_role, spoke_session
from vdm_alerts.app.hand_over import HandoverOutbox
from vdm_alerts.app.list_targets import SES_EVENT_SOURCE
from vdm_alerts.bootstrap import build_ports, build_target_ports, s3_client, sts_client
from vdm_alerts.core.fleet.answers import BUSY, Status
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.targets import target_from_item
from vdm_alerts.core.model.errors import LeaseHeldError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.observations.run_report import RunReport
from vdm_alerts.handlers.events import (
    TARGET,
    WEEKLY_SUMMARY,
    InvalidEventError,
    execution_of,
    flag,
    input_of,
    start_of,
    time_of,
)
from vdm_alerts.handlers.invocation import Invocation, Sweep
from vdm_alerts.handlers.invocation_time import LONGEST_SWEEP
from vdm_alerts.ports import Ports
from vdm_alerts.settings import Settings, read_fleet_settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

MAX_CACHED_TARGETS = 20
"""Targets whose clients and credentials a warm function keeps.

Each takes up to 2.5 MB, with all connections open, of the 256 MB that the function has.
"""


def answer_for_target(
    event: Mapping[str, Any], context: "LambdaContext", settings: Settings
) -> dict[str, Any]:
    """Evaluate the target of *event*, hand over what is due, and return its answer.

    *event* has the target, the name of the execution, the time of its start, and its input as
    "event". If "continue" is true in the answer, the time of the invocation was too short to read
    everything, and the state machine invokes the function again.

    A target that cannot be read at all, and a run that finds another one active, are answers and
    not errors. Raises InvalidEventError, InvalidTargetItemError and what the run raises;
    LeaseHeldError only for an event of SES or a request for a weekly summary, which the other run
    might have missed.
    """
    fleet = read_fleet_settings(os.environ)
    if fleet is None:
        raise InvalidEventError(
            "target: this stack monitors no fleet. Fix: deploy it with -c fleet=FILE, or leave "
            "the target out."
        )
    wall_clock = datetime.now(UTC)
    target, execution = target_from_item(event[TARGET]), execution_of(event)
    cause, started = input_of(event, wall_clock), start_of(event, wall_clock)
    hub = _hub(settings)
    requests_summary = flag(cause, WEEKLY_SUMMARY)
    if requests_summary:  # Also for a blind target: its next run sends the summary.
        hub.ports.store.request_summary(target.target, time_of(cause, wall_clock).date())
    try:
        session, ports = _connection(target.target, target.role_arn, target.external_id, settings)
        check_role(session, target)
    except BlindTargetError as error:
        return _answer(target, Status.BLIND, reason=error.reason, details=error.details)
    sweep = Sweep(
        # Unlike the ID of an invocation, it is the same in each retry by Step Functions.
        f"evaluate:{execution}",
        started if cause.get("now") is None else None,
        started + min(fleet.fleet_interval, LONGEST_SWEEP),
    )
    invocation = Invocation(cause, context, settings, sweep)
    handovers = ExecutionFiles(hub.s3, fleet.fleet_bucket, execution)
    try:
        tagged = replace(target.target, tags=target.tags)
        report = invocation.run(ports, tagged, partial(HandoverOutbox, handovers))
    except LeaseHeldError:
        if requests_summary or cause.get("source") == SES_EVENT_SOURCE:
            raise  # The other run might have missed the news: the state machine tries again.
        return _answer(target, Status.SKIPPED, reason=BUSY)
    return _answer(target, Status.EVALUATED, report, continues=report.is_cut_short)


@dataclass(frozen=True, slots=True)
class _Hub:
    """What all targets share in a warm function."""

    ports: Ports
    sts: "STSClient"
    s3: "S3Client"


@cache
def _hub(settings: Settings) -> _Hub:
    return _Hub(build_ports(settings, time), sts_client(), s3_client())


@lru_cache(MAX_CACHED_TARGETS)
def _connection(
    target: Target, role_arn: str | None, external_id: str | None, settings: Settings
) -> tuple[Any, Ports]:
    """Return a session and the ports of *target*, which a warm function keeps.

    The credentials of the session are those of *role_arn* for *external_id*. Raises
    BlindTargetError, and keeps nothing then.
    """
    hub = _hub(settings)
    spoke = FleetTarget(target, role_arn=role_arn, external_id=external_id)
    session = spoke_session(hub.sts, spoke)
    return session, build_target_ports(hub.ports, session, settings, time)


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
