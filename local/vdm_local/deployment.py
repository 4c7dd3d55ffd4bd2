"""The stack in a local AWS, deployed by the CDK, and its messages."""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

from vdm_alerts.core.model.target import Target
from vdm_local.cdk import cdk
from vdm_local.endpoints import HOME
from vdm_local.launcher import LocalAws

EMAIL = "ops@example.com"
DELIVERY_TIMEOUT_S = 10.0
"""Seconds to wait for a message, which usually takes 0.1 s."""
_POLL_INTERVAL_S = 0.02


class DeliveryError(Exception):
    """A subscriber received too few or too many messages."""


class InvocationFailedError(Exception):
    """The deployed function failed; the message has the error type and text."""


def session_in(target: Target) -> Any:  # noqa: ANN401 - boto3 is untyped
    """Return a boto3 session in an account and a Region of a local AWS."""
    return boto3.Session(
        aws_access_key_id=target.account,
        aws_secret_access_key=target.account,  # ministack does not check it.
        region_name=target.region,
    )


def client_of(session: Any, service: str, aws: LocalAws) -> Any:  # noqa: ANN401 - boto3 is untyped
    """Return a client of *service* in *aws*."""
    return session.client(
        service, endpoint_url=aws.url, verify=str(aws.certificate), config=Config(proxies={})
    )


def deploy(aws: LocalAws, *arguments: str) -> "LocalDeployment":
    """Run `cdk deploy` with *arguments* and return the deployed stack.

    Raises CdkError.
    """
    outputs = aws.folder / "outputs.json"
    cdk(aws, "deploy", "--require-approval=never", f"--outputs-file={outputs}", *arguments)
    (stack_outputs,) = json.loads(outputs.read_text("utf-8")).values()
    return LocalDeployment(aws, stack_outputs)


