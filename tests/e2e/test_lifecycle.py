"""A stack from its first deployment to the one after its end, with a person in between."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from stage import DEPLOY, Stage

from vdm_local.cdk import CdkError, bootstrap, cdk
from vdm_local.deployment import LocalDeployment, deploy
from vdm_local.launcher import LocalAws, local_aws
from vdm_local.scenario import load_scenario

ADOPT = "--import-existing-resources"
STORY = Path(__file__).parents[2] / "local/vdm_local/scenarios/newsletter.toml"
OWN, SHIPPED, OTHER = "bounce-rate", "shipped/bounce-rate", "shipped/complaint-rate"
EVERYTHING = (
    *DEPLOY,
    *("-c", "watchdogEmail=boss@example.com"),
    *("-c", "slackWorkspaceId=T0123ABCD", "-c", "slackChannelId=C0123ABCD"),
    *("-c", "dashboard=true", "-c", "encrypt=true", "-c", "enableVdm=true"),
)


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """A local AWS of its own, bootstrapped, because stacks come and go in it."""
    with local_aws(STORY) as aws:
        bootstrap(aws)
        yield aws


def what_is_left(deployment: LocalDeployment) -> dict[str, list[str]]:
    """What a person would find in the account that is no part of the CDK's own bootstrap."""
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
    found = {
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
    return {kind: names for kind, names in found.items() if names}


def test_a_stack_is_deployed_edited_deployed_again_destroyed_and_taken_up_again(
    aws: LocalAws,
) -> None:
    first = deploy(aws, *DEPLOY)
    with first.inbox() as inbox:
        stage = Stage(first, inbox)
        opening, *_ = (run for run in load_scenario(STORY).runs if "FIRING" in run.expected_reasons)
        _, (told,) = stage.run(at=opening.at)
        assert (told.document["reason"], told.document["severity"]) == ("SUMMARY", "WARNING")

        # Nothing has changed, and the CDK sees that nothing has.
        assert "Number of stacks with differences: 0" in cdk(aws, "diff", *DEPLOY)

    # A person saves a rule of their own, and edits a shipped one in place.
    shipped = stage.rules()
    mine = shipped[SHIPPED].replace('"5%"', '"50%"').replace('"10%"', '"60%"')
    edited = shipped[OTHER].replace('"0.1%"', '"0.2%"')
    stage.write_rules({OWN: mine, OTHER: edited})
    deploy(aws, *EVERYTHING)
    assert stage.rules() == {**shipped, OWN: mine, OTHER: edited}
    summary = stage.evaluate_series()
    assert (summary["alerts_warning"], summary["findings"]) == (0, 1), "one's own rule counts"
    stage.write_rules({OWN: None, OTHER: shipped[OTHER]})
    assert stage.evaluate_series()["alerts_warning"] > 0

    cdk(aws, "destroy", "--force", *DEPLOY)
    left = what_is_left(first)
    assert left == {"tables": ["vdm-alerts"], "queues": left["queues"]}
    assert [each.rsplit("/", 1)[-1] for each in left["queues"]] == ["machine"], "the test's own"

    # Without a word the table is in the way, and the CDK says so; with it, it is taken up.
    with pytest.raises(CdkError, match="already exists"):
        deploy(aws, *DEPLOY)
    again = deploy(aws, ADOPT, *DEPLOY)
    assert again.outputs["TableName"] == first.outputs["TableName"]
    summary = replace(stage, deployed=again).evaluate_series()
    assert summary["alerts_warning"] > 0
    assert summary["notices_told"] == 0, "what was told before the stack's end is not told again"


def test_a_second_stack_in_the_region_keeps_to_itself(aws: LocalAws) -> None:
    theirs = deploy(aws, ADOPT, *DEPLOY)
    before = what_is_left(theirs)
    ours = deploy(aws, "-c", "email=team@example.com", "-c", "prefix=team-a")
    for name, value in ours.outputs.items():
        assert value != theirs.outputs[name]
    assert "team-a" in ours.outputs["RulesPath"]
    cdk(aws, "destroy", "--force", "-c", "prefix=team-a")
    assert what_is_left(theirs) == {**before, "tables": ["team-a", "vdm-alerts"]}
