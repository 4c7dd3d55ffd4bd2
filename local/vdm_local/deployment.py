"""The stack in a local AWS, put there by the CDK's own command line, and what comes out of it."""

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

from vdm_local.account import ACCOUNT, REGION
from vdm_local.cdk import cdk
from vdm_local.launcher import LocalAws

EMAIL = "ops@example.com"
PATIENCE = 10.0
"""Seconds to wait for a message to arrive, which takes a tenth of one."""


class NotDelivered(Exception):
    """A subscriber did not get what was sent, or got more than that."""


class RunFailed(Exception):
    """The deployed function ended in an error; the message names its kind and what it said."""


def deploy(aws: LocalAws, *arguments: str) -> "Deployment":
    """Run `cdk deploy` with *arguments* and return what it put there. Raises CannotDeploy."""
    outputs = aws.folder / "outputs.json"
    cdk(aws, "deploy", "--require-approval=never", f"--outputs-file={outputs}", *arguments)
    (of_the_stack,) = json.loads(outputs.read_text()).values()
    return Deployment(aws, of_the_stack)


@dataclass(frozen=True)
class Deployment:
    """A deployed stack and its outputs."""

    aws: LocalAws
    outputs: Mapping[str, str]

    @cached_property
    def session(self) -> Any:  # noqa: ANN401 - its clients are of whichever service
        """A boto3 session in the local account."""
        return boto3.Session(
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=ACCOUNT,  # It is not checked.
            region_name=REGION,
        )

    def client(self, service: str) -> Any:  # noqa: ANN401 - the same
        """Return a client of *service* in the local account."""
        return self.session.client(
            service,
            endpoint_url=self.aws.url,
            verify=str(self.aws.certificate),
            config=Config(proxies={}),
        )

    @property
    def table(self) -> Any:  # noqa: ANN401 - boto3's own
        """What it remembers in."""
        resource = self.session.resource(
            "dynamodb", endpoint_url=self.aws.url, verify=str(self.aws.certificate)
        )
        return resource.Table(self.outputs["TableName"])

    def forget(self) -> None:
        """Have it remember nothing, as before its first run."""
        for item in self.table.scan()["Items"]:
            self.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})

    def run(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Invoke the function with *event* and return its summary. Raises RunFailed."""
        answer = self.client("lambda").invoke(
            FunctionName=self.outputs["FunctionName"], Payload=json.dumps(event).encode()
        )
        payload: dict[str, Any] = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise RunFailed(f"{payload.get('errorType')}: {payload.get('errorMessage')}")
        return payload

    def log(self) -> Sequence[dict[str, Any]]:
        """Return every line of JSON that the function has logged, oldest first."""
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
    def inbox(self) -> Iterator["Inbox"]:
        """Subscribe to the topic in each of the ways that people do, for the block."""
        with _chat_channel() as (address, chats):
            sns, sqs = self.client("sns"), self.client("sqs")
            url = sqs.create_queue(QueueName="machine")["QueueUrl"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            queue = attributes["Attributes"]["QueueArn"]
            topic = self.outputs["TopicArn"]
            allow = {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "sns.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": queue,
                    }
                ]
            }
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(allow)})
            for protocol, endpoint in (("sqs", queue), ("http", address)):
                sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
            token = _first(chats, "SubscriptionConfirmation")["Token"]
            chat = sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
            try:
                yield Inbox(self, sqs, url, chats)
            finally:
                sns.unsubscribe(SubscriptionArn=chat)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as each subscriber got it."""

    to: str
    subject: str
    text: str
    chat: Mapping[str, Any]
    document: Mapping[str, Any]


@dataclass
class Inbox:
    """What the subscribers of the topic have received, read one run at a time."""

    deployment: Deployment
    queues: Any
    queue: str
    chats: list[dict[str, Any]]
    read: int = 0
    documents: list[dict[str, Any]] = field(default_factory=list)

    def new(self, count: int) -> list[Delivery]:
        """Return the next *count* messages once all three subscribers have them.

        Raises NotDelivered where more or fewer came.
        """
        until = time.monotonic() + PATIENCE
        wanted = self.read + count
        while True:
            self._receive()
            mails = self.deployment.aws.mails()
            chats = [each for each in self.chats if each["Type"] == "Notification"]
            got = {"mail": len(mails), "chat": len(chats), "machine": len(self.documents)}
            if set(got.values()) == {wanted}:
                break
            if time.monotonic() > until or max(got.values()) > wanted:
                raise NotDelivered(f"{wanted} messages were sent in all, but {got} arrived")
            time.sleep(0.02)
        new = slice(self.read, wanted)
        self.read = wanted
        triples = zip(mails[new], chats[new], self.documents[new], strict=True)
        return [
            Delivery(
                mail["to"], mail["subject"], mail["text"], json.loads(chat["Message"]), document
            )
            for mail, chat, document in triples
        ]

    def _receive(self) -> None:
        answer = self.queues.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.documents.append(json.loads(json.loads(message["Body"])["Message"]))
            self.queues.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])


@contextmanager
def _chat_channel() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Listen on the loopback interface for what Amazon Q would get, for the block."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(json.loads(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: what was received says it all."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", received
    finally:
        server.shutdown()
        server.server_close()


def _first(received: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for each in received:
            if each["Type"] == kind:
                return each
        time.sleep(0.02)
    raise NotDelivered(f"no {kind} arrived within {PATIENCE:g} s")
