"""Patches of ministack's Step Functions: the result files of a map, the role, and the limits.

Source of the files, of the output and of the permissions:
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

import json
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from vdm_local.service_roles import ServiceRoles

MAX_PAYLOAD_BYTES = 256 * 1024
"""The most bytes of the input or output of a state.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
_WRITE_ACTIONS = (
    "s3:PutObject",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:AbortMultipartUpload",
)
_RESULT_FILES = {"FAILED": ("FAILED", "TIMED_OUT", "ABORTED"), "SUCCEEDED": ("SUCCEEDED",)}
"""The statuses of the executions in each kind of result file."""
_WRITER_FAILED = "States.ResultWriterFailed"
_PRINCIPAL = "states.amazonaws.com"
_state_machine: ContextVar[Mapping[str, Any]] = ContextVar("state_machine")
"""The state machine of the execution that a thread runs."""


@dataclass(frozen=True, slots=True)
class MachinePermissions:
    """What the roles of state machines allow."""

    stepfunctions: Any
    roles: ServiceRoles

    def require(self, error: str, actions: Iterable[str], resource: str) -> None:
        """Raise *error* unless the role of the running state machine allows *actions*."""
        machine = _state_machine.get()
        for action in actions:
            denial = self.roles.denial(
                machine["roleArn"], _PRINCIPAL, machine["stateMachineArn"], action, resource
            )
            if denial:
                raise self.stepfunctions._ExecutionError(error, denial)


def write_results_of_maps(stepfunctions: Any, s3: Any, permissions: MachinePermissions) -> None:
    """Let a distributed map write its results to S3, which ministack ignores."""
    original = stepfunctions._run_distributed_map

    def run_distributed_map(
        state: Any, raw_input: Any, effective: Any, iterator: Any, execution: Any, context: Any
    ) -> Any:
        if "ResultWriter" not in state:
            return original(state, raw_input, effective, iterator, execution, context)
        of_results = {"ResultSelector", "ResultPath", "OutputPath"}
        bare = {key: value for key, value in state.items() if key not in of_results}
        earlier = set(stepfunctions._map_runs)
        failure: Exception | None = None
        try:
            original(bare, raw_input, effective, iterator, execution, context)
        except stepfunctions._ExecutionError as error:
            failure = error
        for arn, map_run in stepfunctions._map_runs.items():
            if arn not in earlier and map_run["executionArn"] == execution["executionArn"]:
                place = stepfunctions._resolve_params_obj(
                    state["ResultWriter"]["Parameters"], effective, context
                )
                details = _write_results(map_run, place, stepfunctions, s3, permissions)
                break
        if failure is not None:  # The results of a map that failed are written, too.
            raise failure
        result = stepfunctions._apply_result_selector(
            state, {"MapRunArn": map_run["mapRunArn"], "ResultWriterDetails": details}
        )
        output = stepfunctions._apply_result_path(state, raw_input, result)
        output = stepfunctions._apply_output_path(state, output, context)
        return output, stepfunctions._next_or_end(state)

    stepfunctions._run_distributed_map = run_distributed_map


