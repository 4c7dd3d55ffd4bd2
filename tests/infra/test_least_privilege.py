"""The permissions of the function, compared with the operations that its code calls."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import botocore.session
from botocore import xform_name
from templates import fleet_template, full_template, ordinary_template, permissions

SERVICES = {
    "sesv2": "ses",
    "ssm": "ssm",
    "dynamodb": "dynamodb",
    "sns": "sns",
    "cloudwatch": "cloudwatch",
}
"""The prefix of actions, by the service of each client in bootstrap.py."""
FLEET_SERVICES = {"s3": "s3", "sts": "sts", "organizations": "organizations"}
"""The services of the clients that only the functions of a fleet have."""
USED_BY_S3 = {"s3:ListBucket": "S3 reports a missing file only to who may list the bucket"}
"""Actions that no operation of the code is, and that change the response of one."""
FLEET_ROLES = ("EvaluatorRole", "FleetListTargetsRole", "FleetDeliverRole")
ACTIONS_OF = {
    "dynamodb:TransactWriteItems": {"dynamodb:PutItem", "dynamodb:DeleteItem"},
    "dynamodb:BatchWriter": {"dynamodb:BatchWriteItem"},
}
"""The actions that IAM checks, if their names are not that of the operation."""
USED_BY_LAMBDA = {
    "sqs:SendMessage": "the on-failure destination",
    "logs:CreateLogStream": "the log",
    "logs:PutLogEvents": "the log",
}
"""Actions that Lambda, and not the code, does with the role of the function."""
ENCRYPTION = {"kms:GenerateDataKey", "kms:Decrypt"}
"""Actions that SNS and SQS do for the function, if their messages are encrypted."""


def called_actions(root: Path, services: Mapping[str, str] = SERVICES) -> set[str]:
    """Return every action of *services* that IAM checks when the code calls AWS.

    The code is read instead of run, so that paths without a test count too.
    """
    operations = {"batch_writer": "dynamodb:BatchWriter"}
    session = botocore.session.Session()
    for service, prefix in services.items():
        for name in session.get_service_model(service).operation_names:
            operations[xform_name(name)] = f"{prefix}:{name}"
    called = {
        operations[name]
        for file in (root / "lambda/vdm_alerts").rglob("*.py")
        for name in _names_used(ast.parse(file.read_text()))
        if name in operations
    }
    return {action for each in called for action in ACTIONS_OF.get(each, {each})}


def _names_used(tree: ast.Module) -> Iterator[str]:
    """Yield the name of each attribute, and each text, such as the name of an operation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_role_has_exactly_the_actions_that_the_code_calls(root: Path) -> None:
    allowed = set(permissions(ordinary_template(), "EvaluatorRole"))
    assert allowed - USED_BY_LAMBDA.keys() == called_actions(root)


def test_roles_of_a_fleet_have_exactly_the_actions_that_the_code_calls(root: Path) -> None:
    allowed = {
        action for role in FLEET_ROLES for action in permissions(fleet_template(), role)
    } - USED_BY_LAMBDA.keys()
    called = called_actions(root, {**SERVICES, **FLEET_SERVICES})
    assert allowed - USED_BY_S3.keys() == called


def test_encryption_adds_only_the_actions_on_its_key() -> None:
    ordinary = permissions(ordinary_template(), "EvaluatorRole")
    assert set(permissions(full_template(), "EvaluatorRole")) - set(ordinary) == ENCRYPTION


def test_only_actions_without_a_resource_type_are_allowed_on_every_resource() -> None:
    """See the pages of both services in the Service Authorization Reference.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    """
    services = ("ses:", "cloudwatch:")
    for role in ("EvaluatorRole", "WakeupsScheduleRole"):
        for action, resource in permissions(full_template(), role).items():
            assert "*" not in action
            assert (resource == "*") == action.startswith(services)
