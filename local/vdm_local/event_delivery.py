"""Patches of ministack's EventBridge: event buses of other accounts, and the roles of targets."""

import json
import logging
from typing import Any

from vdm_alerts.core.model.target import Target
from vdm_local.service_roles import PUT_EVENTS, ServiceRoles

_ACTIONS = {
    "events": PUT_EVENTS,
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "states": "states:StartExecution",
}
"""The permission that the role of a target needs, by the service of the target."""
_NEED_A_ROLE = {"events", "states"}
"""Services of targets that EventBridge reaches with a role only.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
"""
_SENT_ON = "_SentOn"
"""The key of an event that another account has sent on."""
_log = logging.getLogger("events")


def add_event_bus_policies(provisioners: Any, eventbridge: Any) -> None:
    """Let CloudFormation create policies of event buses, which ministack rejects as unknown."""

    def create(logical_id: str, properties: Any, stack: str) -> tuple[str, dict[str, str]]:
        bus, statement_id = properties["EventBusName"], properties["StatementId"]
        if bus not in eventbridge._event_buses:
            raise ValueError(f"Event bus {bus} does not exist.")
        delete("", properties)
        statements = eventbridge._event_bus_policies.get(bus, {}).get("Statement", [])
        new = {**properties["Statement"], "Sid": statement_id}
        eventbridge._event_bus_policies[bus] = {
            "Version": "2012-10-17",
            "Statement": [*statements, new],
        }
        return f"{stack}-{logical_id}", {}

    def update(name: str, old: Any, new: Any, stack: str, logical_id: str) -> Any:
        delete(name, old)
        create(logical_id, new, stack)
        return name, {}

    def delete(_: str, properties: Any) -> None:
        names = {key: properties[key] for key in ("EventBusName", "StatementId")}
        eventbridge._remove_permission(names)

    handlers = {"create": create, "update": update, "update_with_logical_id": True}
    kind = "AWS::Events::EventBusPolicy"
    provisioners._RESOURCE_HANDLERS[kind] = {**handlers, "delete": delete}


def send_ses_event(eventbridge: Any, request_scope: Any, target: Target, kind: str) -> None:
    """Put an event of SES on the default bus of *target*, which ministack never does."""
    entry = {
        "Source": "aws.ses",
        "DetailType": kind,
        "Detail": json.dumps({"version": "1.0.0", "data": kind}),
    }
    with request_scope(target.account, target.region):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def deliver_with_roles(eventbridge: Any, request_scope: Any, roles: ServiceRoles) -> None:
    """Deliver an event only as far as the role of the target may, and to other accounts too.

    Like AWS, this drops an event that may not be delivered; it logs the reason. An event that came
    from another account is not sent on to a third one.
    """
    original, to_own_bus = eventbridge._invoke_target, eventbridge._dispatch_to_event_bus

    def invoke_target(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        if denial := _denial_of_target(target, rule, roles):
            _log.warning("EventBridge: not delivered: %s", denial)
            return
        original(target, event, {**rule, "RoleArn": target.get("RoleArn")}, view)

    def dispatch_to_event_bus(
        bus: Any, event: Any, rule: Any, path: Any, payload: Any = None
    ) -> None:
        _, _, _, region, account, _ = rule["Arn"].split(":", 5)
        if (bus.account_id, bus.region) == (account, region):
            to_own_bus(bus, event, rule, path, payload)
            return
        with request_scope(bus.account_id, bus.region):
            if denial := _denial_of_bus(bus, event, rule["RoleArn"], eventbridge, roles):
                _log.warning("EventBridge: not delivered: %s", denial)
                return
            copy = {**event, "EventBusName": _name(bus), _SENT_ON: account != bus.account_id}
            eventbridge._dispatch_event(copy if payload is None else {**copy, "Detail": payload})

    eventbridge._invoke_target = invoke_target
    eventbridge._dispatch_to_event_bus = dispatch_to_event_bus


def _denial_of_target(target: Any, rule: Any, roles: ServiceRoles) -> str | None:
    """Return why an event may not be sent to *target*, or None if it may."""
    arn, role = target["Arn"], target.get("RoleArn")
    service = arn.split(":")[2]
    if role is None:
        return f"{arn} is a target without a role" if service in _NEED_A_ROLE else None
    if service not in _ACTIONS:
        return None
    principal, source = _sender(rule["Arn"])
    return roles.denial(role, principal, source, _ACTIONS[service], arn)


def _denial_of_bus(
    bus: Any, event: Any, role_arn: str, eventbridge: Any, roles: ServiceRoles
) -> str | None:
    """Return why *event* may not be sent to a *bus*, or None if it may."""
    name, sender = _name(bus), role_arn.split(":")[4]
    if name not in eventbridge._event_buses:
        return f"{bus} does not exist"
    if sender == bus.account_id:
        return None
    if event.get(_SENT_ON):
        return f"EventBridge does not send an event of another account to {bus}"
    policy = eventbridge._event_bus_policies.get(name)
    return roles.bus_denial(policy, role_arn, str(bus))


def _name(bus: Any) -> str:
    return str(bus.resource).removeprefix("event-bus/")


def _sender(arn: str) -> tuple[str, str]:
    """Return the service that sends an event for a rule or a schedule, and its source ARN.

    Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    if arn.split(":")[2] != "scheduler":
        return "events.amazonaws.com", arn
    group = arn.replace(":schedule/", ":schedule-group/").rpartition("/")[0]
    return "scheduler.amazonaws.com", group
