"""How a role is allowed something: one action on one resource, and so one statement each."""

from collections.abc import Iterable

from aws_cdk import aws_iam as iam


def allow(role: iam.Role, permissions: Iterable[tuple[str, str]]) -> None:
    """Let *role* do each action on the one resource beside it."""
    for action, resource in permissions:
        role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
