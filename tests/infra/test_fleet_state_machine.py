"""The definition of the state machine of a fleet, and the permissions of its role."""

import json
from typing import Any

import pytest
from aws_cdk.assertions import Template
from templates import fleet_template, only_resource, permissions, text_of

from vdm_alerts.core.model.errors import LeaseHeldError
from vdm_alerts.handlers.invocation_time import LONGEST_SWEEP

FILES = "<FleetFilesBucketC7F96B20>/executions/*"


@pytest.fixture(scope="module")
def template() -> Template:
    return fleet_template()


@pytest.fixture(scope="module")
def definition(template: Template) -> dict[str, Any]:
    machine = only_resource(template, "AWS::StepFunctions::StateMachine")
    parsed: dict[str, Any] = json.loads(text_of(machine["DefinitionString"]))
    return parsed


def test_execution_lists_and_evaluates_and_delivers(definition: dict[str, Any]) -> None:
    assert (definition["StartAt"], definition["QueryLanguage"]) == ("ListTargets", "JSONPath")
    steps = {name: state.get("Next") for name, state in definition["States"].items()}
    assert steps == {
        "ListTargets": "HasTargets",
        "HasTargets": None,
        "NoTarget": None,
        "EvaluateTargets": "Deliver",
        "Deliver": "Summarize",
        "Summarize": None,
    }


def test_execution_without_targets_ends_before_the_map(definition: dict[str, Any]) -> None:
    choice = definition["States"]["HasTargets"]
    assert choice["Choices"] == [
        {"Variable": "$.targets.count", "NumericEquals": 0, "Next": "NoTarget"}
    ]
    assert choice["Default"] == "EvaluateTargets"
    assert definition["States"]["NoTarget"]["Type"] == "Succeed"


def test_functions_get_what_they_need(definition: dict[str, Any]) -> None:
    states = definition["States"]
    assert states["ListTargets"]["Resource"] == "<FleetListTargetsFunction5AE033E8>"
    assert states["ListTargets"]["Parameters"] == {
        "execution.$": "$$.Execution.Name",
        "started.$": "$$.Execution.StartTime",
        "event.$": "$$.Execution.Input",
    }
    assert states["Deliver"]["Resource"] == "<FleetDeliverFunction02DE6D8B>"
    assert "Parameters" not in states["Deliver"], "its input is that of the state"


def test_targets_are_read_from_and_results_are_written_to_the_bucket(
    definition: dict[str, Any],
) -> None:
    targets = definition["States"]["EvaluateTargets"]
    assert targets["ItemReader"] == {
        "Resource": "arn:<AWS::Partition>:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "<FleetFilesBucketC7F96B20>", "Key.$": "$.targets.key"},
    }
    assert targets["ResultWriter"] == {
        "Resource": "arn:<AWS::Partition>:states:::s3:putObject",
        "Parameters": {
            "Bucket": "<FleetFilesBucketC7F96B20>",
            "Prefix.$": "States.Format('executions/{}/results', $.execution)",
        },
    }
    assert targets["ResultPath"] == "$.results"
    assert targets["ItemSelector"] == {
        "target.$": "$$.Map.Item.Value",
        "execution.$": "$.execution",
        "started.$": "$.started",
        "event.$": "$.event",
    }


def test_failed_target_stops_no_other_and_no_delivery(definition: dict[str, Any]) -> None:
    targets = definition["States"]["EvaluateTargets"]
    assert (targets["ToleratedFailurePercentage"], targets["MaxConcurrency"]) == (100, 100)
    assert targets["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Deliver"}
    ]


