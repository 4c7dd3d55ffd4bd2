"""The composition root: it builds the ports on AWS from the settings."""

from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.adapters.aws.cloudwatch_reputation import CloudWatchReputation
from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metric_codec import use_fast_timestamps
from vdm_alerts.adapters.aws.ses_metrics import MAX_CONCURRENCY, SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import CALLS_PER_SECOND, Clock, RateLimiter
from vdm_alerts.adapters.aws.sns_notifier import SnsNotifier
from vdm_alerts.adapters.aws.ssm_rules import SsmRules
from vdm_alerts.adapters.aws.ssm_silences import SsmSilences
from vdm_alerts.adapters.aws.time_limit import limit_request_time
from vdm_alerts.ports import Ports
from vdm_alerts.settings import Settings

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
    core = botocore.session.Session()
    use_fast_timestamps(core)
    return boto3.Session(botocore_session=core)


def build_ports(settings: Settings, clock: Clock) -> Ports:
    """Return the ports on AWS as *settings* say, with rate limits by *clock*.

    The credentials and the Region of the clients come from the environment.
    """
    session = create_session()
    ses = session.client("sesv2", config=READ_CONFIG)
    table = session.resource("dynamodb", config=_BASE_CONFIG).Table(settings.table)
    parameters = session.client("ssm", config=_BASE_CONFIG)
    sns = session.client("sns", config=_PUBLISH_CONFIG)
    cloudwatch = session.client("cloudwatch", config=_BASE_CONFIG)
    for client in (ses, table.meta.client, parameters, sns, cloudwatch):
        limit_request_time(client, REQUEST_TIME)
    return Ports(
        rules=SsmRules(parameters, settings.rules_path, settings.rule_fingerprints),
        silences=SsmSilences(parameters, settings.silences_path),
        account=SesAccount(ses, clock),
        series=SesMetrics(ses, RateLimiter(clock, CALLS_PER_SECOND * settings.quota_share)),
        reputation=CloudWatchReputation(cloudwatch),
        rosters=DynamoDbRoster(table),
        store=DynamoDbState(table),
        notifier=SnsNotifier(sns, settings.topic_arn),
        recorder=EmbeddedMetrics(settings.service, mask=settings.mask_addresses),
    )
