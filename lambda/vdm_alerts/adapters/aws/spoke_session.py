"""Sessions in the accounts of a fleet, by a role that the hub assumes there."""

import socket
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from vdm_alerts.adapters.aws.errors import codes_of
from vdm_alerts.adapters.aws.ses_metric_codec import use_fast_timestamps
from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.model.errors import VdmAlertsError

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

SESSION_NAME = "vdm-alerts"
"""The name of each session, by which the log of CloudTrail in a spoke account shows the hub."""


class BlindTargetError(VdmAlertsError):
    """A target cannot be read at all."""

    def __init__(self, reason: str, details: str) -> None:
        """Create the error. *reason* is the same as long as the cause is; *details* are not."""
        super().__init__(f"{reason}: {details}")
        self.reason, self.details = reason, details


def spoke_session(sts: "STSClient", target: FleetTarget) -> Any:  # noqa: ANN401 - its clients have the type of their service
    """Return a boto3 session in the account and Region of *target*.

    Its credentials are those of the role of *target*, or of the environment if it has none. They
    are fetched when the first client needs them, and again shortly before they expire: AWS limits a
    session of a role that assumed another one to an hour. Nothing stores them outside this process.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html
    """
    core = botocore.session.Session()
    core.set_config_variable("region", target.target.region)
    use_fast_timestamps(core)
    if target.role_arn:
        request = {"RoleArn": target.role_arn, "RoleSessionName": SESSION_NAME}
        if target.external_id:
            request["ExternalId"] = target.external_id
        core.register_component("credential_provider", _RoleProvider(sts, request))
    return boto3.Session(botocore_session=core)


def check_access(session: Any, target: FleetTarget) -> None:  # noqa: ANN401 - a boto3 session
    """Raise BlindTargetError if *target* cannot be read through *session*.

    That is, if its role cannot be assumed, or if SES has no endpoint in its Region.
    """
    if target.role_arn:
        try:
            session.get_credentials().get_frozen_credentials()
        except (ClientError, BotoCoreError) as error:
            is_denied = isinstance(error, ClientError) and "AccessDenied" in codes_of(error)
            reason = f"the hub cannot assume the role {target.role_arn}"
            if is_denied:
                reason += ", or the trust policy of the role denies the hub"
            raise BlindTargetError(reason, well_formed(str(error))) from error
    host = urlsplit(session.client("sesv2").meta.endpoint_url).hostname
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        region = target.target.region
        raise BlindTargetError(
            f"Amazon SES has no endpoint in the Region {region}", f"{host}: {error}"
        ) from error


class _RoleProvider:
    """The only provider of credentials of a session: it assumes a role."""

    def __init__(self, sts: "STSClient", request: Mapping[str, Any]) -> None:
        self._assume_role: Any = partial(sts.assume_role, **request)

    def load_credentials(self) -> DeferredRefreshableCredentials:
        """Return the credentials, which are fetched when they are needed."""
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method="sts-assume-role")

    def _fetch(self) -> dict[str, str]:
        credentials = self._assume_role()["Credentials"]
        expiry: datetime = credentials["Expiration"]
        return {
            "access_key": credentials["AccessKeyId"],
            "secret_key": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
            "expiry_time": expiry.isoformat(),
        }
