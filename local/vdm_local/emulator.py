"""The local AWS: ministack with a local VDM, TLS and IAM enforcement.

The launcher runs it with ministack's own interpreter. ministack has no VDM and sends no emails;
this module patches both into private names of ministack, so the version is pinned exactly.
"""

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias
from urllib.parse import parse_qs, parse_qsl

from vdm_alerts.core.model.target import Target
from vdm_local import cost_explorer
from vdm_local.certificate import write_certificate
from vdm_local.endpoint import Endpoint
from vdm_local.endpoints import HOME, Endpoints
from vdm_local.event_delivery import (
    add_event_bus_policies,
    deliver_with_roles,
    send_ses_event,
)
from vdm_local.fault_plug import Application, Event, FaultPlug, Receive, Send, read_body
from vdm_local.feedback_routing import notification_attributes
from vdm_local.fleet_scenario import load_scenarios
from vdm_local.functions import Functions
from vdm_local.iam_patches import (
    authorize_parameter_paths,
    enforce_table_policies,
    name_roles_of_sessions,
    record_permissions,
)
from vdm_local.launcher import CERTIFICATE, PREFIX
from vdm_local.responses import Response
from vdm_local.server import (
    CALLS,
    CLOCK,
    EVENTS,
    MAILBOX,
    PERMISSIONS,
    handle_control_request,
)
from vdm_local.service_roles import ServiceRoles
from vdm_local.step_functions import (
    MachinePermissions,
    limit_payloads,
    run_with_roles,
    write_results_of_maps,
)

EndpointOfRequest: TypeAlias = Callable[[], Endpoint]
"""Returns SES of the account and the Region of the current request."""


