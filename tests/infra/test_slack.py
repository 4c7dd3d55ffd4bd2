"""Named facts about the Slack channel that is told."""

from templates import everything, logical, ordinary


def test_without_ids_there_is_no_channel() -> None:
    ordinary().resource_count_is("AWS::Chatbot::SlackChannelConfiguration", 0)


def test_the_channel_gets_every_topic_and_can_do_nothing() -> None:
    template = everything()
    ((_, found),) = template.find_resources("AWS::Chatbot::SlackChannelConfiguration").items()
    channel = found["Properties"]
    assert (channel["SlackWorkspaceId"], channel["SlackChannelId"]) == ("T0123ABCD", "C0123ABCD")
    assert channel["ConfigurationName"] == "marketing-alerts-C0123ABCD"
    topics = {logical(topic)[:-8] for topic in channel["SnsTopicArns"]}
    assert topics == {"NoticesTopic", "WatchdogNoticesTopic"}
    (guardrail,) = channel["GuardrailPolicies"]
    assert guardrail["Fn::Join"][1][-1] == ":iam::aws:policy/CloudWatchReadOnlyAccess"
    role = logical(channel["IamRoleArn"])
    for policy in template.find_resources("AWS::IAM::Policy").values():
        assert role not in {logical(each) for each in policy["Properties"]["Roles"]}
    assert "ManagedPolicyArns" not in template.find_resources("AWS::IAM::Role")[role]["Properties"]
