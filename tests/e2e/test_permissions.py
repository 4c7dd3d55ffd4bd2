"""The permissions of the deployed role, compared with those that its runs use."""

from pathlib import Path

from deployed_stack import DeployedStack

from vdm_local.scenario import load_scenario

STORY = Path(__file__).parents[1] / "faults/story.toml"
USED_BY_LAMBDA = {"sqs:SendMessage", "logs:CreateLogStream", "logs:PutLogEvents"}
"""Actions that Lambda does with the role of the function. ministack does them without IAM."""


def allowed_by_role(stack: DeployedStack) -> set[tuple[str, str]]:
    """Return each action that the role of the function allows, with its resource."""
    iam = stack.deployment.client("iam")
    function = stack.deployment.client("lambda").get_function_configuration(
        FunctionName=stack.deployment.outputs["FunctionName"]
    )
    role = function["Role"].rsplit("/", 1)[-1]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    return {(each["Action"], each["Resource"]) for each in document["Statement"]}


def test_alerting_run_uses_every_permission_of_the_role_and_no_other(stack: DeployedStack) -> None:
    stack.aws.set_scenario(STORY.read_text())
    breach = next(run for run in load_scenario(STORY).runs if "FIRING" in run.expected_reasons)
    report, _ = stack.run(at=breach.at)
    assert report["notifications_sent"] > 0
    allowed = allowed_by_role(stack)
    by_code = {(action, resource) for action, resource in allowed if action not in USED_BY_LAMBDA}
    assert {action for action, _ in allowed - by_code} == USED_BY_LAMBDA
    assert stack.aws.used_permissions() == by_code
