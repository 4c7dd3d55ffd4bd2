"""A Slack channel that is told, by Amazon Q Developer in chat applications."""

from collections.abc import Sequence

from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct


class SlackChannel(Construct):
    """A channel that gets everything on some topics, and from which nothing can be done."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        workspace: str,
        channel: str,
        topics: Sequence[sns.Topic],
    ) -> None:
        """Tell *channel* of *workspace*, which somebody has authorised in the console before.

        The configuration is called *name*.
        """
        super().__init__(scope, id_)
        chatbot.SlackChannelConfiguration(
            self,
            "Channel",
            slack_channel_configuration_name=name,
            slack_workspace_id=workspace,
            slack_channel_id=channel,
            notification_topics=list(topics),
            role=iam.Role(  # With no permission: a message needs none.
                self, "Role", assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com")
            ),
            # What nobody in the channel can go beyond; without one it is AdministratorAccess.
            guardrail_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("CloudWatchReadOnlyAccess")
            ],
        )
