"""The stack of a fleet in a local AWS, its spokes, and the executions of its state machine."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vdm_alerts.core.model.target import Target
from vdm_local.deployment import LocalDeployment
from vdm_local.endpoints import HOME

EXECUTION_TIMEOUT_S = 180.0
"""Seconds to wait for an execution, which usually takes a few."""
STACK_TIMEOUT_S = 60.0
"""Seconds to wait for a stack, which usually takes one."""
_POLL_INTERVAL_S = 0.1


class ExecutionFailedError(Exception):
    """An execution of a state machine failed; the message has the error and the cause."""


class StackFailedError(Exception):
    """CloudFormation could not create a stack; the message has the reasons."""


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution of a state machine that has ended."""

    arn: str
    status: str
    seconds: float
    """How long it took."""
    output: Mapping[str, Any]
    children: tuple["ChildExecution", ...] = ()
    """The executions that its distributed map started."""


@dataclass(frozen=True, slots=True)
class ChildExecution:
    """An execution of a distributed map that has ended."""

    status: str
    input: Mapping[str, Any]
    output: Mapping[str, Any]
    """Empty if it failed."""
    error: str = ""
    """The error and the cause, if it failed."""


def execute(deployment: LocalDeployment, state_machine: str, event: Mapping[str, Any]) -> Execution:
    """Run the *state_machine* with *event* and return its execution.

    Raises ExecutionFailedError if it fails or takes too long.
    """
    states = deployment.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=state_machine, input=json.dumps(event))[
        "executionArn"
    ]
    return wait_for_execution(deployment, arn)


def wait_for_execution(deployment: LocalDeployment, arn: str) -> Execution:
    """Return the execution *arn* when it has ended.

    Raises ExecutionFailedError if it fails or takes too long.
    """
    states = deployment.client("stepfunctions")
    deadline = time.monotonic() + EXECUTION_TIMEOUT_S
    while (reply := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise ExecutionFailedError(f"{arn} takes more than {EXECUTION_TIMEOUT_S:g} s.")
        time.sleep(_POLL_INTERVAL_S)
    if reply["status"] != "SUCCEEDED":
        raise ExecutionFailedError(f"{arn}: {reply.get('error')}: {reply.get('cause')}")
    seconds = (reply["stopDate"] - reply["startDate"]).total_seconds()
    children = tuple(
        _child(states.describe_execution(executionArn=child["executionArn"]))
        for map_run in states.list_map_runs(executionArn=arn)["mapRuns"]
        for child in states.list_executions(mapRunArn=map_run["mapRunArn"])["executions"]
    )
    return Execution(arn, reply["status"], seconds, json.loads(reply["output"]), children)


def deploy_template(
    deployment: LocalDeployment,
    target: Target,
    name: str,
    template: str,
    parameters: Mapping[str, str],
) -> Mapping[str, str]:
    """Create the stack *name* of a *template* in an account and a Region; return its outputs.

    Raises StackFailedError.
    """
    cloudformation = deployment.client("cloudformation", target)
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    deadline = time.monotonic() + STACK_TIMEOUT_S
    while True:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > deadline:
            break
        time.sleep(_POLL_INTERVAL_S)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [
            f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        raise StackFailedError("\n".join([f"{name} in {target}: {stack['StackStatus']}", *reasons]))
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


@contextmanager
def denied(deployment: LocalDeployment, account: str, role: str) -> Iterator[None]:
    """Let an *account* deny its *role* to everybody for the block.

    Functions that run keep their sessions of the role, as in AWS. So this starts them anew, as
    Lambda does with functions that nobody has used for some time.
    """
    iam = deployment.client("iam", Target(account, HOME.region))
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    statement = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    _set_trust(iam, role, {**trust, "Statement": [*trust["Statement"], statement]})
    start_functions_anew(deployment)
    try:
        yield
    finally:
        _set_trust(iam, role, trust)


def start_functions_anew(deployment: LocalDeployment) -> None:
    """End the processes of all functions of the local account by a change of their settings."""
    functions = deployment.client("lambda")
    for function in functions.list_functions()["Functions"]:
        functions.update_function_configuration(
            FunctionName=function["FunctionName"], MemorySize=function["MemorySize"]
        )


def _set_trust(iam: Any, role: str, document: Mapping[str, Any]) -> None:  # noqa: ANN401 - boto3 is untyped
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))


def _child(reply: Mapping[str, Any]) -> ChildExecution:
    succeeded = reply["status"] == "SUCCEEDED"
    return ChildExecution(
        reply["status"],
        json.loads(reply["input"]),
        json.loads(reply["output"]) if succeeded else {},
        "" if succeeded else f"{reply.get('error')}: {reply.get('cause')}",
    )
