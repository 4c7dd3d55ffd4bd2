"""A stack from its first deployment to the deployment after its deletion.

The commands of the README run here, on a machine that has only what the README demands.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from deployed_stack import (
    README_OPTIONS,
    DeployedStack,
    deploy_assembly,
    destroy,
    make,
    synthesize,
)

from vdm_local.cdk import CdkError
from vdm_local.deployment import LocalDeployment
from vdm_local.launcher import LocalAws, local_aws
from vdm_local.scenario import load_scenario

IMPORT_TABLE = "--import-existing-resources"
SCENARIO = Path(__file__).parents[2] / "local/vdm_local/scenarios/newsletter.toml"
CUSTOM, DEFAULT, OTHER_DEFAULT = "bounce-rate", "shipped/bounce-rate", "shipped/complaint-rate"
EVERY_OPTION = (
    *README_OPTIONS,
    *("-c", "watchdogEmail=boss@example.com"),
    *("-c", "slackWorkspaceId=T0123ABCD", "-c", "slackChannelId=C0123ABCD"),
    *("-c", "dashboard=true", "-c", "encrypt=true", "-c", "enableVdm=true"),
)


@pytest.fixture(scope="module")
def aws(bare_path: str) -> Iterator[LocalAws]:
    """A local AWS for this module alone, in which stacks are created and deleted."""
    with local_aws(SCENARIO) as aws:
        make(aws, bare_path, "bootstrap")
        yield aws


def resources(deployment: LocalDeployment) -> dict[str, list[str]]:
    """Return the names of all resources in the account, except those of `cdk bootstrap`."""
    tables = deployment.client("dynamodb").list_tables()["TableNames"]
    functions = deployment.client("lambda").list_functions()["Functions"]
    topics = deployment.client("sns").list_topics()["Topics"]
    queues = deployment.client("sqs").list_queues().get("QueueUrls", [])
    alarms = deployment.client("cloudwatch").describe_alarms()["MetricAlarms"]
    schedules = deployment.client("scheduler").list_schedules()["Schedules"]
    rules = deployment.client("events").list_rules()["Rules"]
    groups = deployment.client("logs").describe_log_groups()["logGroups"]
    roles = deployment.client("iam").list_roles()["Roles"]
    keys = deployment.client("kms").list_keys()["Keys"]
    states = (
        deployment.client("kms").describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in keys
    )
    dashboards = deployment.client("cloudwatch").list_dashboards()["DashboardEntries"]
    parameters = deployment.client("ssm").describe_parameters()["Parameters"]
    names = {
        "tables": tables,
        "functions": [each["FunctionName"] for each in functions],
        "topics": [each["TopicArn"] for each in topics],
        "queues": list(queues),
        "alarms": [each["AlarmName"] for each in alarms],
        "schedules": [each["Name"] for each in schedules],
        "rules": [each["Name"] for each in rules],
        "log groups": [each["logGroupName"] for each in groups],
        "keys": [each["Description"] for each in states if each["KeyState"] == "Enabled"],
        "dashboards": [each["DashboardName"] for each in dashboards],
        "roles": [each["RoleName"] for each in roles if "cdk-hnb659fds" not in each["RoleName"]],
        "parameters": [each["Name"] for each in parameters if "cdk-bootstrap" not in each["Name"]],
    }
    return {kind: found for kind, found in names.items() if found}


def test_state_and_rules_survive_redeployment_and_deletion(
    aws: LocalAws, assembly: Path, bare_path: str, tmp_path: Path
) -> None:
    outputs = tmp_path / "outputs.json"
    make(aws, bare_path, "deploy", *README_OPTIONS, f"--outputs-file={outputs}")
    first = LocalDeployment(aws, json.loads(outputs.read_text())["vdm-alerts"])
    with first.inbox() as inbox:
        stack = DeployedStack(first, inbox)
        breach, *_ = (
            run for run in load_scenario(SCENARIO).runs if "FIRING" in run.expected_reasons
        )
        _, (notification,) = stack.run(at=breach.at)
        assert notification.document["reason"] == "SUMMARY"
        assert notification.document["severity"] == "WARNING"

        # A second synth of the same sources makes no difference.
        difference = make(aws, bare_path, "diff", *README_OPTIONS)
        assert "Number of stacks with differences: 0" in difference

    # An operator creates a custom rule, and edits a default rule.
    default_rules = stack.rules()
    custom = default_rules[DEFAULT].replace('"5%"', '"50%"').replace('"10%"', '"60%"')
    edited = default_rules[OTHER_DEFAULT].replace('"0.1%"', '"0.2%"')
    stack.write_rules({CUSTOM: custom, OTHER_DEFAULT: edited})
    with_every_option = synthesize(aws, tmp_path, *EVERY_OPTION)
    deploy_assembly(aws, with_every_option)
    assert stack.rules() == {**default_rules, CUSTOM: custom, OTHER_DEFAULT: edited}
    report = stack.invoke()
    assert report["alerts_warning"] == 0, "the custom rule applies"
    assert report["findings"] == 2, "the edited default rule, and the subscriptions of the inbox"
    stack.write_rules({CUSTOM: None, OTHER_DEFAULT: default_rules[OTHER_DEFAULT]})
    assert stack.invoke()["alerts_warning"] > 0

    assert "VdmAlerts (vdm-alerts)" in make(aws, bare_path, "destroy")
    remaining = resources(first)
    assert remaining == {"tables": ["vdm-alerts"], "queues": remaining["queues"]}
    assert [each.rsplit("/", 1)[-1] for each in remaining["queues"]] == ["machine"], "the test's"

    # The kept table makes a deployment fail, unless the deployment imports the table.
    with pytest.raises(CdkError, match="already exists"):
        deploy_assembly(aws, assembly)
    second = deploy_assembly(aws, assembly, IMPORT_TABLE)
    assert second.outputs["TableName"] == first.outputs["TableName"]
    report = replace(stack, deployment=second).invoke()
    assert report["alerts_warning"] > 0
    assert report["notifications_sent"] == 1, "earlier notifications are not repeated"
    assert "SNS subscriptions fell from 2 to 1" in aws.emails()[-1]["subject"], "the inbox ended"


def test_second_stack_in_the_region_shares_nothing_with_the_first(
    aws: LocalAws, assembly: Path, tmp_path: Path
) -> None:
    first = deploy_assembly(aws, assembly, IMPORT_TABLE)
    before = resources(first)
    options = ("-c", "email=team@example.com", "-c", "prefix=team-a")
    second_assembly = synthesize(aws, tmp_path, *options)
    second = deploy_assembly(aws, second_assembly)
    for name, value in second.outputs.items():
        assert value != first.outputs[name]
    assert "team-a" in second.outputs["RulesPath"]
    destroy(aws, second_assembly)
    assert resources(first) == {**before, "tables": ["team-a", "vdm-alerts"]}
