"""The composition root: from settings to everything that a run acts through."""

from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metric_codec import use_fast_timestamps
from vdm_alerts.adapters.aws.ses_metrics import MAX_CONCURRENCY, SesMetrics
from vdm_alerts.adapters.aws.ses_rate_limiter import CALLS_A_SECOND, RateLimiter
from vdm_alerts.adapters.aws.sns_notifier import SnsNotifier
from vdm_alerts.adapters.aws.ssm_rules import SsmRules
from vdm_alerts.adapters.aws.ssm_silences import SsmSilences
from vdm_alerts.ports import Ports
from vdm_alerts.settings import Settings

# boto3's own read time-out of 60 s, four times over, would outlast the function.
_BASE_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
)


# A publish whose answer was lost is sent again, and people get it twice; so no more than once.
_PUBLISH_CONFIG = _BASE_CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 2}))

READ_CONFIG = _BASE_CONFIG.merge(Config(max_pool_connections=MAX_CONCURRENCY))
"""How SES is asked: with a connection for every caller."""


def create_session() -> Any:  # noqa: ANN401 - its clients are of whichever service
    """Return a boto3 session, of the environment, whose clients read instants quickly."""
    core = botocore.session.Session()
    use_fast_timestamps(core)
    return boto3.Session(botocore_session=core)


def build_ports(settings: Settings) -> Ports:
    """Return the ports on AWS, with the credentials and the Region of the environment."""
    session = create_session()
    ses = session.client("sesv2", config=READ_CONFIG)
    table = session.resource("dynamodb", config=_BASE_CONFIG).Table(settings.table)
    parameters = session.client("ssm", config=_BASE_CONFIG)
    return Ports(
        rules=SsmRules(parameters, settings.rules_path, settings.rule_fingerprints),
        silences=SsmSilences(parameters, settings.silences_path),
        account=SesAccount(ses),
        series=SesMetrics(ses, RateLimiter(CALLS_A_SECOND * settings.quota_share)),
        rosters=DynamoDbRoster(table),
        store=DynamoDbState(table),
        notifier=SnsNotifier(session.client("sns", config=_PUBLISH_CONFIG), settings.topic_arn),
        recorder=EmbeddedMetrics(settings.service, mask=settings.mask_addresses),
    )