def test_target_is_evaluated_again_until_it_is_complete(definition: dict[str, Any]) -> None:
    processor = definition["States"]["EvaluateTargets"]["ItemProcessor"]
    assert processor["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert processor["StartAt"] == "EvaluateTarget"
    states = processor["States"]
    evaluate = states["EvaluateTarget"]
    assert evaluate["Resource"] == "<EvaluatorFunction0B95216C>"
    assert evaluate["ResultPath"] == "$.outcome", "the input is kept for the next evaluation"
    assert evaluate["Parameters"] == {
        f"{key}.$": f"$.{key}" for key in ("target", "execution", "started", "event")
    }
    assert evaluate["Next"] == "IsIncomplete"
    assert states["IsIncomplete"]["Choices"] == [
        {"Variable": "$.outcome.continue", "BooleanEquals": True, "Next": "EvaluateTarget"}
    ]
    assert states["IsIncomplete"]["Default"] == "Evaluated"
    assert states["Evaluated"] == {"Type": "Succeed", "OutputPath": "$.outcome"}


def test_retries_are_limited_to_what_a_retry_can_fix(definition: dict[str, Any]) -> None:
    states = definition["States"]
    (retry,) = states["Deliver"]["Retry"]
    assert (retry["ErrorEquals"], retry["MaxAttempts"]) == (["States.ALL"], 3)
    (retry,) = states["ListTargets"]["Retry"]
    assert (retry["ErrorEquals"], retry["MaxAttempts"]) == (["States.ALL"], 3)
    target = states["EvaluateTargets"]["ItemProcessor"]["States"]["EvaluateTarget"]
    busy, lambda_errors, others = target["Retry"]
    assert busy["ErrorEquals"] == [LeaseHeldError.__name__]
    waits = [busy["IntervalSeconds"] * busy["BackoffRate"] ** n for n in range(busy["MaxAttempts"])]
    assert sum(waits) > 15 * 60, "a run that is active ends in the meantime"
    assert lambda_errors["ErrorEquals"] == [
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
    ]
    assert (others["ErrorEquals"], others["MaxAttempts"]) == (["States.ALL"], 2)


def test_execution_has_time_to_deliver_after_the_longest_sweep(
    template: Template, definition: dict[str, Any]
) -> None:
    states = definition["States"]
    target = states["EvaluateTargets"]["ItemProcessor"]["States"]["EvaluateTarget"]
    functions = template.find_resources("AWS::Lambda::Function").values()
    longest = max(each["Properties"]["Timeout"] for each in functions)
    tries = 0
    for retry in (target["Retry"][-1], states["Deliver"]["Retry"][0]):
        waits = [
            retry["IntervalSeconds"] * retry["BackoffRate"] ** n
            for n in range(retry["MaxAttempts"])
        ]
        tries += longest * (1 + len(waits)) + sum(waits)
    assert LONGEST_SWEEP.total_seconds() + tries < definition["TimeoutSeconds"]


def test_role_has_exact_permissions(template: Template) -> None:
    allowed = {
        action: [text_of(each) for each in (found if isinstance(found, list) else [found])]
        for action, found in permissions(template, "FleetMachineRole").items()
    }
    states = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>"
    log_delivery = {action for action in allowed if action.startswith("logs:")}
    assert all(allowed.pop(action) == ["*"] for action in log_delivery)
    assert len(log_delivery) == 8
    assert allowed == {
        "lambda:InvokeFunction": [
            "<FleetListTargetsFunction5AE033E8>",
            "<EvaluatorFunction0B95216C>",
            "<FleetDeliverFunction02DE6D8B>",
        ],
        "states:StartExecution": [f"{states}:stateMachine:vdm-alerts"],
        "states:DescribeExecution": [f"{states}:execution:vdm-alerts:*"],
        "states:StopExecution": [f"{states}:execution:vdm-alerts:*"],
        "s3:GetObject": [f"{FILES}/targets.json", f"{FILES}/results/*"],
        "s3:PutObject": [f"{FILES}/results/*"],
        "s3:ListMultipartUploadParts": [f"{FILES}/results/*"],
        "s3:AbortMultipartUpload": [f"{FILES}/results/*"],
    }


def test_role_is_assumed_for_this_account_only(template: Template) -> None:
    roles = template.find_resources("AWS::IAM::Role")
    for name in ("FleetMachineRole8EAAFDA7", "FleetRuleRole60F53404"):
        (statement,) = roles[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def test_role_of_the_map_has_no_policy_of_the_cdk(template: Template) -> None:
    assert not [
        name for name in template.find_resources("AWS::IAM::Policy") if "DistributedMap" in name
    ]


def test_log_has_errors_without_data(template: Template) -> None:
    machine = only_resource(template, "AWS::StepFunctions::StateMachine")
    logging = machine["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)
    assert machine["StateMachineName"] == "vdm-alerts"
