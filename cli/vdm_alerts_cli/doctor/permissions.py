"""Which permissions exist: those of the user, and those of the deployed function."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from vdm_alerts.core.model.errors import VdmAlertsError
from vdm_alerts.core.model.findings import AccessDeniedError, OperationFailedError
from vdm_alerts.core.model.wording import number_of
from vdm_alerts_cli.doctor.check import Check, NotRead, Outcome, Problem, Severity, Topic, Well
from vdm_alerts_cli.doctor.examination import Examination
from vdm_alerts_cli.doctor.shell_commands import aws_command
from vdm_alerts_cli.errors import NotReadError

ANY = "*"
FUNCTION_PERMISSIONS: Mapping[str, tuple[str, ...]] = {
    "ses:GetAccount": (ANY,),
    "ses:ListEmailIdentities": (ANY,),
    "ses:ListConfigurationSets": (ANY,),
    "ses:ListTenants": (ANY,),
    "ses:ListRecommendations": (ANY,),
    "ses:BatchGetMetricData": (ANY,),
    "cloudwatch:GetMetricData": (ANY,),
    "ssm:GetParametersByPath": ("rules", "silences"),
    "dynamodb:Query": ("table",),
    "dynamodb:PutItem": ("table",),
    "dynamodb:DeleteItem": ("table",),
    "dynamodb:BatchWriteItem": ("table",),
    "sns:Publish": ("topic",),
    "sns:GetTopicAttributes": ("topic",),
}
"""The actions that the function's code calls, and on what. The role policy has the same.

The role also has the actions that Lambda calls for the function: the queue and the log.
"""
_ALLOWED = "allowed"
_Call: TypeAlias = tuple[str, str, Mapping[str, Any]]
"""A service, a method of its client, and the parameters."""


def read_permissions(examination: Examination) -> Iterator[Outcome]:
    """Call each read action of the function with the credentials of the user."""
    calls = [*_calls_of_an_account(examination), *_calls_of_a_deployment(examination)]
    denied, unknown = [], []
    for service, method, request in calls:
        action = examination.action_of(service, method)
        try:
            examination.call(service, method, **request)
        except AccessDeniedError:
            denied.append(action)
        except OperationFailedError as error:
            unknown.append(f"{action}: {error.finding.headline}")
    if denied:
        yield Problem(
            f"Your credentials are not allowed to call {len(denied)} of the {len(calls)} read "
            "actions of VDM Alerts",
            "Allow these actions in a policy of your user or role. The function has a role of its "
            "own, so its runs do not depend on it",
            names=tuple(denied),
        )
    for each in unknown:
        yield NotRead(f"whether your credentials may call {each}")
    if not (denied or unknown):
        yield Well(f"Your credentials may call each of the {len(calls)} read actions")


def _calls_of_an_account(examination: Examination) -> Sequence[_Call]:
    """Return a call of each read action, which changes nothing and reads little."""
    day = {"StartTime": examination.now - timedelta(days=1), "EndTime": examination.now}
    rate = {"Namespace": "AWS/SES", "MetricName": "Reputation.BounceRate"}
    metric = {"Id": "r", "MetricStat": {"Metric": rate, "Period": 3_600, "Stat": "Average"}}
    calls: list[_Call] = [
        ("sesv2", "get_account", {}),
        ("sesv2", "list_email_identities", {"PageSize": 1}),
        ("sesv2", "list_configuration_sets", {"PageSize": 1}),
        ("sesv2", "list_tenants", {"PageSize": 1}),
        ("cloudwatch", "get_metric_data", {"MetricDataQueries": [metric], **day}),
        ("ssm", "get_parameters_by_path", {"Path": f"/{examination.prefix}/rules"}),
    ]
    if not _is_vdm_off(examination):
        examination.plan_queries(1)
        calls += [
            ("sesv2", "list_recommendations", {"PageSize": 1}),
            ("sesv2", "batch_get_metric_data", {"Queries": [_query(examination)]}),
        ]
    return calls


def _calls_of_a_deployment(examination: Examination) -> Sequence[_Call]:
    """Return the calls for the table and the topic; none if it is unknown which they are."""
    try:
        deployment = examination.deployment()
    except (VdmAlertsError, NotReadError):  # The check "stack" reports this.
        return []
    if deployment is None:
        return []
    condition = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "vdm-alerts-doctor"}},
        "Limit": 1,
    }
    settings = deployment.settings
    return [
        ("dynamodb", "query", {"TableName": settings.table, **condition}),
        ("sns", "get_topic_attributes", {"TopicArn": settings.topic_arn}),
    ]


def _is_vdm_off(examination: Examination) -> bool:
    """Return whether VDM is known to be off, so that no action of VDM can be tried."""
    try:
        return not examination.status().vdm_enabled
    except OperationFailedError:
        return False


def _query(examination: Examination) -> Mapping[str, Any]:
    midnight = examination.now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"StartDate": midnight - timedelta(days=1), "EndDate": midnight}
    return {"Id": "0", "Namespace": "VDM", "Metric": "SEND", **days}


def function_permissions(examination: Examination) -> Iterator[Outcome]:
    """Simulate the role of the function. Nothing is called with it."""
    deployment = examination.deployed()
    configuration = examination.call(
        "lambda", "get_function_configuration", FunctionName=deployment.function
    )
    role: str = configuration["Role"]
    denied = [
        f"{result['EvalActionName']} on {resource}"
        for resource, actions in _actions_by_resource(examination).items()
        for result in _simulate(examination, role, actions, resource)
        if result["EvalDecision"] != _ALLOWED
    ]
    if denied:
        name = role.rsplit("/", 1)[-1]
        yield Problem(
            f"The role of the function lacks {number_of('permission', len(denied))}",
            "Deploy the stack again with your options. If the permissions are still missing, look "
            "for a permissions boundary or another policy that denies them",
            aws_command(examination.region, "iam", "list-role-policies", role_name=name),
            tuple(denied),
        )
    else:
        yield Well(f"The function's role has its {len(FUNCTION_PERMISSIONS)} permissions")


def _actions_by_resource(examination: Examination) -> Mapping[str, list[str]]:
    """Return the actions of the function by the ARN of their resource."""
    settings = examination.deployed().settings
    partition = settings.topic_arn.split(":")[1]

    def arn(service: str, resource: str) -> str:
        return f"arn:{partition}:{service}:{settings.region}:{settings.account}:{resource}"

    arns = {
        ANY: ANY,
        "rules": arn("ssm", f"parameter{settings.rules_path}"),
        "silences": arn("ssm", f"parameter{settings.silences_path}"),
        "table": arn("dynamodb", f"table/{settings.table}"),
        "topic": settings.topic_arn,
    }
    by_resource: dict[str, list[str]] = {}
    for action, resources in FUNCTION_PERMISSIONS.items():
        for resource in resources:
            by_resource.setdefault(arns[resource], []).append(action)
    return by_resource


def _simulate(
    examination: Examination, role: str, actions: list[str], resource: str
) -> Iterable[Mapping[str, str]]:
    for page in examination.pages(
        "iam",
        "simulate_principal_policy",
        PolicySourceArn=role,
        ActionNames=actions,
        ResourceArns=[resource],
    ):
        yield from page["EvaluationResults"]


CHECKS = (
    Check(
        "read-permissions",
        Topic.ACCESS,
        Severity.WARNING,
        read_permissions,
    ),
    Check(
        "function-permissions",
        Topic.ACCESS,
        Severity.ERROR,
        function_permissions,
        needs=("stack",),
    ),
)
