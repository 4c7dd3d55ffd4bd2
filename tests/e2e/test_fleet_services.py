"""What a fleet needs of the local AWS, beside its stack: the services behave like those of AWS.

A state machine like that of the hub evaluates targets with a small function.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vdm_alerts.core.model.target import Target
from vdm_local.account import ACCOUNT
from vdm_local.deployment import LocalDeployment
from vdm_local.endpoints import HOME
from vdm_local.fleet_deployment import (
    Execution,
    ExecutionFailedError,
    denied,
    deploy_template,
    execute,
)
from vdm_local.launcher import local_aws

SHOP, BANK = Target("222222222222", "us-east-1"), Target("333333333333", "eu-west-1")
EXTERNAL_ID = "9f1c7c1e"
HUB_ROLE = "vdm-alerts-hub-eu-west-1"
READER = "vdm-alerts-reader"
DAY = datetime(2026, 3, 5, tzinfo=UTC)
FUNCTION = """
from functools import cache
import boto3

@cache
def session_in(role, external_id):
    if role is None:
        return boto3.Session()
    keys = boto3.client("sts").assume_role(
        RoleArn=role, RoleSessionName="vdm-alerts", ExternalId=external_id
    )["Credentials"]
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

def handler(event, context):
    target = event["target"]
    session = session_in(target["roleArn"], target["externalId"])
    ses = session.client("sesv2", region_name=target["region"])
    names = [each["IdentityName"] for each in ses.list_email_identities()["EmailIdentities"]]
    calls = event.get("result", {}).get("calls", 0) + 1
    padding = "x" * target.get("padding", 0)
    return {"identities": names, "calls": calls, "continue": calls < 2, "padding": padding}
