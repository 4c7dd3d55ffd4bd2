"""The optional Slack channel."""

from templates import full_template, logical_id, ordinary_template


def test_slack_channel_is_absent_by_default() -> None:
    ordinary_template().resource_count_is("AWS::Chatbot::SlackChannelConfiguration", 0)


def test_slack_channel_receives_every_topic_and_has_no_permission() -> None:
    template = full_template()
    ((_, found),) = template.find_resources("AWS::Chatbot::SlackChannelConfiguration").items()
    channel = found["Properties"]
    assert (channel["SlackWorkspaceId"], channel["SlackChannelId"]) == ("T0123ABCD", "C0123ABCD")
    assert channel["ConfigurationName"] == "marketing-alerts-C0123ABCD"
    topics = {logical_id(topic)[:-8] for topic in channel["SnsTopicArns"]}
    assert topics == {"NoticesTopic", "WatchdogNoticesTopic"}
    (guardrail,) = channel["GuardrailPolicies"]
    assert guardrail["Fn::Join"][1][-1] == ":iam::aws:policy/CloudWatchReadOnlyAccess"
    role = logical_id(channel["IamRoleArn"])
    for policy in template.find_resources("AWS::IAM::Policy").values():
        assert role not in {logical_id(each) for each in policy["Properties"]["Roles"]}
    assert "ManagedPolicyArns" not in template.find_resources("AWS::IAM::Role")[role]["Properties"]
