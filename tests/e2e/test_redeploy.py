"""A later deployment with other options."""

from pathlib import Path

from deployed_stack import DeployedStack, deploy_assembly, synthesize


def subscribed_endpoints(stack: DeployedStack) -> set[str]:
    topic = stack.deployment.outputs["TopicArn"]
    answer = stack.deployment.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    return {each["Endpoint"] for each in answer["Subscriptions"]}


def test_email_address_stays_subscribed_when_a_deployment_omits_it(
    stack: DeployedStack, tmp_path: Path
) -> None:
    before = subscribed_endpoints(stack)
    assert "ops@example.com" in before
    slack = ("-c", "slackWorkspaceId=T0123ABCD", "-c", "slackChannelId=C0123ABCD")
    redeployed = deploy_assembly(stack.aws, synthesize(stack.aws, tmp_path, *slack))
    assert redeployed.outputs == stack.deployment.outputs
    assert subscribed_endpoints(stack) == before
