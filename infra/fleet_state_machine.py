"""The state machine that evaluates the targets of a fleet and sends what is due.

docs/fleet.md shows its states. Decision 40 gives the reasons.
"""

from collections.abc import Mapping

from aws_cdk import Arn, ArnComponents, ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.evaluator import ACCEPTED_IN_LOG
from infra.fleet_bucket import FleetBucket
from infra.nag_suppressions import acknowledge
from infra.permissions import allow
from vdm_alerts.adapters.aws.execution_keys import EXECUTIONS
from vdm_alerts.core.model.errors import LeaseHeldError

_TIMEOUT = Duration.hours(12)
"""The longest time of an execution, which takes minutes unless AWS is unavailable."""
_LAMBDA_ERRORS = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]
"""Errors of Lambda itself, which a retry can fix.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
"""
_ALL_ERRORS = ["States.ALL"]
_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
"""What a state machine needs to write its log.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""
_TRACING_REASON = (
    "The history of each execution shows its steps. A trace would add a permission and costs."
)
_LOG_REASON = (
    "Step Functions keeps the history of each execution for 90 days. A log of all events of all "
    "targets would repeat it, so the log has only the errors."
)
_ACCEPTED_IN_STATE_MACHINE = {
    "AwsSolutions::AwsSolutions-SF1": _LOG_REASON,
    "AwsSolutions::AwsSolutions-SF2": _TRACING_REASON,
    "Serverless::Serverless-StepFunctionStateMachineXray": _TRACING_REASON,
}


class FleetStateMachine(Construct):
    """Lists the targets, evaluates each of them, and sends what is due for all of them.

    A target that cannot be evaluated stops no other: the delivery reports it as blind.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        list_targets: lambda_.IFunction,
        evaluate: lambda_.IFunction,
        deliver: lambda_.IFunction,
        files: FleetBucket,
        concurrency: int,
    ) -> None:
        """Create the state machine *name*, which evaluates *concurrency* targets at a time."""
        super().__init__(scope, id_)
        self._files = files
        log_group = logs.LogGroup(
            self,
            "Log",
            # Other names fill up the policy that allows AWS services to write logs.
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        principal = iam.ServicePrincipal("states.amazonaws.com", conditions=own_account)
        role = iam.Role(self, "Role", assumed_by=principal)
        # Its name is fixed, so its role can name it before it exists.
        arn = self._states_arn("stateMachine", name)
        allow(
            role,
            [
                *(
                    ("lambda:InvokeFunction", function.function_arn)
                    for function in (list_targets, evaluate, deliver)
                ),
                # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
                ("states:StartExecution", arn),
                ("states:DescribeExecution", self._states_arn("execution", f"{name}:*")),
                ("states:StopExecution", self._states_arn("execution", f"{name}:*")),
                ("s3:GetObject", files.files("targets.json")),
                ("s3:GetObject", files.files("results/*")),
                ("s3:PutObject", files.files("results/*")),
                ("s3:ListMultipartUploadParts", files.files("results/*")),
                ("s3:AbortMultipartUpload", files.files("results/*")),
                *((action, "*") for action in _LOG_DELIVERY),
            ],
        )
        start = self._task("ListTargets", list_targets, _LIST_INPUT)
        start.add_retry(
            errors=_ALL_ERRORS, interval=Duration.seconds(10), max_attempts=3, backoff_rate=3
        )
        delivery = self._task("Deliver", deliver)
        delivery.add_retry(
            errors=_ALL_ERRORS, interval=Duration.seconds(30), max_attempts=3, backoff_rate=3
        )
        targets = self._evaluate_targets(evaluate, concurrency)
        targets.add_catch(delivery, errors=_ALL_ERRORS, result_path="$.failure")
        summary = sfn.Pass(self, "Summarize", comment="The output is the report of the delivery")
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=name,
            comment="Evaluates the targets of a fleet and sends what is due",
            definition_body=sfn.DefinitionBody.from_chainable(
                start.next(self._if_any(targets.next(delivery).next(summary)))
            ),
            query_language=sfn.QueryLanguage.JSON_PATH,
            role=role.without_policy_updates(),
            timeout=_TIMEOUT,
            logs=sfn.LogOptions(
                destination=log_group, level=sfn.LogLevel.ERROR, include_execution_data=False
            ),
        )
        # The role has these permissions, each in a statement of its own.
        self.state_machine.node.try_remove_child("DistributedMapPolicy")
        self.state_machine.node.add_dependency(role)  # It must be able to write its log.
        acknowledge(self.state_machine, _ACCEPTED_IN_STATE_MACHINE)
        acknowledge(log_group, ACCEPTED_IN_LOG)
        acknowledge(role, self._accepted_in_role(name))

    def _if_any(self, steps: sfn.IChainable) -> sfn.Choice:
        """Return *steps* as what follows if there are targets: an event may be about none."""
        has_none = sfn.Condition.number_equals("$.targets.count", 0)
        none = sfn.Succeed(self, "NoTarget", comment="The event is about no target of the fleet")
        return sfn.Choice(self, "HasTargets").when(has_none, none).otherwise(steps)

    def _task(
        self,
        id_: str,
        function: lambda_.IFunction,
        payload: sfn.TaskInput | None = None,
        result_path: str | None = None,
    ) -> tasks.LambdaInvoke:
        """Return a task that invokes *function* with *payload*, or with its input.

        The result of the function is that of the task.
        """
        return tasks.LambdaInvoke(
            self,
            id_,
            lambda_function=function,
            payload=payload,
            payload_response_only=True,
            retry_on_service_exceptions=False,  # Each task has its own retries.
            result_path=result_path,
        )

    def _evaluate_targets(
        self, function: lambda_.IFunction, concurrency: int
    ) -> sfn.DistributedMap:
        """Return the state that evaluates each target in an execution of its own."""
        bucket = self._files.bucket
        targets = sfn.DistributedMap(
            self,
            "EvaluateTargets",
            label="Targets",
            item_reader=sfn.S3JsonItemReader(
                bucket=bucket, key=sfn.JsonPath.string_at("$.targets.key")
            ),
            item_selector={
                "target": sfn.JsonPath.object_at("$$.Map.Item.Value"),
                "execution": sfn.JsonPath.string_at("$.execution"),
                "started": sfn.JsonPath.string_at("$.started"),
                "event": sfn.JsonPath.object_at("$.event"),
            },
            # An express execution would end after 5 minutes, a run of a target takes up to 15.
            map_execution_type=sfn.StateMachineType.STANDARD,
            max_concurrency=concurrency,
            tolerated_failure_percentage=100,
            result_writer_v2=sfn.ResultWriterV2(
                bucket=bucket,
                prefix=sfn.JsonPath.format(
                    f"{EXECUTIONS}/{{}}/results", sfn.JsonPath.string_at("$.execution")
                ),
            ),
            result_path="$.results",
        )
        return targets.item_processor(self._evaluate_target(function))

    def _evaluate_target(self, function: lambda_.IFunction) -> sfn.IChainable:
        """Return the steps for a target: its evaluation, again until all senders are read."""
        evaluate = self._task(
            "EvaluateTarget", function, sfn.TaskInput.from_object(_TARGET_INPUT), "$.outcome"
        )
        # An event of SES finds a run active that may have missed its news. An invocation ends in at
        # most 15 minutes, and these retries take longer. If a sweep of several invocations is still
        # active then, its target is skipped: the next invocation of the sweep reads the news.
        evaluate.add_retry(
            errors=[LeaseHeldError.__name__],
            interval=Duration.seconds(15),
            max_attempts=6,
            backoff_rate=2,
        )
        evaluate.add_retry(
            errors=_LAMBDA_ERRORS,
            interval=Duration.seconds(2),
            max_attempts=6,
            backoff_rate=2,
            jitter_strategy=sfn.JitterType.FULL,
        )
        # As often as Lambda itself repeats a run of a single account.
        evaluate.add_retry(
            errors=_ALL_ERRORS, interval=Duration.seconds(30), max_attempts=2, backoff_rate=2
        )
        is_incomplete = sfn.Condition.boolean_equals("$.outcome.continue", value=True)
        return evaluate.next(
            sfn.Choice(self, "IsIncomplete")
            .when(is_incomplete, evaluate)
            .otherwise(sfn.Succeed(self, "Evaluated", output_path="$.outcome"))
        )

    def _states_arn(self, resource: str, name: str) -> str:
        return Arn.format(
            ArnComponents(
                service="states",
                resource=resource,
                resource_name=name,
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
            Stack.of(self),
        )

    def _accepted_in_role(self, name: str) -> Mapping[str, str]:
        """Return the findings of cdk-nag that are accepted in the role, with their reasons."""
        finding = "AwsSolutions::AwsSolutions-IAM5"
        executions = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution"
        return {
            f"{finding}[Resource::*]": "The actions that deliver logs have no resource type.",
            f"{finding}[Resource::{executions}:{name}:*]": "The name of an execution is random.",
            **self._files.accepted("targets.json"),
            **self._files.accepted("results/*"),
        }


_LIST_INPUT = sfn.TaskInput.from_object(
    {
        "execution": sfn.JsonPath.string_at("$$.Execution.Name"),
        "started": sfn.JsonPath.string_at("$$.Execution.StartTime"),
        "event": sfn.JsonPath.object_at("$$.Execution.Input"),
    }
)
_TARGET_INPUT = {
    "target": sfn.JsonPath.object_at("$.target"),
    "execution": sfn.JsonPath.string_at("$.execution"),
    "started": sfn.JsonPath.string_at("$.started"),
    "event": sfn.JsonPath.object_at("$.event"),
}
