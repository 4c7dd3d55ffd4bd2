"""Named facts about what `cdk deploy` puts into an account."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match, Template
from templates import CHOSEN, CONTEXT, everything, logical, ordinary, permissions, stack, the

from infra.rule_parameters import LONGEST, Rulebook
from infra.stack import VdmAlerts
from vdm_alerts.adapters.aws.dynamodb_items import EXPIRES
from vdm_alerts.core.muting.quiet_hours import parse_quiet_hours
from vdm_alerts.core.rules.default_rules import digest
from vdm_alerts.core.rules.parser import BadRule
from vdm_alerts.settings import VARIABLES, read_settings


@pytest.fixture(scope="module")
def template() -> Template:
    return ordinary()


def test_the_function_runs_our_handler_on_python_313_and_arm64(template: Template) -> None:
    function = the(template, "AWS::Lambda::Function")
    assert function["Handler"] == "vdm_alerts.handlers.evaluate.lambda_handler"
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])


def test_the_function_has_the_longest_time_that_lambda_gives(template: Template) -> None:
    assert the(template, "AWS::Lambda::Function")["Timeout"] == 900


def test_the_functions_environment_is_every_variable_it_reads_and_no_threshold(
    template: Template,
) -> None:
    function = the(template, "AWS::Lambda::Function")
    assert set(function["Environment"]["Variables"]) == set(VARIABLES.values())


def test_the_function_may_do_this_and_nothing_else(template: Template) -> None:
    allowed = permissions(template, "EvaluatorRole")
    anywhere = {action for action, resource in allowed.items() if resource == "*"}
    assert anywhere == {
        "ses:GetAccount",
        "ses:ListEmailIdentities",
        "ses:ListConfigurationSets",
        "ses:ListTenants",
        "ses:BatchGetMetricData",
    }
    somewhere = {
        action: logical(resource)
        for action, resource in allowed.items()
        if resource != "*" and action != "ssm:GetParametersByPath"
    }
    places = {
        action: place.removesuffix(place[-8:]) for action, place in somewhere.items()
    }  # Without the hash that the CDK adds.
    assert places == {
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


def test_the_function_reads_rules_and_silences_and_no_other_parameter(template: Template) -> None:
    resources = permissions(template, "EvaluatorRole")["ssm:GetParametersByPath"]
    assert [each["Fn::Join"][1][-1] for each in resources] == [
        ":parameter/vdm-alerts/rules",
        ":parameter/vdm-alerts/silences",
    ]
    environment = the(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert environment["VDM_ALERTS_RULES_PATH"] == "/vdm-alerts/rules"
    assert environment["VDM_ALERTS_SILENCES_PATH"] == "/vdm-alerts/silences"
    assert template.to_json()["Outputs"]["SilencesPath"]["Value"] == "/vdm-alerts/silences"


@pytest.mark.parametrize("text", ["none", "22:00-07:00 Europe/Berlin"])
def test_the_function_is_told_the_quiet_hours(text: str) -> None:
    function = the(stack(quiet_hours=parse_quiet_hours(text)), "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["VDM_ALERTS_QUIET_HOURS"] == text


def test_the_function_has_no_managed_policy(template: Template) -> None:
    for role in template.find_resources("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]


def test_the_schedule_wakes_the_function_and_may_do_nothing_else(template: Template) -> None:
    allowed = permissions(template, "WakeupsScheduleRole")
    assert set(allowed) == {"lambda:InvokeFunction", "sqs:SendMessage"}
    assert logical(allowed["lambda:InvokeFunction"]).startswith("EvaluatorFunction")
    assert logical(allowed["sqs:SendMessage"]).startswith("LostQueue")


def test_the_schedule_waits_until_it_may_wake_anybody(template: Template) -> None:
    ((_, schedule),) = template.find_resources("AWS::Scheduler::Schedule").items()
    assert any("ScheduleRoleDefaultPolicy" in each for each in schedule["DependsOn"])
    roles = template.find_resources("AWS::IAM::Role")
    role = roles[logical(schedule["Properties"]["Target"]["RoleArn"])]["Properties"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def test_ses_wakes_the_function_by_its_news_and_nobody_else_may(template: Template) -> None:
    ((name, rule),) = template.find_resources("AWS::Events::Rule").items()
    assert rule["Properties"]["EventPattern"] == {
        "source": ["aws.ses"],
        "detail-type": [
            "Advisor Recommendation Status Open",
            "Advisor Recommendation Status Resolved",
            "Advisor Recommendation Status Closed",
            "Sending Status Enabled",
            "Sending Status Disabled",
        ],
    }
    permission = the(template, "AWS::Lambda::Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    assert logical(permission["SourceArn"]) == name


def test_one_run_at_a_time_and_what_is_lost_is_kept(template: Template) -> None:
    assert the(template, "AWS::Lambda::Function")["ReservedConcurrentExecutions"] == 1
    asynchronous = the(template, "AWS::Lambda::EventInvokeConfig")
    assert asynchronous["MaximumRetryAttempts"] == 2
    assert asynchronous["MaximumEventAgeInSeconds"] == 3600
    destination = asynchronous["DestinationConfig"]["OnFailure"]["Destination"]
    assert logical(destination).startswith("LostQueue")
    (target,) = the(template, "AWS::Events::Rule")["Targets"]
    schedule = the(template, "AWS::Scheduler::Schedule")["Target"]
    for wakeup in (target, schedule):
        assert logical(wakeup["DeadLetterConfig"]["Arn"]).startswith("LostQueue")


def test_where_none_can_be_reserved_none_is() -> None:
    function = the(stack(reserve=False), "AWS::Lambda::Function")
    assert "ReservedConcurrentExecutions" not in function


def test_a_wake_up_that_is_late_is_given_up_within_the_hour(template: Template) -> None:
    schedule = the(template, "AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(1 hour)"
    retries = schedule["Target"]["RetryPolicy"]
    assert retries == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3}


def test_the_topic_refuses_to_be_spoken_to_without_tls(template: Template) -> None:
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


def test_every_address_is_subscribed_until_it_is_unsubscribed(template: Template) -> None:
    """A later deployment without the address must not silently stop the mail."""
    subscribed = template.find_resources("AWS::SNS::Subscription").values()
    assert {each["Properties"]["Endpoint"] for each in subscribed} == set(CHOSEN.emails)
    assert {each["DeletionPolicy"] for each in subscribed} == {"Retain"}


def test_mail_that_cannot_be_delivered_is_kept(template: Template) -> None:
    for each in everything().find_resources("AWS::SNS::Subscription").values():
        assert logical(each["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]) == _lost()
    statements = the(template, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    (sns,) = [each for each in statements if each["Principal"] == {"Service": "sns.amazonaws.com"}]
    (source,) = sns["Condition"]["ArnEquals"].values()
    assert logical(source).startswith("NoticesTopic")


def _lost() -> str:
    (name,) = everything().find_resources("AWS::SQS::Queue")
    return str(name)


def test_the_table_is_paid_by_use_backed_up_and_outlives_the_stack(template: Template) -> None:
    ((_, table),) = template.find_resources("AWS::DynamoDB::Table").items()
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    recovery = table["Properties"]["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["TimeToLiveSpecification"] == {
        "AttributeName": EXPIRES,
        "Enabled": True,
    }
    assert table["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["Properties"]["TableName"] == "vdm-alerts", "so that a later stack can adopt it"


def test_logs_are_kept_for_three_months(template: Template) -> None:
    assert the(template, "AWS::Logs::LogGroup")["RetentionInDays"] == 90


def test_each_rule_is_shipped_word_for_word_where_nobody_else_writes(
    template: Template, root: Path
) -> None:
    shipped = {
        each["Properties"]["Name"]: each["Properties"]["Value"]
        for each in template.find_resources("AWS::SSM::Parameter").values()
    }
    files = {file.stem: file.read_text() for file in root.glob("rules/*.toml")}
    assert shipped == {f"/vdm-alerts/rules/shipped/{name}": text for name, text in files.items()}
    environment = the(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    told = read_settings(dict.fromkeys(VARIABLES.values(), "x") | environment).digests
    assert told == {name: digest(text) for name, text in files.items()}


def test_a_rule_that_does_not_parse_cannot_deploy(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text('indicator = "bounces"')
    with pytest.raises(BadRule, match=r"broken\.toml: 3 problems"):
        Rulebook(App(), "Rulebook", "/here/rules", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("long.toml", b"#" * (LONGEST + 1), r"is 4097 bytes long; a parameter holds 4096"),
        ("M\u00e4h rule.toml", b"", "a parameter cannot be called that"),
        ("latin.toml", b"# \xe4", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_a_parameter_is_told_why(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadRule, match=says):
        Rulebook(App(), "Rulebook", "/here/rules", tmp_path)


def test_the_same_repository_and_context_give_the_same_template(template: Template) -> None:
    assert json.dumps(stack().to_json()) == json.dumps(template.to_json())


def test_two_stacks_in_a_region_share_no_name() -> None:
    """What AWS names itself has the stack's name in it."""
    ours, theirs = (
        _names(stack(prefix=prefix, slack=("T0123ABCD", "C0123ABCD"), dashboard=True))
        for prefix in ("vdm-alerts", "other-team")
    )
    # The table, two rules, eight alarms, the metrics, the dashboard and the Slack configuration.
    assert len(ours) == len(theirs) == 14
    assert not ours & theirs
    function = the(stack(prefix="other-team"), "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["VDM_ALERTS_SERVICE"] == "other-team"


def _names(template: Template) -> set[str]:
    """Every name in *template* that must be the only one of its kind in a Region."""
    resources = template.to_json()["Resources"].values()
    kinds = "Table|Function|Queue|Topic|Role|Alarm|Dashboard|LogGroup|Configuration"
    naming = re.compile(rf"({kinds}|)Name")
    named = {
        json.dumps(value)
        for each in resources
        for key, value in each.get("Properties", {}).items()
        if naming.fullmatch(key) and not {"Ref", "Fn::GetAtt"} & set(value)
    }
    environment = the(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    return named | {environment["VDM_ALERTS_SERVICE"] + " (metrics)"}


def test_a_deployment_that_subscribes_nobody_is_warned_of() -> None:
    for emails, warnings in (((), 1), (("ops@example.com",), 0)):
        app = App(context=CONTEXT)
        nobody = VdmAlerts(app, "VdmAlerts", replace(CHOSEN, emails=emails))
        found = Annotations.from_stack(nobody).find_warning(
            "*", Match.string_like_regexp("subscribes nobody to the alerts")
        )
        assert len(found) == warnings


def test_vdm_is_left_as_it_is_unless_it_is_asked_for(template: Template) -> None:
    template.resource_count_is("AWS::SES::VdmAttributes", 0)


def test_vdm_is_switched_on_without_touching_mail_and_stays_on() -> None:
    ((_, found),) = everything().find_resources("AWS::SES::VdmAttributes").items()
    assert found["Properties"] == {
        "DashboardAttributes": {"EngagementMetrics": "DISABLED"},
        "GuardianAttributes": {"OptimizedSharedDelivery": "DISABLED"},
    }
    assert found["DeletionPolicy"] == "Retain"
