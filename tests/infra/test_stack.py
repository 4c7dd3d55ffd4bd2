"""The resources that `cdk deploy` creates."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match, Template
from templates import (
    CONTEXT,
    SETTINGS,
    build_template,
    full_template,
    logical_id,
    only_resource,
    ordinary_template,
    permissions,
    template_with,
)

from infra.rule_parameters import MAX_PARAMETER_BYTES, RuleParameters
from infra.stack import VdmAlerts
from vdm_alerts.adapters.aws.dynamodb_items import EXPIRES
from vdm_alerts.core.muting.quiet_hours import parse_quiet_hours
from vdm_alerts.core.notifications.rendering.message import MAX_SMS
from vdm_alerts.core.rules.default_rules import fingerprint
from vdm_alerts.core.rules.parser import InvalidRuleError
from vdm_alerts.handlers import events
from vdm_alerts.settings import VARIABLES, read_settings


@pytest.fixture(scope="module")
def template() -> Template:
    return ordinary_template()


def test_function_runs_handler_on_python_313_and_arm64(template: Template) -> None:
    function = only_resource(template, "AWS::Lambda::Function")
    assert function["Handler"] == "vdm_alerts.handlers.evaluate.lambda_handler"
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])


def test_function_timeout_is_longest_that_lambda_allows(template: Template) -> None:
    assert only_resource(template, "AWS::Lambda::Function")["Timeout"] == 900


def test_function_environment_has_exactly_the_variables_it_reads(
    template: Template,
) -> None:
    function = only_resource(template, "AWS::Lambda::Function")
    assert set(function["Environment"]["Variables"]) == set(VARIABLES.values())


def test_function_role_has_exact_permissions(template: Template) -> None:
    allowed = permissions(template, "EvaluatorRole")
    on_any_resource = {action for action, resource in allowed.items() if resource == "*"}
    assert on_any_resource == {
        "ses:GetAccount",
        "ses:ListEmailIdentities",
        "ses:ListConfigurationSets",
        "ses:ListTenants",
        "ses:ListRecommendations",
        "ses:BatchGetMetricData",
        "cloudwatch:GetMetricData",
    }
    resources = {
        action: logical_id(resource)
        for action, resource in allowed.items()
        if resource != "*" and action != "ssm:GetParametersByPath"
    }
    prefixes = {
        action: resource_id[:-8] for action, resource_id in resources.items()
    }  # Without the hash that the CDK appends.
    assert prefixes == {
        "dynamodb:Query": "MemoryTable",
        "dynamodb:PutItem": "MemoryTable",
        "dynamodb:DeleteItem": "MemoryTable",
        "dynamodb:BatchWriteItem": "MemoryTable",
        "sns:Publish": "NoticesTopic",
        "sns:GetTopicAttributes": "NoticesTopic",
        "sqs:SendMessage": "LostQueue",
        "logs:CreateLogStream": "EvaluatorLog",
        "logs:PutLogEvents": "EvaluatorLog",
    }


def test_function_role_reads_rules_and_silences_only(template: Template) -> None:
    resources = permissions(template, "EvaluatorRole")["ssm:GetParametersByPath"]
    assert [each["Fn::Join"][1][-1] for each in resources] == [
        ":parameter/vdm-alerts/rules",
        ":parameter/vdm-alerts/silences",
    ]
    environment = only_resource(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert environment["VDM_ALERTS_RULES_PATH"] == "/vdm-alerts/rules"
    assert environment["VDM_ALERTS_SILENCES_PATH"] == "/vdm-alerts/silences"
    assert template.to_json()["Outputs"]["SilencesPath"]["Value"] == "/vdm-alerts/silences"


@pytest.mark.parametrize("text", ["none", "22:00-07:00 Europe/Berlin"])
def test_function_environment_has_quiet_hours(text: str) -> None:
    function = only_resource(
        template_with(quiet_hours=parse_quiet_hours(text)), "AWS::Lambda::Function"
    )
    assert function["Environment"]["Variables"]["VDM_ALERTS_QUIET_HOURS"] == text


def test_roles_have_no_managed_policy(template: Template) -> None:
    for role in template.find_resources("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]


def test_schedule_role_invokes_function_only(template: Template) -> None:
    allowed = permissions(template, "WakeupsScheduleRole")
    assert set(allowed) == {"lambda:InvokeFunction", "sqs:SendMessage"}
    assert logical_id(allowed["lambda:InvokeFunction"]).startswith("EvaluatorFunction")
    assert logical_id(allowed["sqs:SendMessage"]).startswith("LostQueue")


def test_schedule_is_created_after_its_role(template: Template) -> None:
    schedules = template.find_resources("AWS::Scheduler::Schedule").values()
    for each in schedules:
        assert any("ScheduleRoleDefaultPolicy" in name for name in each["DependsOn"])
    roles = template.find_resources("AWS::IAM::Role")
    (arn,) = {logical_id(each["Properties"]["Target"]["RoleArn"]) for each in schedules}
    role = roles[arn]["Properties"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def test_ses_events_invoke_function_and_no_other_rule_may(template: Template) -> None:
    ((name, rule),) = template.find_resources("AWS::Events::Rule").items()
    assert rule["Properties"]["EventPattern"] == {
        "source": ["aws.ses"],
        "detail-type": [
            "Sending Status Enabled",
            "Sending Status Disabled",
        ],
    }
    permission = only_resource(template, "AWS::Lambda::Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    assert logical_id(permission["SourceArn"]) == name


def test_failed_and_undelivered_events_go_to_dead_letter_queue(template: Template) -> None:
    asynchronous = only_resource(template, "AWS::Lambda::EventInvokeConfig")
    assert asynchronous["MaximumRetryAttempts"] == 2
    assert asynchronous["MaximumEventAgeInSeconds"] == 3600
    destination = asynchronous["DestinationConfig"]["OnFailure"]["Destination"]
    assert logical_id(destination).startswith("LostQueue")
    (target,) = only_resource(template, "AWS::Events::Rule")["Targets"]
    schedules = [each["Target"] for each in schedules_of(template).values()]
    for trigger in (target, *schedules):
        assert logical_id(trigger["DeadLetterConfig"]["Arn"]).startswith("LostQueue")


@pytest.mark.parametrize(("reserve", "concurrency"), [(False, None), (True, 1)])
def test_function_reserves_concurrency_only_when_reserve_is_on(
    *, reserve: bool, concurrency: int | None
) -> None:
    function = only_resource(template_with(reserve=reserve), "AWS::Lambda::Function")
    assert function.get("ReservedConcurrentExecutions") == concurrency


def schedules_of(template: Template) -> dict[str, Any]:
    """Return the properties of each schedule by its input."""
    schedules = template.find_resources("AWS::Scheduler::Schedule").values()
    return {each["Properties"]["Target"]["Input"]: each["Properties"] for each in schedules}


def test_schedules_drop_triggers_after_an_hour(template: Template) -> None:
    for schedule in schedules_of(template).values():
        retries = schedule["Target"]["RetryPolicy"]
        assert retries == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}


def test_runs_and_weekly_summaries_have_a_schedule_each(template: Template) -> None:
    schedules = {
        event: schedule["ScheduleExpression"] for event, schedule in schedules_of(template).items()
    }
    weekly = json.dumps({events.WEEKLY_SUMMARY: True})
    assert schedules == {"{}": "rate(1 hour)", weekly: "cron(0 8 ? * MON *)"}


def test_weekly_summary_has_no_schedule_when_it_is_off() -> None:
    assert [*schedules_of(template_with(weekly_summary=None))] == ["{}"]


def test_topic_name_leaves_room_for_a_text_message(template: Template) -> None:
    """SNS puts the name before each text message, and splits one of more than 140 characters."""
    prefix = f"{only_resource(template, 'AWS::SNS::Topic')['DisplayName']}> "
    assert len(prefix) + MAX_SMS == 140


def test_topic_requires_tls(template: Template) -> None:
    template.has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {
            "PolicyDocument": Match.object_like(
                {
                    "Statement": Match.array_with(
                        [
                            Match.object_like(
                                {
                                    "Effect": "Deny",
                                    "Action": "sns:Publish",
                                    "Principal": "*",
                                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                                }
                            )
                        ]
                    )
                }
            )
        },
    )


def test_email_subscriptions_are_retained(template: Template) -> None:
    """A later deployment without an address must not silently end its emails."""
    subscribed = template.find_resources("AWS::SNS::Subscription").values()
    assert {each["Properties"]["Endpoint"] for each in subscribed} == set(SETTINGS.emails)
    assert {each["DeletionPolicy"] for each in subscribed} == {"Retain"}


def test_undelivered_emails_go_to_dead_letter_queue(template: Template) -> None:
    for each in full_template().find_resources("AWS::SNS::Subscription").values():
        assert (
            logical_id(each["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
            == _dead_letter_queue_id()
        )
    statements = only_resource(template, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    (sns,) = [each for each in statements if each["Principal"] == {"Service": "sns.amazonaws.com"}]
    (source,) = sns["Condition"]["ArnEquals"].values()
    assert logical_id(source).startswith("NoticesTopic")


def _dead_letter_queue_id() -> str:
    (name,) = full_template().find_resources("AWS::SQS::Queue")
    return str(name)


def test_table_is_on_demand_backed_up_and_retained(template: Template) -> None:
    ((_, table),) = template.find_resources("AWS::DynamoDB::Table").items()
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    recovery = table["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["TimeToLiveSpecification"] == {
        "AttributeName": EXPIRES,
        "Enabled": True,
    }
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["Properties"]["TableName"] == "vdm-alerts", (
        "so that a later stack can adopt the table"
    )


def test_logs_are_kept_for_three_months(template: Template) -> None:
    assert only_resource(template, "AWS::Logs::LogGroup")["RetentionInDays"] == 90


def test_default_rules_are_deployed_unchanged_in_their_own_folder(
    template: Template, root: Path
) -> None:
    shipped = {
        each["Properties"]["Name"]: each["Properties"]["Value"]
        for each in template.find_resources("AWS::SSM::Parameter").values()
    }
    files = {file.stem: file.read_text() for file in root.glob("rules/*.toml")}
    assert shipped == {f"/vdm-alerts/rules/shipped/{name}": text for name, text in files.items()}
    environment = only_resource(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    fingerprints = read_settings(
        dict.fromkeys(VARIABLES.values(), "x") | environment
    ).rule_fingerprints
    assert fingerprints == {name: fingerprint(text) for name, text in files.items()}


def test_invalid_rule_fails_synthesis(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text('indicator = "bounces"')
    with pytest.raises(InvalidRuleError, match=r"broken\.toml: 3 errors"):
        RuleParameters(App(), "Rulebook", "/here/rules", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "long.toml",
            b"#" * (MAX_PARAMETER_BYTES + 1),
            r"has 4097 bytes, which do not fit into a parameter",
        ),
        ("M\u00e4h rule.toml", b"", "is not valid as the name of a parameter"),
        ("latin.toml", b"# \xe4", "is unreadable"),
    ],
)
def test_rule_file_is_rejected_with_reason_when_it_cannot_be_a_parameter(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidRuleError, match=message):
        RuleParameters(App(), "Rulebook", "/here/rules", tmp_path)


def test_template_is_deterministic(template: Template) -> None:
    assert json.dumps(build_template().to_json()) == json.dumps(template.to_json())


def test_stacks_in_one_region_share_no_name() -> None:
    """Names that CloudFormation generates contain the name of the stack."""
    first, second = (
        _names(template_with(prefix=prefix, slack=("T0123ABCD", "C0123ABCD"), dashboard=True))
        for prefix in ("vdm-alerts", "other-team")
    )
    # Table, five rules, five alarms, metrics, dashboard and Slack configuration.
    assert len(first) == len(second) == 14
    assert first.isdisjoint(second)
    function = only_resource(template_with(prefix="other-team"), "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["VDM_ALERTS_SERVICE"] == "other-team"


def _names(template: Template) -> set[str]:
    """Return every name in *template* that must be unique in a Region."""
    resources = template.to_json()["Resources"].values()
    kinds = "Table|Function|Queue|Topic|Role|Alarm|Dashboard|LogGroup|Configuration"
    name_property = re.compile(rf"({kinds}|)Name")
    names = {
        json.dumps(value)
        for each in resources
        for key, value in each.get("Properties", {}).items()
        if name_property.fullmatch(key) and not {"Ref", "Fn::GetAtt"} & set(value)
    }
    environment = only_resource(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    return names | {environment["VDM_ALERTS_SERVICE"] + " (metrics)"}


def test_synthesis_warns_when_nobody_is_subscribed() -> None:
    for emails, warnings in (((), 1), (("ops@example.com",), 0)):
        app = App(context=CONTEXT)
        stack = VdmAlerts(app, "VdmAlerts", replace(SETTINGS, emails=emails))
        found = Annotations.from_stack(stack).find_warning(
            "*", Match.string_like_regexp("subscribes no address to the notifications")
        )
        assert len(found) == warnings


def test_vdm_is_unmanaged_by_default(template: Template) -> None:
    template.resource_count_is("AWS::SES::VdmAttributes", 0)


def test_vdm_is_enabled_without_changing_emails_and_retained() -> None:
    ((_, found),) = full_template().find_resources("AWS::SES::VdmAttributes").items()
    assert found["Properties"] == {
        "DashboardAttributes": {"EngagementMetrics": "DISABLED"},
        "GuardianAttributes": {"OptimizedSharedDelivery": "DISABLED"},
    }
    assert found["DeletionPolicy"] == "Retain"