def _write_results(
    map_run: Any,
    place: Mapping[str, str],
    stepfunctions: Any,
    s3: Any,
    permissions: MachinePermissions,
) -> Mapping[str, str]:
    """Write the result files and the manifest of a map; return where the manifest is."""
    arn = map_run["mapRunArn"]
    bucket, prefix = place["Bucket"], place.get("Prefix", "").strip("/")
    folder = "/".join(part for part in (prefix, arn.rpartition(":")[2]) if part)

    def put(name: str, content: Any) -> Mapping[str, Any]:
        key, body = f"{folder}/{name}", json.dumps(content, separators=(",", ":")).encode()
        permissions.require(_WRITER_FAILED, _WRITE_ACTIONS, f"arn:aws:s3:::{bucket}/{key}")
        status, _, reply = s3._put_object(bucket, key, body, {"content-type": "application/json"})
        if status != HTTPStatus.OK:
            cause = f"s3://{bucket}/{key}: {reply.decode('utf-8', 'replace')}"
            raise stepfunctions._ExecutionError(_WRITER_FAILED, cause)
        return {"Key": key, "Size": len(body)}

    children = [each for each in stepfunctions._executions.values() if each.get("mapRunArn") == arn]
    files: dict[str, list[Mapping[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for kind, statuses in _RESULT_FILES.items():
        results = [_result(each) for each in children if each["status"] in statuses]
        if results:
            files[kind] = [put(f"{kind}_0.json", results)]
    manifest = {"DestinationBucket": bucket, "MapRunArn": arn, "ResultFiles": files}
    for counts in ("executionCounts", "itemCounts"):
        map_run[counts]["resultsWritten"] = len(children)
    return {"Bucket": bucket, "Key": put("manifest.json", manifest)["Key"]}


def _result(child: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a result file contains of the execution *child*, in the spelling of AWS."""
    succeeded = child["status"] == "SUCCEEDED"
    result = {
        "ExecutionArn": child["executionArn"],
        "Input": child["input"],
        "InputDetails": {"Included": True},
        "Name": child["name"],
        "RedriveCount": 0,
        "StartDate": child["startDate"],
        "StateMachineArn": child["stateMachineArn"],
        "Status": child["status"],
        "StopDate": child["stopDate"],
    }
    if not succeeded:
        failure = {"Cause": child["cause"], "Error": child["error"], "RedriveStatus": "REDRIVABLE"}
        return dict(sorted({**result, **failure}.items()))
    output = {
        "Output": child["output"],
        "OutputDetails": {"Included": True},
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    }
    return dict(sorted({**result, **output}.items()))


def run_with_roles(stepfunctions: Any, permissions: MachinePermissions) -> None:
    """Let an execution do only what the role of its state machine may."""
    run = stepfunctions._run_execution
    read_items = stepfunctions._read_map_items
    run_map = stepfunctions._run_distributed_map
    call_function = stepfunctions._call_lambda

    def run_execution(execution_arn: str) -> None:
        execution = stepfunctions._executions[execution_arn]
        _state_machine.set(stepfunctions._state_machines[execution["stateMachineArn"]])
        run(execution_arn)

    def read_map_items(reader: Any, effective: Any, context: Any) -> Any:
        parameters = stepfunctions._resolve_params_obj(reader["Parameters"], effective, context)
        key = f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"
        permissions.require("States.ItemReaderFailed", ["s3:GetObject"], key)
        return read_items(reader, effective, context)

    def run_distributed_map(*arguments: Any) -> Any:
        arn = _state_machine.get()["stateMachineArn"]
        permissions.require("States.Permissions", ["states:StartExecution"], arn)
        return run_map(*arguments)

    def arn(function: str) -> str:
        """Return the ARN of *function*, an ARN or a name."""
        _, _, _, region, account, _ = _state_machine.get()["stateMachineArn"].split(":", 5)
        full = f"arn:aws:lambda:{region}:{account}:function:{function}"
        return function if function.startswith("arn:") else full

    def call_lambda(function: str, event: Any) -> Any:
        permissions.require("Lambda.AWSLambdaException", ["lambda:InvokeFunction"], arn(function))
        return call_function(function, event)

    stepfunctions._run_execution = run_execution
    stepfunctions._read_map_items = read_map_items
    stepfunctions._run_distributed_map = run_distributed_map
    stepfunctions._call_lambda = call_lambda


def limit_payloads(stepfunctions: Any) -> None:
    """Fail a state whose input or output is larger than AWS allows."""
    call_function = stepfunctions._call_lambda
    run_map = stepfunctions._run_distributed_map

    def call_lambda(function: str, event: Any) -> Any:
        _check(event, f"the input of {function}")
        result = call_function(function, event)
        _check(result, f"the output of {function}")
        return result

    def run_distributed_map(*arguments: Any) -> Any:
        output, following = run_map(*arguments)
        _check(output, "the output of a map")
        return output, following

    def _check(payload: Any, what: str) -> None:
        size = len(json.dumps(payload).encode())
        if size > MAX_PAYLOAD_BYTES:
            cause = f"{what} has {size:,} bytes; the limit is {MAX_PAYLOAD_BYTES:,}"
            raise stepfunctions._ExecutionError("States.DataLimitExceeded", cause)

    stepfunctions._call_lambda = call_lambda
    stepfunctions._run_distributed_map = run_distributed_map
