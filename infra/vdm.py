"""Virtual Deliverability Manager, if the deployment enables it."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ses as ses
from constructs import Construct


class DeliverabilityManager(Construct):
    """VDM for the account in this Region, without changes to emails.

    Engagement tracking would rewrite links, and optimized shared delivery may delay emails:
    https://docs.aws.amazon.com/ses/latest/dg/vdm-settings.html
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        attributes = ses.VdmAttributes(
            self, "Attributes", engagement_metrics=False, optimized_shared_delivery=False
        )
        # VDM stays enabled after the stack is deleted: others may use its data, and VDM never
        # counts emails that are sent while it is off.
        attributes.apply_removal_policy(RemovalPolicy.RETAIN)
