"""Sessions in the accounts of a fleet, by a role that the hub assumes there."""

import socket
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import CredentialRetrievalError

from vdm_alerts.adapters.aws.core_session import core_session
from vdm_alerts.adapters.aws.errors import MALFORMED, translate_errors
from vdm_alerts.adapters.aws.well_formed_text import well_formed
from vdm_alerts.core.fleet.answers import CANNOT_ASSUME, NO_ENDPOINT
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sts import STSClient

SESSION_NAME = "vdm-alerts"
"""The name of each session, by which the log of CloudTrail in a spoke account shows the hub."""
ASSUME_ROLE = "sts:AssumeRole"
_METHOD = "sts-assume-role"
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})
"""The errors of a name that does not exist. Others can be an outage of the name service."""


class BlindTargetError(VdmAlertsError):
    """A target cannot be read at all."""

    def __init__(self, reason: str, details: str) -> None:
        """Create the error. *reason* is the same as long as the cause is; *details* are not."""
        super().__init__(f"{reason}: {details}")
        self.reason, self.details = reason, details


def spoke_session(sts: "STSClient", target: FleetTarget) -> Any:  # noqa: ANN401 - its clients have the type of their service
    """Return a session of botocore in the account and Region of *target*.

    Its credentials are those of the role of *target*, or of the environment if it has none. They
    are fetched when the first client needs them, and again shortly before they expire: AWS limits a
    session of a role that assumed another one to an hour. Nothing stores them outside this process.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html
    """
    session = core_session()
    session.set_config_variable("region", target.target.region)
    if target.role_arn:
        request = {"RoleArn": target.role_arn, "RoleSessionName": SESSION_NAME}
        if target.external_id:
            request["ExternalId"] = target.external_id
        session.register_component("credential_provider", _RoleProvider(sts, request))
    return session


def check_role(session: Any, target: FleetTarget) -> None:  # noqa: ANN401 - a session
    """Raise BlindTargetError if STS denies *session* the credentials of the role of *target*.

    A session whose credentials are still valid calls nothing. Raises UnavailableError for any
    other error of STS, which another try can fix.
    """
    if not target.role_arn:
        return
    try:
        with translate_errors(ASSUME_ROLE):
            session.get_credentials().get_frozen_credentials()
    except AccessDeniedError as error:
        reason = (
            f"{CANNOT_ASSUME} {target.role_arn}: it does not exist, or its trust policy does not "
            "allow the hub"
        )
        raise BlindTargetError(reason, well_formed(str(error.__cause__))) from error
    except RuntimeError as error:  # botocore: they have expired.
        raise UnavailableError(ASSUME_ROLE, well_formed(str(error))) from error


def check_endpoint(ses: "SESV2Client") -> None:
    """Raise BlindTargetError if SES has no endpoint in the Region of the client *ses*."""
    host, region = urlsplit(ses.meta.endpoint_url).hostname, ses.meta.region_name
    try:
        socket.getaddrinfo(host, None)
    except socket.gaierror as error:
        if error.errno not in _NO_SUCH_NAME:
            return  # The calls of the run report it.
        raise BlindTargetError(f"{NO_ENDPOINT} {region}", f"{host}: {error}") from error


class _RoleProvider:
    """The only provider of credentials of a session: it assumes a role."""

    def __init__(self, sts: "STSClient", request: Mapping[str, Any]) -> None:
        self._assume_role: Any = partial(sts.assume_role, **request)

    def load_credentials(self) -> DeferredRefreshableCredentials:
        """Return the credentials, which are fetched when they are needed."""
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=_METHOD)

    def _fetch(self) -> dict[str, str]:
        try:
            credentials = self._assume_role()["Credentials"]
            expiry: datetime = credentials["Expiration"]
            return {
                "access_key": credentials["AccessKeyId"],
                "secret_key": credentials["SecretAccessKey"],
                "token": credentials["SessionToken"],
                "expiry_time": expiry.isoformat(),
            }
        except MALFORMED as error:
            what = f"the response to {ASSUME_ROLE} cannot be read ({type(error).__name__})"
            # The error itself quotes the response, which has the credentials.
            raise CredentialRetrievalError(provider=_METHOD, error_msg=what) from None
