"""The CDK app: from the context to the stack. It asks nothing of AWS, git or the clock."""

import sys

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.asset import MissingDependencies
from infra.settings import BadContext, read_context
from infra.stack import VdmAlerts
from vdm_alerts.core.rules.parser import BadRule


def main() -> None:
    """Synthesize, or say what has to be mended first."""
    app = App()
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    try:
        VdmAlerts(app, "VdmAlerts", read_context(app.node.get_all_context()))
    except (BadContext, BadRule, MissingDependencies) as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
