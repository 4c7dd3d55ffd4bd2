"""The CDK app: builds the stack from the CDK context.

Synthesis depends on the repository and the context alone: it reads neither AWS, nor git, nor the
clock.
"""

import sys

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.asset import MissingDependenciesError
from infra.settings import InvalidContextError, read_context
from infra.stack import VdmAlerts
from vdm_alerts.core.rules.parser import InvalidRuleError


def main() -> None:
    """Synthesize the stack, or exit with the configuration error."""
    try:
        synthesize(App())
    except (InvalidContextError, InvalidRuleError, MissingDependenciesError) as error:
        sys.exit(str(error))


def synthesize(app: App) -> None:
    """Add the stack to *app*, check it with cdk-nag and write it.

    Raises InvalidContextError, InvalidRuleError or MissingDependenciesError.
    """
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    VdmAlerts(app, "VdmAlerts", read_context(app.node.get_all_context()))
    app.synth()


if __name__ == "__main__":
    main()
