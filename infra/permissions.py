"""IAM permissions of a role: one action on one resource per statement."""

from collections.abc import Iterable

from aws_cdk import aws_iam as iam


def allow(role: iam.Role, permissions: Iterable[tuple[str, str]]) -> None:
    """Grant *role* each action on the resource beside it."""
    for action, resource in permissions:
        role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
