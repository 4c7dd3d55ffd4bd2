"""What a later deployment with other choices does to what is there."""

from stage import Stage

from vdm_local.deployment import deploy


def subscribers(stage: Stage) -> set[str]:
    topic = stage.deployed.outputs["TopicArn"]
    listed = stage.deployed.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    return {each["Endpoint"] for each in listed["Subscriptions"]}


def test_an_address_that_is_left_out_is_written_to_all_the_same(stage: Stage) -> None:
    before = subscribers(stage)
    assert "ops@example.com" in before
    slack = ("-c", "slackWorkspaceId=T0123ABCD", "-c", "slackChannelId=C0123ABCD")
    again = deploy(stage.deployed.aws, *slack)
    assert again.outputs == stage.deployed.outputs
    assert subscribers(stage) == before
