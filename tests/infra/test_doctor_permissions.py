"""The doctor examines the permissions that the role of the function has."""

from templates import ordinary_template, permissions

from vdm_alerts_cli.doctor.permissions import FUNCTION_PERMISSIONS

USED_BY_LAMBDA = {"sqs:SendMessage", "logs:CreateLogStream", "logs:PutLogEvents"}
"""Actions that Lambda, and not the code, does with the role of the function."""


def test_doctor_examines_each_permission_of_the_code() -> None:
    allowed = permissions(ordinary_template(), "EvaluatorRole")
    resources = {
        action: len(resource) if isinstance(resource, list) else 1
        for action, resource in allowed.items()
        if action not in USED_BY_LAMBDA
    }
    assert resources == {action: len(on) for action, on in FUNCTION_PERMISSIONS.items()}