@dataclass(frozen=True)
class LocalDeployment:
    """A stack that is deployed in a local AWS, and its outputs."""

    aws: LocalAws
    outputs: Mapping[str, str]

    @cached_property
    def session(self) -> Any:  # noqa: ANN401 - boto3 is untyped
        """A boto3 session in the local account."""
        return session_in(HOME)

    def client(self, service: str, target: Target = HOME) -> Any:  # noqa: ANN401 - boto3 is untyped
        """Return a client of *service* in the local account, or in another *target*."""
        session = self.session if target == HOME else session_in(target)
        return client_of(session, service, self.aws)

    @property
    def table(self) -> Any:  # noqa: ANN401 - boto3 is untyped
        """The state table."""
        resource = self.session.resource(
            "dynamodb", endpoint_url=self.aws.url, verify=str(self.aws.certificate)
        )
        return resource.Table(self.outputs["TableName"])

    def clear_state(self) -> None:
        """Empty the state table, as before the first run."""
        for item in self.table.scan()["Items"]:
            self.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Invoke the function with *event* and return its run report.

        Raises InvocationFailedError.
        """
        reply = self.client("lambda").invoke(
            FunctionName=self.outputs["FunctionName"], Payload=json.dumps(event).encode()
        )
        payload: dict[str, Any] = json.load(reply["Payload"])
        if "FunctionError" in reply:
            error = f"{payload.get('errorType')}: {payload.get('errorMessage')}"
            raise InvocationFailedError(error)
        return payload

    def log(self) -> Sequence[dict[str, Any]]:
        """Return every JSON line that the function has logged, oldest first."""
        function = self.client("lambda").get_function_configuration(
            FunctionName=self.outputs["FunctionName"]
        )
        pages = self.client("logs").get_paginator("filter_log_events")
        group = function["LoggingConfig"]["LogGroup"]
        events = (event for page in pages.paginate(logGroupName=group) for event in page["events"])
        in_order = sorted(events, key=lambda event: event["timestamp"])
        lines = (event["message"].strip() for event in in_order)
        return [json.loads(line) for line in lines if line.startswith("{")]

    @contextmanager
    def inbox(self) -> Iterator["SubscriberInbox"]:
        """Subscribe a queue and an HTTP endpoint to the topic for the block.

        The email address is subscribed by the stack.
        """
        with _http_subscriber() as (address, chat_messages):
            sns, sqs = self.client("sns"), self.client("sqs")
            url = sqs.create_queue(QueueName="machine")["QueueUrl"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            queue = attributes["Attributes"]["QueueArn"]
            topic = self.outputs["TopicArn"]
            policy = {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "sns.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": queue,
                    }
                ]
            }
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
            for protocol, endpoint in (("sqs", queue), ("http", address)):
                sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
            token = _wait_for_message(chat_messages, "SubscriptionConfirmation")["Token"]
            confirmed = sns.confirm_subscription(TopicArn=topic, Token=token)
            try:
                yield SubscriberInbox(self, sqs, url, chat_messages)
            finally:
                sns.unsubscribe(SubscriptionArn=confirmed["SubscriptionArn"])


@dataclass(frozen=True, slots=True)
class ReceivedNotification:
    """One notification as each kind of subscriber received it."""

    to: str
    """The email address."""
    subject: str
    text: str
    chat: Mapping[str, Any]
    """The custom notification for Amazon Q Developer."""
    document: Mapping[str, Any]
    """The JSON payload for machines."""


@dataclass
class SubscriberInbox:
    """What the subscribers of the topic have received."""

    deployment: LocalDeployment
    sqs: Any
    queue_url: str
    chat_messages: list[dict[str, Any]]
    """Everything that the HTTP endpoint received."""
    received_count: int = 0
    """How many notifications `receive` has returned."""
    documents: list[dict[str, Any]] = field(default_factory=list)
    """Everything that was read from the queue."""

    def receive(self, count: int) -> list[ReceivedNotification]:
        """Return the next *count* notifications when all subscribers have them.

        Raises DeliveryError if a subscriber received fewer or more.
        """
        deadline = time.monotonic() + DELIVERY_TIMEOUT_S
        expected = self.received_count + count
        while True:
            self._poll_queue()
            emails = self.deployment.aws.emails()
            chats = [each for each in self.chat_messages if each["Type"] == "Notification"]
            counts = {"email": len(emails), "chat": len(chats), "JSON": len(self.documents)}
            if set(counts.values()) == {expected}:
                break
            if time.monotonic() > deadline or max(counts.values()) > expected:
                arrived = ", ".join(f"{count} by {form}" for form, count in counts.items())
                raise DeliveryError(
                    f"Expected {expected} notifications in each form, but {arrived} arrived."
                )
            time.sleep(_POLL_INTERVAL_S)
        new = slice(self.received_count, expected)
        self.received_count = expected
        return [
            ReceivedNotification(
                email["to"], email["subject"], email["text"], json.loads(chat["Message"]), document
            )
            for email, chat, document in zip(
                emails[new], chats[new], self.documents[new], strict=True
            )
        ]

    def receive_all(self) -> list[Mapping[str, Any]]:
        """Return the payload of every new notification when all subscribers have them.

        SNS puts a message into the queue before it responds to a publish, so none is under way.
        Raises DeliveryError if a subscriber received fewer or more.
        """
        while self._poll_queue():
            pass
        return [each.document for each in self.receive(len(self.documents) - self.received_count)]

    def _poll_queue(self) -> bool:
        """Receive what is in the queue; return whether anything was."""
        reply = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        messages = reply.get("Messages", [])
        for message in messages:
            self.documents.append(json.loads(json.loads(message["Body"])["Message"]))
            self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return bool(messages)


@contextmanager
def _http_subscriber() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Receive SNS messages on the loopback interface, in place of Amazon Q."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(json.loads(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[_POLL_INTERVAL_S], daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", received
    finally:
        server.shutdown()
        server.server_close()


def _wait_for_message(received: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    deadline = time.monotonic() + DELIVERY_TIMEOUT_S
    while time.monotonic() < deadline:
        for message in received:
            if message["Type"] == kind:
                return message
        time.sleep(_POLL_INTERVAL_S)
    raise DeliveryError(f"No {kind} message of SNS arrived within {DELIVERY_TIMEOUT_S:g} s.")
