"""What a fleet has in addition to, or instead of, the resources of a single account and Region."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match, Template
from builders import TARGET
from templates import (
    CONTEXT,
    FLEET,
    alarm,
    fleet_template,
    full_fleet_template,
    logical_id,
    only_resource,
    permissions,
    text_of,
)

from infra.fleet_access import hub_role_name
from infra.fleet_events import MAX_LISTED_ACCOUNTS
from infra.settings import read_context
from infra.stack import VdmAlerts
from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.adapters.aws.execution_keys import KNOWN_TARGETS
from vdm_alerts.core.fleet.report import FleetReport
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.notifications.fleet import messages_per_execution
from vdm_alerts.settings import (
    VARIABLES,
    environment_of,
    read_delivery_settings,
    read_fleet_settings,
    read_target_list_settings,
)

FILES = "<FleetFilesBucketC7F96B20>/executions/*"
LISTED = '[[targets]]\naccount = "222222222222"\nregions = ["eu-west-1"]\n'


@pytest.fixture(scope="module")
def template() -> Template:
    return fleet_template()


def stack_of_fleet(folder: Path, text: str, **options: str) -> VdmAlerts:
    file = folder / "fleet.toml"
    file.write_text(text)
    settings = read_context(CONTEXT | FLEET | options | {"fleet": str(file)})
    return VdmAlerts(App(context=CONTEXT), "VdmAlerts", settings)


def function(template: Template, name: str) -> dict[str, Any]:
    """Return the properties of the function *name*."""
    functions = template.find_resources("AWS::Lambda::Function")
    (resource,) = [each for key, each in functions.items() if key.startswith(name)]
    properties: dict[str, Any] = resource["Properties"]
    return properties


def environment(template: Template, name: str) -> dict[str, str]:
    """Return the environment of the function *name*, with texts in place of references."""
    variables = function(template, name)["Environment"]["Variables"]
    return {key: text_of(value) for key, value in variables.items()}


def allowed(template: Template, role: str) -> dict[str, list[str]]:
    """Return the resources of each action of *role*."""
    return {
        action: [text_of(each) for each in (found if isinstance(found, list) else [found])]
        for action, found in permissions(template, role).items()
    }


def test_functions_have_the_handlers_of_the_state_machine(template: Template) -> None:
    assert {
        properties["Handler"]
        for properties in (
            each["Properties"] for each in template.find_resources("AWS::Lambda::Function").values()
        )
    } == {
        "vdm_alerts.handlers.evaluate.lambda_handler",
        "vdm_alerts.handlers.list_targets.lambda_handler",
        "vdm_alerts.handlers.deliver.lambda_handler",
    }


def test_functions_share_one_asset(template: Template) -> None:
    functions = template.find_resources("AWS::Lambda::Function").values()
    assert len({each["Properties"]["Code"]["S3Key"] for each in functions}) == 1


def test_functions_have_exactly_the_variables_that_they_read(template: Template) -> None:
    evaluator = environment(template, "EvaluatorFunction")
    fleet_settings = read_fleet_settings(evaluator)
    assert fleet_settings is not None
    assert evaluator.keys() == {*VARIABLES.values(), *environment_of(fleet_settings)}
    list_variables = environment(template, "FleetListTargetsFunction")
    assert list_variables.keys() == environment_of(read_target_list_settings(list_variables)).keys()
    delivery = environment(template, "FleetDeliverFunction")
    assert delivery.keys() == environment_of(read_delivery_settings(delivery)).keys()


def test_functions_share_the_settings_of_the_deployment(template: Template) -> None:
    evaluator = environment(template, "EvaluatorFunction")
    for name in ("FleetListTargetsFunction", "FleetDeliverFunction"):
        for variable, value in environment(template, name).items():
            assert evaluator.get(variable, value) == value
    assert evaluator["VDM_ALERTS_FLEET_INTERVAL"] == "3600"
    assert evaluator["VDM_ALERTS_FLEET_BUCKET"] == "<FleetFilesBucketC7F96B20>"


@pytest.mark.parametrize(
    ("schedule", "shortest", "messages"),
    [
        ("rate(1 hour)", 3_600, 10),
        ("cron(0/10 8-18 * * ? *)", 600, 1),
        ("cron(0 8,9 * * ? *)", 3_600, 10),
    ],
)
def test_functions_are_limited_by_the_shortest_time_between_two_executions(
    tmp_path: Path, schedule: str, shortest: int, messages: int
) -> None:
    template = Template.from_stack(stack_of_fleet(tmp_path, LISTED, schedule=schedule))
    for name in ("EvaluatorFunction", "FleetDeliverFunction"):
        assert environment(template, name)["VDM_ALERTS_FLEET_INTERVAL"] == str(shortest)
    assert messages_per_execution(timedelta(seconds=shortest)) == messages


def test_role_of_evaluator_has_the_name_that_trust_policies_contain(template: Template) -> None:
    roles = template.find_resources("AWS::IAM::Role")
    (name,) = [
        text_of(each["Properties"]["RoleName"])
        for each in roles.values()
        if "RoleName" in each["Properties"]
    ]
    assert name == hub_role_name("vdm-alerts", "<AWS::Region>") == "vdm-alerts-hub-<AWS::Region>"
    assert len(hub_role_name("p" * 30, "ap-southeast-1")) <= 64


def test_evaluator_assumes_the_role_in_each_account_and_writes_what_is_due(
    template: Template,
) -> None:
    evaluator = allowed(template, "EvaluatorRole")
    assert evaluator["sts:AssumeRole"] == ["arn:<AWS::Partition>:iam::*:role/vdm-alerts-reader"]
    assert evaluator["s3:PutObject"] == [f"{FILES}/due/*"]


def test_evaluator_has_no_more_than_these_permissions_in_addition(template: Template) -> None:
    added = set(permissions(template, "EvaluatorRole")) - set(
        permissions(Template.from_stack(_single_account()), "EvaluatorRole")
    )
    assert added == {"sts:AssumeRole", "s3:PutObject"}


def _single_account() -> VdmAlerts:
    return VdmAlerts(App(context=CONTEXT), "VdmAlerts", read_context(CONTEXT))


def test_list_of_targets_reads_the_fleet_file_and_the_organization(template: Template) -> None:
    variables = environment(template, "FleetListTargetsFunction")
    file = f"{variables['VDM_ALERTS_FLEET_FILE_BUCKET']}/{variables['VDM_ALERTS_FLEET_FILE_KEY']}"
    log = "<FleetListTargetsLog9017A65D>"
    assert allowed(template, "FleetListTargetsRole") == {
        "logs:CreateLogStream": [log],
        "logs:PutLogEvents": [log],
        "s3:GetObject": [
            f"arn:<AWS::Partition>:s3:::{file}",
            f"<FleetFilesBucketC7F96B20>/{KNOWN_TARGETS}",
        ],
        "s3:PutObject": [f"{FILES}/targets.json"],
        "s3:ListBucket": ["<FleetFilesBucketC7F96B20>"],
        "organizations:ListAccounts": ["*"],
        "organizations:ListAccountsForParent": ["*"],
        "organizations:ListChildren": ["*"],
    }


def test_list_of_targets_may_not_read_an_organization_that_the_file_does_not_name(
    tmp_path: Path,
) -> None:
    template = Template.from_stack(stack_of_fleet(tmp_path, LISTED))
    actions = permissions(template, "FleetListTargetsRole")
    assert not [action for action in actions if action.startswith("organizations:")]


def test_delivery_reads_files_and_writes_state_and_publishes(template: Template) -> None:
    table, topic = "<MemoryTable2F605A68>", "<NoticesTopic898AF2CD>"
    log = "<FleetDeliverLogDAB5AF64>"
    known = f"<FleetFilesBucketC7F96B20>/{KNOWN_TARGETS}"
    assert allowed(template, "FleetDeliverRole") == {
        "logs:CreateLogStream": [log],
        "logs:PutLogEvents": [log],
        "s3:GetObject": [f"{FILES}/*", known],
        "s3:PutObject": [f"{FILES}/due/*", known],
        "s3:ListBucket": ["<FleetFilesBucketC7F96B20>"],
        "dynamodb:Query": [table],
        "dynamodb:PutItem": [table],
        "dynamodb:DeleteItem": [table],
        "dynamodb:BatchWriteItem": [table],
        "sns:Publish": [topic],
        "sns:GetTopicAttributes": [topic],
    }


def test_delivery_has_the_permissions_of_the_evaluator_on_table_and_topic(
    template: Template,
) -> None:
    evaluator, delivery = (
        {
            action: resources
            for action, resources in allowed(template, role).items()
            if action.startswith(("dynamodb:", "sns:"))
        }
        for role in ("EvaluatorRole", "FleetDeliverRole")
    )
    assert delivery == evaluator


def test_reserve_has_no_effect(tmp_path: Path) -> None:
    template = Template.from_stack(stack_of_fleet(tmp_path, LISTED, reserve="true"))
    for each in template.find_resources("AWS::Lambda::Function").values():
        assert "ReservedConcurrentExecutions" not in each["Properties"]


def test_bucket_is_private_encrypted_and_empties_itself(template: Template) -> None:
    ((_, bucket),) = template.find_resources("AWS::S3::Bucket").items()
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    ((rule,),) = properties["LifecycleConfiguration"].values()
    assert (rule["ExpirationInDays"], rule["Status"]) == (7, "Enabled")
    (encryption,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert text_of(properties["BucketName"]) == "vdm-alerts-hub-<AWS::AccountId>-<AWS::Region>"
    assert len(f"{'p' * 30}-hub-222222222222-ap-southeast-1") <= 63
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate", "with files, it cannot be deleted"


def test_bucket_requires_tls_and_its_policy_allows_nothing(template: Template) -> None:
    (statement,) = only_resource(template, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_schedules_start_the_state_machine(template: Template) -> None:
    schedules = template.find_resources("AWS::Scheduler::Schedule").values()
    triggers = {
        each["Properties"]["Target"]["Input"]: logical_id(each["Properties"]["Target"]["Arn"])
        for each in schedules
    }
    machine = "FleetMachineStateMachine2FB9D22B"
    assert triggers == {"{}": machine, json.dumps({"weeklySummary": True}): machine}
    assert allowed(template, "WakeupsScheduleRole") == {
        "states:StartExecution": [f"<{machine}>"],
        "sqs:SendMessage": ["<LostQueue34311BD6>"],
    }


def test_ses_events_of_every_account_start_the_state_machine(template: Template) -> None:
    rules = {
        name: each["Properties"]
        for name, each in template.find_resources("AWS::Events::Rule").items()
    }
    own = rules["WakeupsNewsFromSesAA55EF1C"]
    forwarded = rules["FleetEventsNewsFromSesA88EC99B"]
    assert own["EventPattern"] == forwarded["EventPattern"]
    assert own["EventPattern"]["source"] == ["aws.ses"]
    assert "EventBusName" not in own
    assert logical_id(forwarded["EventBusName"]) == "FleetEventsBusB7931535"
    for rule in (own, forwarded):
        (target,) = rule["Targets"]
        assert logical_id(target["Arn"]) == "FleetMachineStateMachine2FB9D22B"
        assert logical_id(target["DeadLetterConfig"]["Arn"]) == "LostQueue34311BD6"
    assert allowed(template, "FleetRuleRole") == {
        "states:StartExecution": ["<FleetMachineStateMachine2FB9D22B>"]
    }


def test_failed_executions_go_to_the_dead_letter_queue(template: Template) -> None:
    (rule,) = [
        each["Properties"]
        for each in template.find_resources("AWS::Events::Rule").values()
        if each["Properties"]["EventPattern"]["source"] == ["aws.states"]
    ]
    assert rule["EventPattern"]["detail"] == {
        "stateMachineArn": [{"Ref": "FleetMachineStateMachine2FB9D22B"}],
        "status": ["FAILED", "TIMED_OUT"],
    }
    (target,) = rule["Targets"]
    assert logical_id(target["Arn"]) == "LostQueue34311BD6"


def bus_policies(template: Template) -> dict[str, Any]:
    """Return the condition of each statement of the bus's policy."""
    statements = [
        each["Properties"]["Statement"]
        for each in template.find_resources("AWS::Events::EventBusPolicy").values()
    ]
    for statement in statements:
        assert statement["Action"] == "events:PutEvents"
        assert logical_id(statement["Resource"]) == "FleetEventsBusB7931535"
    return {statement["Sid"]: statement["Condition"] for statement in statements}


