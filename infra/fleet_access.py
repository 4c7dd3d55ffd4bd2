"""What the evaluator of a fleet has in addition: a known name, roles to assume, and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Arn, ArnComponents, Stack

from infra.cadence import shortest_interval
from infra.fleet_bucket import FleetBucket
from infra.settings import FleetOptions, Settings
from vdm_alerts.settings import FleetSettings


@dataclass(frozen=True, slots=True)
class FleetAccess:
    """How the evaluator accesses the accounts and the files of a fleet."""

    options: FleetOptions
    files: FleetBucket
    role_name: str
    """The name of the evaluator's role."""
    permissions: Sequence[tuple[str, str]]
    """Each action in addition, and its resource."""
    accepted: Mapping[str, str]
    """The findings of cdk-nag about these permissions, and the reason for each."""
    settings: FleetSettings


def hub_role_name(prefix: str, region: str) -> str:
    """Return the name of the evaluator's role in a fleet.

    It is fixed, so that the trust policy of a role in another account can contain it.
    """
    return f"{prefix}-hub-{region}"  # At most 64 characters.


def fleet_access(stack: Stack, settings: Settings) -> FleetAccess | None:
    """Return what the evaluator of *stack* needs for the fleet of *settings*, with its bucket.

    None without a fleet.
    """
    if settings.fleet is None:
        return None
    role = settings.fleet.fleet.role
    files = FleetBucket(stack, "FleetFiles", settings.prefix)
    reader = Arn.format(
        ArnComponents(service="iam", region="", account="*", resource="role", resource_name=role),
        stack,
    )
    due = files.files("due/*")
    return FleetAccess(
        options=settings.fleet,
        files=files,
        role_name=hub_role_name(settings.prefix, stack.region),
        permissions=[("sts:AssumeRole", reader), ("s3:PutObject", due)],
        accepted={
            f"AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::*:role/{role}]": (
                "The accounts of an organization are known only when an execution lists them. The "
                "role in each account decides whom it trusts."
            ),
            **files.accepted("due/*"),
        },
        settings=FleetSettings(
            fleet_bucket=files.bucket.bucket_name,
            fleet_interval=shortest_interval(settings.schedule),
        ),
    )
