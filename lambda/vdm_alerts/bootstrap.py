"""The composition root: from settings to everything that a run acts through."""

from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.adapters.aws.dynamodb_roster import TableRoster
from vdm_alerts.adapters.aws.dynamodb_state import TableStore
from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.adapters.aws.ses_metric_codec import reads_time_quickly
from vdm_alerts.adapters.aws.ses_metrics import CALLERS, Vdm
from vdm_alerts.adapters.aws.ses_rate_limiter import CALLS_A_SECOND, Pace
from vdm_alerts.adapters.aws.sns_notifier import Topic
from vdm_alerts.adapters.aws.ssm_rules import ParameterRules
from vdm_alerts.adapters.aws.ssm_silences import ParameterSilences
from vdm_alerts.ports import Ports
from vdm_alerts.settings import Settings

# boto3's own read time-out of 60 s, four times over, would outlast the function.
_PATIENCE = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
)


# A publish whose answer was lost is sent again, and people get it twice; so no more than once.
_TELLING = _PATIENCE.merge(Config(retries={"mode": "standard", "total_max_attempts": 2}))

READING = _PATIENCE.merge(Config(max_pool_connections=CALLERS))
"""How SES is asked: with a connection for every caller."""


def quick_session() -> Any:  # noqa: ANN401 - its clients are of whichever service
    """Return a boto3 session, of the environment, whose clients read instants quickly."""
    core = botocore.session.Session()
    reads_time_quickly(core)
    return boto3.Session(botocore_session=core)


def wire(settings: Settings) -> Ports:
    """Return the ports on AWS, with the credentials and the Region of the environment."""
    session = quick_session()
    ses = session.client("sesv2", config=READING)
    table = session.resource("dynamodb", config=_PATIENCE).Table(settings.table)
    parameters = session.client("ssm", config=_PATIENCE)
    return Ports(
        rules=ParameterRules(parameters, settings.rules_path, settings.digests),
        silences=ParameterSilences(parameters, settings.silences_path),
        account=SesAccount(ses),
        series=Vdm(ses, Pace(CALLS_A_SECOND * settings.quota_share)),
        rosters=TableRoster(table),
        store=TableStore(table),
        notifier=Topic(session.client("sns", config=_TELLING), settings.topic_arn),
        recorder=EmbeddedMetrics(settings.service, mask=settings.mask_addresses),
    )
