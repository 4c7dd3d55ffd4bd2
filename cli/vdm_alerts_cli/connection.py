"""The connection to the account and the Region of the user."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from vdm_alerts.adapters.aws.ses_metric_codec import use_fast_timestamps
from vdm_alerts.adapters.aws.ses_metrics import MAX_CONCURRENCY
from vdm_alerts.adapters.aws.time_limit import limit_request_time
from vdm_alerts.bootstrap import REQUEST_TIME
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts_cli.errors import InvalidInputError, NotReadError
from vdm_alerts_cli.options import AccountOptions

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=MAX_CONCURRENCY,
)


@dataclass(frozen=True)
class Connection:
    """An AWS account in a Region, with the credentials of the user."""

    session: Any
    """A boto3 session."""
    region: str
    account: str
    """The account ID, of 12 digits."""
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        """The account and Region to read."""
        return Target(self.account, self.region)

    def client(self, service: str) -> Any:  # noqa: ANN401 - a boto3 client
        """Return the client of *service*, always the same one. Its requests end in time."""
        if service not in self._clients:
            client = self.session.client(service, config=_CONFIG)
            limit_request_time(client, REQUEST_TIME)
            self._clients[service] = client
        return self._clients[service]

    @cached_property
    def dynamodb(self) -> Any:  # noqa: ANN401 - a boto3 resource
        """The resource of DynamoDB."""
        return self.session.resource("dynamodb", config=_CONFIG)


def connect(options: AccountOptions) -> Connection:
    """Return the connection that *options* and the AWS environment describe.

    It asks AWS for the account of the credentials, which needs no permission. Raises
    InvalidInputError without a Region, ProfileNotFound, NotReadError if there are no valid
    credentials, and BotoCoreError if AWS cannot be reached.
    """
    core = botocore.session.Session(profile=options.profile)
    use_fast_timestamps(core)
    session = boto3.Session(botocore_session=core, region_name=options.region)
    if not session.region_name:
        raise InvalidInputError(
            "There is no AWS Region. Use --region, for example --region eu-west-1, or set "
            "AWS_REGION."
        )
    if session.region_name not in session.get_available_regions("sesv2", _partition(session)):
        raise InvalidInputError(
            f"{quote(session.region_name)} is not a Region of SES that boto3 {boto3.__version__} "
            "knows. Use the Region in which you send email, for example --region eu-west-1, or "
            "update boto3 if the Region is new."
        )
    try:
        identity = session.client("sts", config=_CONFIG).get_caller_identity()
    except NoCredentialsError as error:
        raise NotReadError(
            "There are no AWS credentials. Fix: sign in, or use --profile."
        ) from error
    except ClientError as error:
        raise NotReadError(
            f"AWS does not accept your credentials: {error}. Fix: sign in, or use --profile."
        ) from error
    return Connection(session, session.region_name, str(identity["Account"]))


def _partition(session: Any) -> str:  # noqa: ANN401 - a boto3 session
    """Return the partition of the session's Region: "aws" if botocore does not know the Region."""
    try:
        return str(session.get_partition_for_region(session.region_name))
    except BotoCoreError:
        return "aws"
