"""The subscriptions of the topic: who gets a notification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from vdm_alerts.adapters.aws.errors import translate_read_errors
from vdm_alerts.core.model.naming import mask_addresses
from vdm_alerts_cli.filter_policy import passes

CONFIRMED, PENDING, DELETED = "confirmed", "pending", "deleted"
PENDING_ARN, DELETED_ARN = "PendingConfirmation", "Deleted"
"""What SNS lists in place of the ARN of a subscription that is not confirmed, or was deleted."""
_SHOWN_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of the topic."""

    arn: str
    protocol: str
    endpoint: str
    """The endpoint, with the part masked that is private."""
    state: str
    attributes: Mapping[str, str] | None
    """The attributes of the subscription; None if it has none, because it is not confirmed."""

    def receives(self, message: Mapping[str, str]) -> bool | None:
        """Return whether a message with the attributes *message* reaches it; None if unknown."""
        if self.attributes is None:
            return False
        return passes(self.attributes, message)


def subscriptions_of(client: Any, topic_arn: str) -> Sequence[Subscription]:  # noqa: ANN401 - boto3
    """Return every subscription of the topic *topic_arn*.

    Raises AccessDeniedError or UnavailableError.
    """
    with translate_read_errors("sns:ListSubscriptionsByTopic"):
        pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
        listed = [each for page in pages for each in page["Subscriptions"]]
    return [_subscription(client, each) for each in listed]


def _subscription(client: Any, listed: Mapping[str, str]) -> Subscription:  # noqa: ANN401 - boto3
    arn, attributes = listed["SubscriptionArn"], None
    state = {PENDING_ARN: PENDING, DELETED_ARN: DELETED}.get(arn, CONFIRMED)
    if state == CONFIRMED:
        with translate_read_errors("sns:GetSubscriptionAttributes"):
            response = client.get_subscription_attributes(SubscriptionArn=arn)
        attributes = response["Attributes"]
        if attributes.get("PendingConfirmation") == "true":
            state, attributes = PENDING, None
    endpoint = masked_endpoint(listed["Protocol"], listed["Endpoint"])
    return Subscription(arn, listed["Protocol"], endpoint, state, attributes)


def masked_endpoint(protocol: str, endpoint: str) -> str:
    """Return *endpoint* without its private part: a name, the digits of a number, or a path."""
    if protocol in {"http", "https"}:
        return f"{protocol}://{urlsplit(endpoint).hostname or ''}/***"
    if protocol == "sms":
        return f"***{endpoint[-_SHOWN_DIGITS:]}"
    return mask_addresses(endpoint)