def main() -> None:
    """Serve on 127.0.0.1 until terminated."""
    parser = argparse.ArgumentParser(prog="vdm_local.emulator", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--scenario", type=Path, required=True)
    parser.add_argument(
        "--folder", type=Path, required=True, help="Folder for the files of the emulator."
    )
    parser.add_argument("--with-parent", action="store_true", help="Stop when stdin is closed.")
    arguments = parser.parse_args()
    if arguments.with_parent:
        Thread(target=_end_with_parent, args=[arguments.folder], daemon=True).start()
    certificate = arguments.folder / CERTIFICATE
    key = certificate.with_suffix(".key")
    write_certificate(certificate, key)
    os.environ |= {
        "GATEWAY_PORT": str(arguments.port),
        "BIND_HOST": "127.0.0.1",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "AUTH": "true",
        "USE_SSL": "1",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
    }
    # ministack reads its environment on import.
    from ministack import app as gateway  # noqa: PLC0415
    from ministack.core import (  # noqa: PLC0415
        iam_actions,
        iam_evaluator,
        lambda_runtime,
        responses,
    )
    from ministack.services import (  # noqa: PLC0415
        cloudwatch,
        dynamodb,
        eventbridge,
        iam,
        s3,
        ses,
        ses_v2,
        sns,
        stepfunctions,
        sts,
    )
    from ministack.services.cloudformation import provisioners  # noqa: PLC0415

    # Functions inherit the environment. They set their own log level, and import only their asset.
    del os.environ["LOG_LEVEL"], os.environ["PYTHONPATH"]
    endpoints = Endpoints(load_scenarios(arguments.scenario))
    endpoints.home.exports.url = f"https://127.0.0.1:{arguments.port}"

    def endpoint_of_request() -> Endpoint:
        return endpoints.of(Target(responses.get_account_id(), responses.get_region()))

    mailbox: list[dict[str, str]] = []
    used_permissions: set[tuple[str, str]] = set()
    _serve_vdm(ses_v2, endpoint_of_request)
    _serve_rates_of_ses(cloudwatch, endpoint_of_request)
    _serve_notification_attributes(ses, gateway, endpoint_of_request)
    _serve_cost_explorer(gateway, endpoint_of_request)
    _capture_emails(sns, mailbox)
    authorize_parameter_paths(iam_actions)
    name_roles_of_sessions(iam_evaluator)
    functions = Functions(gateway, iam_actions, lambda_runtime, sts)
    record_permissions(iam_evaluator, functions, used_permissions)
    _add_resource_types(provisioners, endpoint_of_request)
    _reject_invalid_resources(provisioners, sns)
    _accept_metric_math_alarms(provisioners)
    enforce_table_policies(provisioners, dynamodb, iam_evaluator)
    roles = ServiceRoles(iam, iam_evaluator)
    add_event_bus_policies(provisioners, eventbridge)
    deliver_with_roles(eventbridge, responses.request_scope, roles)
    permissions = MachinePermissions(stepfunctions, roles)
    write_results_of_maps(stepfunctions, s3, permissions)
    run_with_roles(stepfunctions, permissions)
    limit_payloads(stepfunctions)
    plug = FaultPlug(gateway.app, endpoints.home, functions)
    send_event = partial(send_ses_event, eventbridge, responses.request_scope)
    gateway.app = _with_control_paths(plug, endpoints, mailbox, used_permissions, send_event)
    gateway._port_is_bindable = lambda *_: False
    sys.argv = ["ministack"]
    gateway.main()


def _end_with_parent(folder: Path) -> None:
    """Wait until the parent process is gone, then end everything.

    This deletes only the folder of the launcher and ends only its own process group.
    """
    sys.stdin.buffer.read()
    if folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _serve_vdm(ses_v2: Any, endpoint_of_request: EndpointOfRequest) -> None:
    """Respond from the endpoint of the request after ministack has enforced IAM on the call.

    Faults of the connection are applied by the fault plug.
    """
    original = ses_v2.handle_request

    async def handle_request(
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        query: dict[str, Any],
    ) -> Any:
        parameters = {
            key: each[0] if isinstance(each, list) else each for key, each in query.items()
        }
        response = endpoint_of_request().respond(method, path, parameters, body)
        if response is None:
            return await original(method, path, headers, body, query)
        return response.status, dict(response.headers), response.payload

    ses_v2.handle_request = handle_request


def _serve_rates_of_ses(cloudwatch: Any, endpoint_of_request: EndpointOfRequest) -> None:
    """Let CloudWatch have the rates that SES reports until the time of its endpoint.

    ministack drops data that is older than two weeks, so they are stored before each call.
    """
    original = cloudwatch._get_metric_data

    def get_metric_data(*request: Any) -> Any:
        endpoint = endpoint_of_request()
        for name, rates in endpoint.scenario.ses_rates.items():
            cloudwatch._metrics["AWS/SES", name, cloudwatch._dims_key({})] = [
                {"Timestamp": at.timestamp(), "Value": rate, "Unit": "None", "Dimensions": {}}
                for at, rate in rates
                if at <= endpoint.clock
            ]
        cloudwatch._metrics["AWS/SES", "Send", cloudwatch._dims_key({})] = [
            {"Timestamp": at.timestamp(), "Value": emails, "Unit": "Count", "Dimensions": {}}
            for at, emails in endpoint.scenario.sent_today(endpoint.clock)
        ]
        return original(*request)

    cloudwatch._get_metric_data = get_metric_data


def _serve_notification_attributes(
    ses: Any, gateway: Any, endpoint_of_request: EndpointOfRequest
) -> None:
    """Let the first API of SES serve GetIdentityNotificationAttributes, which ministack lacks."""
    original = ses.handle_request

    async def handle_request(
        method: str, path: str, headers: Any, body: bytes, query: dict[str, Any]
    ) -> Any:
        form = parse_qs(body.decode("utf-8", "replace"))
        if form.get("Action") != ["GetIdentityNotificationAttributes"]:
            return await original(method, path, headers, body, query)
        names = [values[0] for key, values in form.items() if key.startswith("Identities.member.")]
        text = notification_attributes(endpoint_of_request().scenario, names)
        return 200, {"Content-Type": "text/xml"}, text.encode()

    ses.handle_request = handle_request
    gateway.SERVICE_HANDLERS["ses"] = handle_request


def _serve_cost_explorer(gateway: Any, endpoint_of_request: EndpointOfRequest) -> None:
    """Serve Cost Explorer, which ministack lacks."""

    async def handle_request(_: str, __: str, headers: Any, body: bytes, ___: Any) -> Any:
        return await cost_explorer.handle_request(endpoint_of_request(), headers, body)

    gateway.SERVICE_HANDLERS["ce"] = handle_request


def _capture_emails(sns: Any, mailbox: list[dict[str, str]]) -> None:
    """Store in *mailbox* the emails to subscribers, which ministack only logs."""
    original = sns._fanout

    def fanout(
        topic_arn: str,
        msg_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: Any = None,
        **more: Any,
    ) -> None:
        original(topic_arn, msg_id, message, subject, message_structure, message_attributes, **more)
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        text = sns._resolve_message_for_protocol(message, message_structure, "email")
        mailbox.extend(
            {
                "to": each["endpoint"],
                "subject": subject,
                "text": text,
                "received": datetime.now(UTC).isoformat(),
            }
            for each in topic["subscriptions"]
            if each.get("protocol") == "email"
            and each.get("confirmed")
            and sns._matches_filter_policy(each, message_attributes or {}, text)
        )

    sns._fanout = fanout


def _add_resource_types(provisioners: Any, endpoint_of_request: EndpointOfRequest) -> None:
    """Let CloudFormation create VdmAttributes and a Slack channel."""

    def enable_vdm(logical_id: str, _: Any, stack: str) -> tuple[str, dict[str, str]]:
        endpoint = endpoint_of_request()
        endpoint.scenario = replace(endpoint.scenario, vdm_enabled=True)
        return f"{stack}-{logical_id}", {}

    def create_channel(logical_id: str, _: Any, stack: str) -> tuple[str, dict[str, str]]:
        arn = f"arn:aws:chatbot::configuration/slack-channel/{stack}-{logical_id}"
        return arn, {"Arn": arn}

    kinds = {
        "AWS::SES::VdmAttributes": enable_vdm,
        "AWS::Chatbot::SlackChannelConfiguration": create_channel,
    }
    for kind, create in kinds.items():
        handlers = {"create": create, "delete": lambda *_: None}
        provisioners._RESOURCE_HANDLERS[kind] = handlers


def _accept_metric_math_alarms(provisioners: Any) -> None:
    """Accept alarms on metric math, which ministack rejects.

    Such an alarm never changes its state here.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
    original = dict(handlers)

    def create(logical_id: str, properties: Any, stack: str) -> Any:
        if "Metrics" not in properties:
            return original["create"](logical_id, properties, stack)
        name = f"{stack}-{logical_id}"
        return name, {"Arn": f"arn:aws:cloudwatch:::alarm:{name}"}

    def update(name: str, old: Any, new: Any, *more: Any, **named: Any) -> Any:
        if "Metrics" not in new:
            return original["update"](name, old, new, *more, **named)
        return name, {"Arn": f"arn:aws:cloudwatch:::alarm:{name}"}

    handlers |= {"create": create, "update": update}


def _reject_invalid_resources(provisioners: Any, sns: Any) -> None:
    """Let CloudFormation reject what AWS rejects and ministack accepts.

    The account is a new one, with a quota of 10 concurrent executions of Lambda.
    """

    def check_table(table: Any) -> None:
        name = table.get("TableName")
        if name in provisioners._dynamodb._tables:
            raise ValueError(f"Resource of type 'AWS::DynamoDB::Table' {name} already exists.")

    def check_subscription(subscription: Any) -> None:
        topic = sns._topics.get(subscription["TopicArn"]) or {"subscriptions": []}
        attributes = provisioners._sns_sub_attributes(subscription).items()
        if any(
            (each["protocol"], each["endpoint"])
            == (subscription["Protocol"], subscription["Endpoint"])
            and not attributes <= each["attributes"].items()
            for each in topic["subscriptions"]
        ):
            raise ValueError(
                "Invalid parameter: Attributes Reason: Subscription already exists with different "
                "attributes"
            )

    def check_function(function: Any) -> None:
        if "ReservedConcurrentExecutions" in function:
            raise ValueError(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                "UnreservedConcurrentExecution below its minimum value of [10]."
            )

    def check_schedule(schedule: Any) -> None:
        expression = schedule["ScheduleExpression"]
        if expression.startswith("cron(") and expression.split().count("?") != 1:
            raise ValueError(f"Invalid Schedule Expression {expression}.")

    for kind, check in (
        ("AWS::DynamoDB::Table", check_table),
        ("AWS::SNS::Subscription", check_subscription),
        ("AWS::Lambda::Function", check_function),
        ("AWS::Scheduler::Schedule", check_schedule),
    ):
        _check_on_creation(provisioners._RESOURCE_HANDLERS[kind], check)


def _check_on_creation(handlers: Any, check: Callable[[Any], None]) -> None:
    original = handlers["create"]

    def create(logical_id: str, properties: Any, stack: str) -> Any:
        check(properties)
        return original(logical_id, properties, stack)

    handlers["create"] = create


def _with_control_paths(
    plug: FaultPlug,
    endpoints: Endpoints,
    mailbox: list[dict[str, str]],
    used_permissions: set[tuple[str, str]],
    send_event: Callable[[Target, str], None],
) -> Application:
    """Return the application of *plug* with additional control paths."""

    async def app(scope: Event, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/_vdm/"):
            await plug(scope, receive, send)
            return
        body = await read_body(receive)
        reports: dict[str, dict[str, Any]] = {
            MAILBOX: {"emails": mailbox},
            CALLS: {"calls": plug.operations},
            PERMISSIONS: {"permissions": sorted(used_permissions)},
        }
        if (file := endpoints.home.exports.file(scope["path"])) is not None:
            await _send_text(send, file)
            return
        if scope["method"] == "GET" and scope["path"] in reports:
            response = Response(200, reports[scope["path"]])
        elif (scope["method"], scope["path"]) == ("PUT", EVENTS):
            send_event(_target_of(scope), json.loads(body)["detail-type"])
            response = Response(200, {})
        else:
            response = _handle_control_request(endpoints, scope, body) or Response(404, {})
        headers = [
            (name.lower().encode(), each.encode()) for name, each in response.headers.items()
        ]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.payload})

    return app


def _handle_control_request(endpoints: Endpoints, request: Event, body: bytes) -> Response | None:
    """Set the clock of all endpoints, or let that of the request's target handle it."""
    chosen = endpoints if request["path"] == CLOCK else [endpoints.of(_target_of(request))]
    for endpoint in chosen:
        response = handle_control_request(endpoint, request["method"], request["path"], body)
        if response is None or response.status != HTTPStatus.OK:
            break
    return response


def _target_of(request: Event) -> Target:
    """Return the target that the query of *request* names, by default that of the stack."""
    query = dict(parse_qsl(request["query_string"].decode()))
    return Target(query.get("account", HOME.account), query.get("region", HOME.region))


async def _send_text(send: Send, text: str) -> None:
    headers = [(b"content-type", b"text/csv")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


if __name__ == "__main__":
    main()