def test_bus_accepts_events_of_the_organization_and_of_listed_accounts(template: Template) -> None:
    assert only_resource(template, "AWS::Events::EventBus")["Name"] == "vdm-alerts"
    assert bus_policies(template) == {
        "Organization": {"StringEquals": {"aws:PrincipalOrgID": ["o-abcdefghij"]}},
        "ListedAccounts": {
            "StringEquals": {"aws:PrincipalAccount": ["222222222222", "333333333333"]}
        },
    }


@pytest.mark.parametrize("extra", [0, 1])
def test_bus_policy_is_as_long_as_eventbridge_allows(tmp_path: Path, extra: int) -> None:
    text = "".join(
        LISTED.replace("222222222222", f"{number:012d}")
        for number in range(MAX_LISTED_ACCOUNTS + extra)
    )
    stack = stack_of_fleet(tmp_path, text)
    policies = bus_policies(Template.from_stack(stack))
    assert len(json.dumps(policies)) < 10_240 - 500
    assert set(policies) == (set() if extra else {"ListedAccounts"})
    warnings = Annotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp("The events of the listed accounts are not accepted")
    )
    assert len(warnings) == extra


def test_not_running_alarm_monitors_complete_executions(template: Template) -> None:
    not_running = alarm(template, "NotRunning")
    metric = (not_running["Namespace"], not_running["MetricName"])
    assert metric == ("VdmAlerts", "CompleteExecutions")
    assert not_running["Dimensions"] == [{"Name": "service", "Value": "vdm-alerts"}]
    assert not_running["Statistic"] == "Maximum"
    assert not_running["Expression"] == "FILL(recorded, 0) < 1"
    assert (not_running["EvaluationPeriods"], not_running["Period"]) == (2, 2 * 3600)
    assert not_running["TreatMissingData"] == "breaching"