"""
RESULTS = "executions/{}/results"
DEFINITION = {
    "StartAt": "EvaluateTargets",
    "States": {
        "EvaluateTargets": {
            "Type": "Map",
            "Label": "EvaluateTargets",
            "MaxConcurrency": 2,
            "ToleratedFailurePercentage": 100,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Parameters": {"Bucket": "${Bucket}", "Key.$": "$.key"},
            },
            "ItemSelector": {"target.$": "$$.Map.Item.Value"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "EvaluateTarget",
                "States": {
                    "EvaluateTarget": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Parameters": {"FunctionName": "${Function.Arn}", "Payload.$": "$"},
                        "ResultSelector": {
                            "identities.$": "$.Payload.identities",
                            "calls.$": "$.Payload.calls",
                            "continue.$": "$.Payload.continue",
                        },
                        "ResultPath": "$.result",
                        "Next": "IsComplete",
                    },
                    "IsComplete": {
                        "Type": "Choice",
                        "Choices": [
                            {
                                "Variable": "$.result.continue",
                                "BooleanEquals": True,
                                "Next": "EvaluateTarget",
                            }
                        ],
                        "Default": "Evaluated",
                    },
                    "Evaluated": {"Type": "Pass", "OutputPath": "$.result", "End": True},
                },
            },
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {
                    "Bucket": "${Bucket}",
                    "Prefix.$": f"States.Format('{RESULTS}', $$.Execution.Name)",
                },
            },
            "ResultPath": "$.results",
            "End": True,
        }
    },
}
OBJECTS = {"Fn::Sub": "arn:aws:s3:::${Bucket}/*"}
MACHINE = {"Fn::Sub": "arn:aws:states:${AWS::Region}:${AWS::AccountId}:stateMachine:fleet"}
BUS = {"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/vdm-alerts"}


def allow(actions: str | Sequence[str], resource: object) -> Mapping[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def service_role(service: str, *statements: Mapping[str, object], **names: str) -> Any:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return role(trust, *statements, **names)


def role(trust: Mapping[str, object], *statements: Mapping[str, object], **names: str) -> Any:
    document = {"Version": "2012-10-17", "Statement": [*statements]}
    properties = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [{"PolicyName": "policy", "PolicyDocument": document}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": {**properties, **names}}


def arn_of(name: str) -> Mapping[str, object]:
    return {"Fn::GetAtt": [name, "Arn"]}


HUB = {
    "Bucket": {"Type": "AWS::S3::Bucket"},
    "FunctionRole": service_role(
        "lambda",
        allow("sts:AssumeRole", f"arn:aws:iam::*:role/{READER}"),
        allow("ses:ListEmailIdentities", "*"),
        RoleName=HUB_ROLE,
    ),
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Code": {"ZipFile": FUNCTION},
            "Role": arn_of("FunctionRole"),
            "Timeout": 60,
        },
    },
    "MachineRole": service_role(
        "states",
        allow("lambda:InvokeFunction", arn_of("Function")),
        allow("states:StartExecution", MACHINE),
        allow(
            [
                "s3:GetObject",
                "s3:PutObject",
                "s3:ListMultipartUploadParts",
                "s3:AbortMultipartUpload",
            ],
            OBJECTS,
        ),
        RoleName="machine",
    ),
    "Machine": {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": "fleet",
            "RoleArn": arn_of("MachineRole"),
            "DefinitionString": {"Fn::Sub": json.dumps(DEFINITION)},
        },
    },
    "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "vdm-alerts"}},
    "BusPolicy": {
        "Type": "AWS::Events::EventBusPolicy",
        "DependsOn": "Bus",
        "Properties": {
            "EventBusName": "vdm-alerts",
            "StatementId": "spokes",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{SHOP.account}:root"},
                "Action": "events:PutEvents",
                "Resource": arn_of("Bus"),
            },
        },
    },
    "RuleRole": service_role("events", allow("states:StartExecution", MACHINE)),
    "Rule": {
        "Type": "AWS::Events::Rule",
        "DependsOn": "Bus",
        "Properties": {
            "EventBusName": "vdm-alerts",
            "EventPattern": {"source": ["example"]},
            "Targets": [
                {"Id": "machine", "Arn": {"Ref": "Machine"}, "RoleArn": arn_of("RuleRole")}
            ],
        },
    },
}
HUB_TEMPLATE = json.dumps(
    {
        "Resources": HUB,
        "Outputs": {
            "Bucket": {"Value": {"Ref": "Bucket"}},
            "StateMachineArn": {"Value": {"Ref": "Machine"}},
        },
    }
)


def spoke_template(target: Target) -> str:
    bus = f"arn:aws:events:{HOME.region}:{ACCOUNT}:event-bus/vdm-alerts"
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/{HUB_ROLE}"},
            "StringEquals": {"sts:ExternalId": EXTERNAL_ID},
        },
    }
    resources = {
        "Reader": role(trust, allow("ses:ListEmailIdentities", "*"), RoleName=READER),
        "Forwarder": service_role("events", allow("events:PutEvents", bus)),
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["example"], "detail": {"from": [target.account]}},
                "Targets": [{"Id": "hub", "Arn": bus, "RoleArn": arn_of("Forwarder")}],
            },
        },
    }
    return json.dumps({"Resources": resources})


class Hub:
    """The state machine, and the targets that it evaluates."""

    def __init__(self, deployment: LocalDeployment, outputs: Mapping[str, str]) -> None:
        self.deployment = deployment
        self.bucket, self.state_machine = outputs["Bucket"], outputs["StateMachineArn"]

    def item(self, target: Target, external_id: str = EXTERNAL_ID, **more: object) -> Any:
        own = target.account == ACCOUNT
        arn = None if own else f"arn:aws:iam::{target.account}:role/{READER}"
        names = {"account": target.account, "region": target.region}
        return {**names, "roleArn": arn, "externalId": external_id, **more}

    def execute(self, *items: object) -> Execution:
        s3 = self.deployment.client("s3")
        s3.put_object(Bucket=self.bucket, Key="targets.json", Body=json.dumps(items).encode())
        return execute(self.deployment, self.state_machine, {"key": "targets.json"})

    def read(self, key: str) -> Any:
        reply = self.deployment.client("s3").get_object(Bucket=self.bucket, Key=key)
        return json.load(reply["Body"])

    @contextmanager
    def without(self, action: str) -> Iterator[None]:
        """Take *action* from the role of the state machine for the block."""
        iam = self.deployment.client("iam")
        names = {"RoleName": "machine", "PolicyName": "policy"}
        document = iam.get_role_policy(**names)["PolicyDocument"]
        deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
        changed = {**document, "Statement": [*document["Statement"], deny]}
        iam.put_role_policy(**names, PolicyDocument=json.dumps(changed))
        try:
            yield
        finally:
            iam.put_role_policy(**names, PolicyDocument=json.dumps(document))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder: Path = tmp_path_factory.mktemp("fleet")
    for name, rate in (("shop", "2%x9"), ("bank", "3%x9")):
        (folder / f"{name}.toml").write_text(
            f'begins = 2026-03-01\nses_bounce_rate = "{rate}"\n'
            f'[[emails]]\nidentity = "{name}.example.com"\nisp = "Gmail"\nsend = "100x9"\n'
        )
    targets = (
        f'[[targets]]\naccount = "{each.account}"\nregion = "{each.region}"\n'
        f'scenario = "{name}.toml"\n'
        for name, each in (("shop", SHOP), ("bank", BANK))
    )
    (folder / "fleet.toml").write_text("".join(targets))
    with local_aws(folder / "fleet.toml") as aws:
        deployment = LocalDeployment(aws, {})
        outputs = deploy_template(deployment, HOME, "hub", HUB_TEMPLATE, {})
        for target in (SHOP, BANK):
            home = Target(target.account, HOME.region)
            deploy_template(deployment, home, "spoke", spoke_template(target), {})
        aws.set_clock(DAY.isoformat())
        yield Hub(deployment, outputs)


def test_each_target_has_its_own_ses(hub: Hub) -> None:
    for target, names in ((SHOP, ["shop.example.com"]), (BANK, ["bank.example.com"]), (HOME, [])):
        ses = hub.deployment.client("sesv2", target)
        identities = ses.list_email_identities()["EmailIdentities"]
        assert [each["IdentityName"] for each in identities] == names
        vdm = ses.get_account()["VdmAttributes"]["VdmEnabled"]
        assert vdm == ("ENABLED" if names else "DISABLED")


def test_each_target_has_its_own_rates_in_cloudwatch(hub: Hub) -> None:
    query = {
        "Id": "rate",
        "MetricStat": {
            "Metric": {"Namespace": "AWS/SES", "MetricName": "Reputation.BounceRate"},
            "Period": 3600,
            "Stat": "Average",
        },
    }
    for target, rate in ((SHOP, 0.02), (BANK, 0.03)):
        reply = hub.deployment.client("cloudwatch", target).get_metric_data(
            MetricDataQueries=[query], StartTime=DAY - timedelta(hours=3), EndTime=DAY
        )
        assert set(reply["MetricDataResults"][0]["Values"]) == {rate}


def test_map_evaluates_each_target_until_it_is_complete(hub: Hub) -> None:
    execution = hub.execute(hub.item(SHOP), hub.item(BANK), hub.item(HOME))
    outputs = [child.output for child in execution.children]
    assert sorted(each["identities"] for each in outputs) == [
        [],
        ["bank.example.com"],
        ["shop.example.com"],
    ]
    assert {each["calls"] for each in outputs} == {2}


def test_map_writes_the_results_of_its_executions_to_s3(hub: Hub) -> None:
    execution = hub.execute(hub.item(SHOP), hub.item(BANK, external_id="wrong"))
    result = execution.output["results"]
    name, run = execution.arn.rpartition(":")[2], result["MapRunArn"].rpartition(":")[2]
    folder = f"{RESULTS.format(name)}/{run}"
    assert result["ResultWriterDetails"] == {
        "Bucket": hub.bucket,
        "Key": f"{folder}/manifest.json",
    }
    manifest = hub.read(f"{folder}/manifest.json")
    files = manifest["ResultFiles"]
    assert manifest == {
        "DestinationBucket": hub.bucket,
        "MapRunArn": result["MapRunArn"],
        "ResultFiles": {**files, "PENDING": []},
    }
    assert files["SUCCEEDED"][0]["Key"] == f"{folder}/SUCCEEDED_0.json"
    assert files["FAILED"][0]["Key"] == f"{folder}/FAILED_0.json"
    (succeeded,) = hub.read(files["SUCCEEDED"][0]["Key"])
    (failed,) = hub.read(files["FAILED"][0]["Key"])
    assert json.loads(succeeded["Output"])["identities"] == ["shop.example.com"]
    assert json.loads(succeeded["Input"])["target"]["account"] == SHOP.account
    assert (succeeded["Status"], failed["Status"]) == ("SUCCEEDED", "FAILED")
    assert json.loads(failed["Input"])["target"]["account"] == BANK.account
    assert "sts:AssumeRole" in failed["Cause"]
    assert "Output" not in failed


def test_calls_of_a_function_include_those_with_the_role_of_an_account(hub: Hub) -> None:
    before = hub.deployment.aws.calls().count("ses:ListEmailIdentities")
    hub.execute(hub.item(SHOP))
    after = hub.deployment.aws.calls().count("ses:ListEmailIdentities")
    assert after - before == 2


def test_role_of_an_account_trusts_only_the_role_of_the_hub(hub: Hub) -> None:
    sts = hub.deployment.client("sts")
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(
            RoleArn=f"arn:aws:iam::{SHOP.account}:role/{READER}",
            RoleSessionName="somebody",
            ExternalId=EXTERNAL_ID,
        )


def test_account_is_denied_while_its_trust_policy_denies_the_hub(hub: Hub) -> None:
    with denied(hub.deployment, SHOP.account, READER):
        (blind,) = hub.execute(hub.item(SHOP)).children
    (evaluated,) = hub.execute(hub.item(SHOP)).children
    assert (blind.status, evaluated.status) == ("FAILED", "SUCCEEDED")
    assert "sts:AssumeRole" in blind.error


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("s3:GetObject", "States.ItemReaderFailed"),
        ("s3:PutObject", "States.ResultWriterFailed"),
        ("states:StartExecution", "States.Permissions"),
    ],
)
def test_map_fails_without_a_permission_of_its_role(hub: Hub, action: str, error: str) -> None:
    with hub.without(action), pytest.raises(ExecutionFailedError, match=error):
        hub.execute(hub.item(HOME))


def test_function_is_not_invoked_without_the_permission_of_the_role(hub: Hub) -> None:
    with hub.without("lambda:InvokeFunction"):
        (child,) = hub.execute(hub.item(HOME)).children
    assert child.error.startswith("Lambda.AWSLambdaException: User: arn:aws:sts::")


def test_state_fails_when_its_output_is_too_large(hub: Hub) -> None:
    (child,) = hub.execute(hub.item(HOME, padding=256 * 1024)).children
    assert child.error.startswith("States.DataLimitExceeded")


def test_only_events_of_accounts_in_the_policy_of_the_bus_start_executions(hub: Hub) -> None:
    for target in (BANK, SHOP):
        event = {"Source": "example", "DetailType": "test"}
        detail = json.dumps({"from": target.account, "key": "targets.json"})
        events = hub.deployment.client("events", Target(target.account, HOME.region))
        events.put_events(Entries=[{**event, "Detail": detail}])
    states = hub.deployment.client("stepfunctions")
    executions = states.list_executions(stateMachineArn=hub.state_machine)["executions"]
    inputs = [
        json.loads(states.describe_execution(executionArn=each["executionArn"])["input"])
        for each in executions
    ]
    senders = {(each["account"], each["region"]) for each in inputs if "detail" in each}
    assert senders == {(SHOP.account, HOME.region)}
