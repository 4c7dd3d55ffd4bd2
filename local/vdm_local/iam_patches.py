"""Patches of ministack's enforcement of IAM."""

import json
import re
from typing import Any

from vdm_local.functions import Functions

PRINCIPAL = "aws:principalarn"
"""The condition key of the principal, in the form of ministack."""
_ROLE_SESSION = re.compile(r"arn:aws:sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")
"""The ARN of a session of a role."""


def authorize_parameter_paths(iam_actions: Any) -> None:
    """Authorize GetParametersByPath on its path, as AWS does, not on "*"."""
    original = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        query: Any,
        region: str,
        account: str,
    ) -> Any:
        if service == "ssm" and headers.get("x-amz-target", "").endswith(".GetParametersByPath"):
            return f"arn:aws:ssm:{region}:{account}:parameter{json.loads(body)['Path']}"
        return original(service, method, path, headers, body, query, region, account)

    iam_actions.extract_resource_arn = extract_resource_arn


def name_roles_of_sessions(iam_evaluator: Any) -> None:
    """Let `aws:PrincipalArn` be the ARN of the role for a session of a role, as AWS does.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    original = iam_evaluator._resolve_condition_key

    def resolve_condition_key(key: str, context: Any) -> Any:
        value = original(key, context)
        session = _ROLE_SESSION.fullmatch(str(value)) if key.lower() == PRINCIPAL else None
        return value if session is None else _role_arn(session["account"], session["role"])

    iam_evaluator._resolve_condition_key = resolve_condition_key


def record_permissions(
    iam_evaluator: Any, functions: Functions, used_permissions: set[tuple[str, str]]
) -> None:
    """Add each action that a function was allowed, with its resource, to *used_permissions*."""
    original = iam_evaluator.enforce

    def enforce(
        access_key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Any = None,
    ) -> Any:
        denied = original(access_key, action, service, region, resource_arn, service_context)
        if denied is None and functions.process_with_key(access_key):
            used_permissions.add((action, resource_arn))
        return denied

    iam_evaluator.enforce = enforce


def enforce_table_policies(provisioners: Any, dynamodb: Any, iam_evaluator: Any) -> None:
    """Let CloudFormation attach the resource policy of a table, and enforce it."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    original = handlers["create"]

    def create(logical_id: str, properties: Any, stack: str) -> Any:
        name, attributes = original(logical_id, properties, stack)
        if policy := properties.get("ResourcePolicy"):
            text = json.dumps(policy["PolicyDocument"])
            dynamodb._resource_policies[attributes["Arn"]] = {"Policy": text, "RevisionId": "1"}
        return name, attributes

    def table_policy_for_arn(arn: str) -> tuple[str, str] | None:
        _, _, _, region, account, _ = arn.split(":", 5)
        policy = dynamodb._resource_policies.get_scoped(account, region, arn)
        return (policy["Policy"], account) if policy else None

    handlers["create"] = create
    dynamodb.table_policy_for_arn = table_policy_for_arn
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["dynamodb"] = ("dynamodb", "table_policy_for_arn")


def _role_arn(account: str, name: str) -> str:
    """Return the ARN of the role *name*, with its path."""
    from ministack.services import iam  # noqa: PLC0415 - ministack reads its environment on import

    role = iam._roles.get_scoped(account, None, name)
    return str(role["Arn"]) if role else f"arn:aws:iam::{account}:role/{name}"
