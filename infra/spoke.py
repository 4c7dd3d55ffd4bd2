"""The stacks of an account of a fleet, for CDK apps of your own.

They include the templates that `vdm-alerts spoke-template` prints. Import them into your app:

    from infra.spoke import Hub, SpokeEvents, SpokeRole

    hub = Hub("111111111111", "eu-west-1", external_id="9f1c7c1e")
    role = SpokeRole(app, "VdmAlertsRole", hub, env=one_region)
    SpokeEvents(app, "VdmAlertsEvents", hub, env=each_region).add_dependency(role)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk.cloudformation_include import CfnInclude
from constructs import Construct

from infra.asset import ROOT

TEMPLATES = ROOT / "cli" / "vdm_alerts_cli" / "templates"


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub of a fleet, as its spokes know it."""

    account: str
    """The account ID: 12 digits."""
    region: str
    prefix: str = "vdm-alerts"
    """The name of the stack of the hub."""
    role: str = "vdm-alerts-reader"
    """The key `role` of the fleet file."""
    organization: str = ""
    """The ID of the AWS organization of the hub. A spoke needs it, or an external ID, or both."""
    external_id: str = ""
    """The key `external_id` of the fleet file."""

    @property
    def location(self) -> Mapping[str, str]:
        """The parameters that both templates have."""
        return {"HubAccount": self.account, "HubRegion": self.region, "Prefix": self.prefix}

    @property
    def trust(self) -> Mapping[str, str]:
        """The other parameters of the template of the roles."""
        return {
            "RoleName": self.role,
            "Organization": self.organization,
            "ExternalId": self.external_id,
        }


class SpokeRole(Stack):
    """The roles of an account. Deploy this stack once in each account, in one Region."""

    def __init__(self, scope: Construct, id_: str, hub: Hub, **options: Any) -> None:  # noqa: ANN401 - those of Stack
        """Create the stack with the *options* of `Stack`."""
        super().__init__(scope, id_, **options)
        _include(self, "spoke-role.yaml", {**hub.location, **hub.trust})


class SpokeEvents(Stack):
    """The rule that forwards events of SES. Deploy this stack in each Region of an account.

    Deploy it after `SpokeRole`.
    """

    def __init__(self, scope: Construct, id_: str, hub: Hub, **options: Any) -> None:  # noqa: ANN401 - those of Stack
        """Create the stack with the *options* of `Stack`."""
        super().__init__(scope, id_, **options)
        _include(self, "spoke-events.yaml", hub.location)


def _include(stack: Stack, file: str, values: Mapping[str, str]) -> None:
    """Add the template *file* to *stack*, with *values* as the defaults of its parameters.

    They stay parameters, so that CloudFormation checks them.
    """
    template = CfnInclude(stack, "Template", template_file=str(TEMPLATES / file))
    for name, value in values.items():
        template.get_parameter(name).default = value
