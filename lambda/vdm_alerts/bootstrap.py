"""The composition root: it builds the ports on AWS from the settings."""

from dataclasses import replace
from typing import Any

import boto3
from botocore.config import Config

from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.adapters.aws.cloudwatch_reputation import CloudWatchReputation
from vdm_alerts.adapters.aws.core_session import core_session
from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.adapters.aws.execution_files import ExecutionFiles
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metrics import MAX_CONCURRENCY, SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import CALLS_PER_SECOND, Clock, RateLimiter
from vdm_alerts.adapters.aws.sns_notifier import SnsNotifier
from vdm_alerts.adapters.aws.spoke_session import check_endpoint
from vdm_alerts.adapters.aws.ssm_rules import SsmRules
from vdm_alerts.adapters.aws.ssm_silences import SsmSilences
from vdm_alerts.adapters.aws.time_limit import limit_request_time
from vdm_alerts.ports import FleetPorts, Ports
from vdm_alerts.settings import DeliverySettings, Settings

REQUEST_TIME = 12
"""Seconds that one request may take, from its connection to the last byte of its response.

A call takes at most 4 requests, so a source that does not answer takes less than a minute. With
boto3's default read timeout of 60 s, 4 requests would take too long for the function.
"""
_BASE_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
)

# A retry of a publish whose response was lost sends a duplicate, so there is only one retry.
_PUBLISH_CONFIG = _BASE_CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 2}))

READ_CONFIG = _BASE_CONFIG.merge(Config(max_pool_connections=MAX_CONCURRENCY))
"""The configuration of the SES client, with a connection for each concurrent call."""


def create_session() -> Any:  # noqa: ANN401 - its clients have the type of their service
    """Return a boto3 session of the environment, with a fast parser of timestamps."""
    return boto3.Session(botocore_session=core_session())


def build_ports(settings: Settings, clock: Clock) -> Ports:
    """Return the ports on AWS as *settings* say, with rate limits by *clock*.

    The credentials and the Region of the clients come from the environment.
    """
    session = create_session()
    ses = _client(session, "sesv2", READ_CONFIG)
    table = session.resource("dynamodb", config=_BASE_CONFIG).Table(settings.table)
    limit_request_time(table.meta.client, REQUEST_TIME)
    parameters = _client(session, "ssm")
    return Ports(
        rules=SsmRules(parameters, settings.rules_path, settings.rule_fingerprints),
        silences=SsmSilences(parameters, settings.silences_path),
        account=SesAccount(ses, clock),
        series=_series(ses, settings, clock),
        reputation=CloudWatchReputation(_client(session, "cloudwatch")),
        rosters=DynamoDbRoster(table),
        store=DynamoDbState(table),
        notifier=SnsNotifier(_client(session, "sns", _PUBLISH_CONFIG), settings.topic_arn),
        recorder=EmbeddedMetrics(settings.service, mask=settings.mask_addresses),
    )


def build_target_ports(hub: Ports, session: Any, settings: Settings, clock: Clock) -> Ports:  # noqa: ANN401 - a session
    """Return the ports of a target of a fleet: its sources, and the other ports of the *hub*.

    *session* is in the account and Region of the target.

    Raises BlindTargetError if SES has no endpoint there.
    """
    ses = _limited(session.create_client("sesv2", config=READ_CONFIG))
    check_endpoint(ses)
    cloudwatch = _limited(session.create_client("cloudwatch", config=_BASE_CONFIG))
    return replace(
        hub,
        account=SesAccount(ses, clock),
        series=_series(ses, settings, clock),
        reputation=CloudWatchReputation(cloudwatch),
        recorder=EmbeddedMetrics(settings.service, mask=settings.mask_addresses, by_target=True),
    )


def build_fleet_ports(settings: DeliverySettings, files: ExecutionFiles) -> FleetPorts:
    """Return the ports of the step that delivers for a fleet, with the *files* of the execution."""
    session = create_session()
    table = session.resource("dynamodb", config=_BASE_CONFIG).Table(settings.table)
    limit_request_time(table.meta.client, REQUEST_TIME)
    return FleetPorts(
        store=DynamoDbState(table),
        notifier=SnsNotifier(_client(session, "sns", _PUBLISH_CONFIG), settings.topic_arn),
        handovers=files,
        known_targets=files.known_targets,
        recorder=EmbeddedMetrics(settings.service, mask=settings.mask_addresses),
    )


def execution_files(bucket: str, execution: str) -> ExecutionFiles:
    """Return the files of *execution*, its name, in *bucket*."""
    return ExecutionFiles(s3_client(), bucket, execution)


def s3_client() -> Any:  # noqa: ANN401 - a boto3 client
    """Return a client of S3."""
    return _client(create_session(), "s3")


def sts_client() -> Any:  # noqa: ANN401 - a boto3 client
    """Return a client of STS in the Region of the function."""
    return _client(create_session(), "sts")


def organizations_client() -> Any:  # noqa: ANN401 - a boto3 client
    """Return a client of AWS Organizations."""
    return _client(create_session(), "organizations")


def _series(ses: Any, settings: Settings, clock: Clock) -> SesMetrics:  # noqa: ANN401 - boto3
    return SesMetrics(ses, RateLimiter(clock, CALLS_PER_SECOND * settings.quota_share))


def _client(session: Any, service: str, config: Config = _BASE_CONFIG) -> Any:  # noqa: ANN401 - boto3
    """Return a client of *service* whose requests take at most `REQUEST_TIME`."""
    return _limited(session.client(service, config=config))


def _limited(client: Any) -> Any:  # noqa: ANN401 - boto3
    limit_request_time(client, REQUEST_TIME)
    return client
