"""Virtual Deliverability Manager itself, where it is asked to be switched on."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ses as ses
from constructs import Construct


class DeliverabilityManager(Construct):
    """VDM on, for the account in this Region, and of what it can do to mail nothing.

    Engagement tracking rewrites links, and optimized shared delivery may hold mail back:
    https://docs.aws.amazon.com/ses/latest/dg/vdm-settings.html
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        attributes = ses.VdmAttributes(
            self, "Attributes", engagement_metrics=False, optimized_shared_delivery=False
        )
        # Others read its figures too, and it cannot count afterwards what was sent while it is off.
        attributes.apply_removal_policy(RemovalPolicy.RETAIN)
