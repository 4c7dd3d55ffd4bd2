"""The deployed stack: its resources, and the settings of its function."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from vdm_alerts.adapters.aws.errors import translate_errors
from vdm_alerts.settings import Settings, read_settings
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.errors import NotReadError
from vdm_alerts_cli.options import DEFAULT_PREFIX


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployed stack."""

    stack: str
    """The name of the stack."""
    outputs: Mapping[str, str]
    """The outputs of the stack, such as "FunctionName"."""
    settings: Settings
    """The settings of the function."""

    @property
    def function(self) -> str:
        """The name of the function."""
        return self.outputs["FunctionName"]


def find_deployment(connection: Connection, prefix: str) -> Deployment | None:
    """Return the stack named *prefix*; None if there is none and *prefix* is the default.

    Raises AccessDeniedError or UnavailableError if AWS does not say, and NotReadError if the stack
    is not one of VDM Alerts, or if one that the user names does not exist.
    """
    outputs = _outputs(connection, prefix)
    if outputs is None and prefix != DEFAULT_PREFIX:
        raise NotReadError(_no_stack(connection, prefix))
    if outputs is None:
        return None
    if "FunctionName" not in outputs:
        raise NotReadError(
            f"Stack {prefix} has no output FunctionName. Fix: use --prefix with the name of your "
            "stack of VDM Alerts, or deploy it again if its creation failed."
        )
    with translate_errors("lambda:GetFunctionConfiguration"):
        configuration = connection.client("lambda").get_function_configuration(
            FunctionName=outputs["FunctionName"]
        )
    variables = configuration.get("Environment", {}).get("Variables", {})
    return Deployment(prefix, outputs, read_settings(variables))


def require_deployment(connection: Connection, prefix: str) -> Deployment:
    """Return the stack named *prefix*. Raises NotReadError without one, and as find_deployment."""
    deployment = find_deployment(connection, prefix)
    if deployment is None:
        raise NotReadError(_no_stack(connection, prefix))
    return deployment


def _no_stack(connection: Connection, prefix: str) -> str:
    return (
        f"There is no stack {prefix} in account {connection.account}, {connection.region}. "
        "Fix: use --region or --prefix, or deploy VDM Alerts."
    )


def _outputs(connection: Connection, prefix: str) -> Mapping[str, str] | None:
    with translate_errors("cloudformation:DescribeStacks"):
        try:
            response = connection.client("cloudformation").describe_stacks(StackName=prefix)
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
    (stack,) = response["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
