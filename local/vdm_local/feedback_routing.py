"""Where the senders of a scenario report bounces and complaints.

A configuration set has an event destination for both, and an identity forwards both by email,
unless the scenario names it in `without_feedback`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from vdm_local.account import ACCOUNT, REGION
from vdm_local.responses import SesError
from vdm_local.scenario import Scenario

_NAMESPACE = "http://ses.amazonaws.com/doc/2010-12-01/"


def event_destinations(scenario: Scenario, name: str) -> Mapping[str, Any]:
    """Respond to GetConfigurationSetEventDestinations. Raises SesError."""
    if name not in scenario.configuration_sets:
        raise SesError(f"Configuration set <{name}> does not exist.", "NotFoundException", 404)
    if name in scenario.without_feedback:
        return {"EventDestinations": []}
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:feedback"
    destination = {
        "Name": "feedback",
        "Enabled": True,
        "MatchingEventTypes": ["BOUNCE", "COMPLAINT"],
        "SnsDestination": {"TopicArn": topic},
    }
    return {"EventDestinations": [destination]}


def email_identity(scenario: Scenario, name: str) -> Mapping[str, Any]:
    """Respond to GetEmailIdentity. Raises SesError."""
    if name not in scenario.identities:
        raise SesError(f"Email identity {name} does not exist.", "NotFoundException", 404)
    return {
        "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
        "FeedbackForwardingStatus": name not in scenario.without_feedback,
        "VerifiedForSendingStatus": True,
        "VerificationStatus": "SUCCESS",
    }


def notification_attributes(scenario: Scenario, names: Sequence[str]) -> str:
    """Respond to GetIdentityNotificationAttributes, an operation of the first API of SES."""
    entries = "".join(
        f"<entry><key>{escape(name)}</key><value><ForwardingEnabled>"
        f"{str(name not in scenario.without_feedback).lower()}"
        "</ForwardingEnabled></value></entry>"
        for name in names
        if name in scenario.identities
    )
    operation = "GetIdentityNotificationAttributes"
    return (
        f'<{operation}Response xmlns="{_NAMESPACE}"><{operation}Result>'
        f"<NotificationAttributes>{entries}</NotificationAttributes>"
        f"</{operation}Result></{operation}Response>"
    )
