"""A test notification, and who gets it: what `vdm-alerts test-alert` does."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.config import Config

from vdm_alerts.adapters.aws.errors import translate_errors, translate_read_errors
from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.delivery_test import DeliveryTest
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import render
from vdm_alerts.handlers.events import TEST_ALERT
from vdm_alerts_cli.clock import VARIABLE, current_time
from vdm_alerts_cli.connection import Connection, connect
from vdm_alerts_cli.deployment import Deployment, require_deployment
from vdm_alerts_cli.errors import NotReadError, UnexpectedResultError
from vdm_alerts_cli.exit_status import ExitStatus
from vdm_alerts_cli.options import AccountOptions, Format, OutputOptions
from vdm_alerts_cli.output import Column, Row, print_json, print_rows, say, warn
from vdm_alerts_cli.subscriptions import CONFIRMED, Subscription, subscriptions_of

COUNTS: Mapping[str, str] = {
    "delivered": "NumberOfNotificationsDelivered",
    "failed": "NumberOfNotificationsFailed",
    "filtered_out": "NumberOfNotificationsFilteredOut",
}
"""The CloudWatch metric of each count.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
"""
COUNTED_PERIOD = timedelta(hours=1)
_INVOKE_CONFIG = Config(read_timeout=120, retries={"total_max_attempts": 1})
"""One attempt: another one would send another notification."""


def run_test_alert(account: AccountOptions, output: OutputOptions) -> ExitStatus:
    """Publish a test notification, and print who gets it."""
    connection = connect(account)
    deployment = require_deployment(connection, account.prefix)
    topic = deployment.settings.topic_arn
    subscriptions = subscriptions_of(connection.client("sns"), topic)
    test = send_test(connection, deployment)
    say(f"SNS accepted the test notification {test}.", output)
    rows = [_row(each, deployment.settings.target) for each in subscriptions]
    try:
        counts = topic_counts(connection.client("cloudwatch"), topic, current_time())
    except VdmAlertsError as error:
        warn(f"not read: the counts of the topic: {error}")
        counts = dict.fromkeys(COUNTS)
    if output.format is Format.JSON:
        print_json({"test": test, "topic": counts, "subscriptions": rows}, output)
    else:
        print_rows(rows, _COLUMNS, output, "The topic has no subscription.")
    for line in _remarks(rows, counts):
        say(line, output)
    gets_test = {row["gets_test"] for row in rows}
    if True in gets_test:
        return ExitStatus.WELL
    warn(_no_receiver(gets_test | {row["gets_critical"] for row in rows}))
    return ExitStatus.of(found=None not in gets_test, unread=None in gets_test)


def send_test(connection: Connection, deployment: Deployment) -> str:
    """Have the deployed function publish a test notification, and return its id.

    Raises UnexpectedResultError if the function fails, and NotReadError if it does not know tests.
    """
    event: dict[str, Any] = {TEST_ALERT: True}
    if now := os.environ.get(VARIABLE):  # A local AWS, in which time stands still.
        event["now"] = now
    client = connection.session.client("lambda", config=_INVOKE_CONFIG)
    with translate_errors("lambda:InvokeFunction"):
        response = client.invoke(FunctionName=deployment.function, Payload=json.dumps(event))
        answer = json.loads(response["Payload"].read())
    if response.get("FunctionError"):
        what = answer.get("errorMessage") if isinstance(answer, dict) else answer
        raise UnexpectedResultError(
            f"The function could not publish a test notification: {what}. Its log has more."
        )
    if not isinstance(answer, dict) or "test" not in answer:
        raise NotReadError(
            "The deployed function does not know test notifications: it made a usual run instead. "
            "Fix: deploy this version of VDM Alerts."
        )
    return str(answer["test"])


def topic_counts(client: Any, topic_arn: str, now: datetime) -> dict[str, int | None]:  # noqa: ANN401
    """Return what SNS counted for the topic in the last hour; None if CloudWatch has no count.

    Raises AccessDeniedError or UnavailableError.
    """
    dimensions = [{"Name": "TopicName", "Value": topic_arn.rsplit(":", 1)[-1]}]
    counts: dict[str, int | None] = {}
    for name, metric in COUNTS.items():
        with translate_read_errors("cloudwatch:GetMetricStatistics"):
            points = client.get_metric_statistics(
                Namespace="AWS/SNS",
                MetricName=metric,
                Dimensions=dimensions,
                StartTime=now - COUNTED_PERIOD,
                EndTime=now,
                Period=int(COUNTED_PERIOD.total_seconds()),
                Statistics=["Sum"],
            )["Datapoints"]
            counts[name] = int(sum(point["Sum"] for point in points)) if points else None
    return counts


def critical_attributes(target: Target) -> Mapping[str, str]:
    """Return the message attributes of a new critical alert of the rule bounce-rate."""
    return {
        "kind": "incident",
        "account": target.account,
        "region": target.region,
        "severity": "CRITICAL",
        "reason": "FIRING",
        "rule": "bounce-rate",
        "indicator": "bounce_rate",
    }


def _row(subscription: Subscription, target: Target) -> Row:
    test = DeliveryTest(current_time())
    attributes = render(test, Links(target), test.requested_at).attributes
    return {
        "id": subscription.arn,
        "protocol": subscription.protocol,
        "endpoint": subscription.endpoint,
        "state": subscription.state,
        "gets_test": subscription.receives(attributes),
        "gets_critical": subscription.receives(critical_attributes(target)),
    }


def _remarks(rows: Sequence[Row], counts: Mapping[str, int | None]) -> Sequence[str]:
    listed = ", ".join(
        f"{name.replace('_', ' ')} {'unknown' if count is None else f'{count:,}'}"
        for name, count in counts.items()
    )
    remarks = [
        f"The topic in the last hour: {listed}. CloudWatch has the test after some minutes.",
        "SNS reports no delivery for a single email address. Look into the inbox, and into spam.",
    ]
    if any(row["state"] != CONFIRMED for row in rows):
        remarks.append("A pending subscription gets nothing. Confirm it by the link in its email.")
    return remarks


def _no_receiver(received: set[bool | None]) -> str:
    """Return why no subscription gets the test. *received* has the results of an alert, too."""
    if None in received:
        return "not known whether a subscription gets the test: its filter policy is not supported."
    if True in received:
        return "no subscription gets the test: filter policies drop it. They pass alerts."
    return "no subscription gets notifications: none is confirmed, or filter policies drop all."


def _yes_or_no(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[value]


_COLUMNS = (
    Column("Protocol", lambda row: row["protocol"]),
    Column("Endpoint", lambda row: row["endpoint"]),
    Column("State", lambda row: row["state"]),
    Column("Gets the test", lambda row: _yes_or_no(row["gets_test"])),
    Column("Gets CRITICAL", lambda row: _yes_or_no(row["gets_critical"])),
)