def test_blind_targets_alarm_monitors_the_metric_of_the_delivery(template: Template) -> None:
    blind = alarm(template, "BlindTargets")
    assert (blind["Namespace"], blind["MetricName"]) == ("VdmAlerts", "BlindTargets")
    assert blind["Dimensions"] == [{"Name": "service", "Value": "vdm-alerts"}]
    assert (blind["Expression"], blind["Threshold"]) == ("FILL(recorded, 0)", 1)
    assert (blind["EvaluationPeriods"], blind["Period"]) == (2, 3 * 3600)
    assert blind["TreatMissingData"] == "notBreaching"
    assert blind["AlarmName"] == "vdm-alerts-blind-targets"


@pytest.mark.parametrize("name", ["NotRunning", "BlindTargets"])
def test_alarm_of_a_fleet_matches_the_metric_that_the_delivery_records(
    capsys: pytest.CaptureFixture[str], template: Template, name: str
) -> None:
    report = FleetReport(2, 1, (Target("222222222222", "eu-west-1"),), 0, 0, 0)
    EmbeddedMetrics("vdm-alerts").record_fleet(TARGET, report)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = alarm(template, name)
    (recorded,) = [line for line in printed if found["MetricName"] in line]
    ((key, value),) = ((each["Name"], each["Value"]) for each in found["Dimensions"])
    assert recorded[key] == value
    assert "account" not in recorded["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]


@pytest.mark.parametrize("name", ["NotRunning", "BlindTargets"])
def test_alarm_description_is_true_in_each_state(template: Template, name: str) -> None:
    description = text_of(alarm(template, name)["AlarmDescription"])
    meaning, *steps, runbook = description.split(". ")
    assert meaning.startswith("In ALARM: ")
    assert {step.split()[0] for step in steps} <= {"Check", "Read"}
    assert runbook == f'Runbook: docs/runbook.md, section "Alarm {name}"'


def test_key_of_the_stack_is_usable_by_the_delivery() -> None:
    template = full_fleet_template()
    delivery = allowed(template, "FleetDeliverRole")
    assert delivery["kms:GenerateDataKey"] == delivery["kms:Decrypt"] == ["<EncryptionKey3A692D6E>"]
    assert "kms:Decrypt" not in allowed(template, "FleetListTargetsRole")
    assert "kms:Decrypt" not in allowed(template, "FleetMachineRole")


def test_outputs_name_what_the_accounts_of_the_fleet_need(template: Template) -> None:
    outputs = template.to_json()["Outputs"]
    assert logical_id(outputs["HubRoleArn"]["Value"]) == "EvaluatorRole4FBCA8FE"
    assert logical_id(outputs["EventBusArn"]["Value"]) == "FleetEventsBusB7931535"
    assert logical_id(outputs["StateMachineArn"]["Value"]) == "FleetMachineStateMachine2FB9D22B"


def test_outputs_name_the_log_groups_of_the_functions(template: Template) -> None:
    outputs = template.to_json()["Outputs"]
    assert {
        name: logical_id(output["Value"])
        for name, output in outputs.items()
        if name.endswith("LogGroupName")
    } == {
        "LogGroupName": "EvaluatorLog34143DF5",
        "ListTargetsLogGroupName": "FleetListTargetsLog9017A65D",
        "DeliverLogGroupName": "FleetDeliverLogDAB5AF64",
    }
