"""Notifications in a Slack channel, by Amazon Q Developer."""

from collections.abc import Sequence

from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct


class SlackChannel(Construct):
    """A Slack channel that receives all messages of some topics.

    No command in the channel can change anything in the account.
    """

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
        """Configure *channel* of *workspace* under *name*.

        An account can configure a channel once, for all Regions together. So another *name*, which
        replaces the configuration, fails. Authorize the workspace in the Amazon Q Developer console
        before you deploy.
        """
        super().__init__(scope, id_)
        chatbot.SlackChannelConfiguration(
            self,
            "Channel",
            slack_channel_configuration_name=name,
            slack_workspace_id=workspace,
            slack_channel_id=channel,
            notification_topics=list(topics),
            role=iam.Role(  # Without permissions: notifications need none.
                self, "Role", assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com")
            ),
            # The upper limit of permissions in the channel. The default is AdministratorAccess.
            guardrail_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("CloudWatchReadOnlyAccess")
            ],
        )
