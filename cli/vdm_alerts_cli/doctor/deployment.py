"""The deployed stack: function, schedules, last run, queue, table."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.timefmt import format_time
from vdm_alerts.core.model.wording import number_of
from vdm_alerts_cli.doctor.check import Answer, Check, Outcome, Problem, Severity, Topic, Well
from vdm_alerts_cli.doctor.examination import Examination
from vdm_alerts_cli.doctor.schedule_interval import interval_of
from vdm_alerts_cli.doctor.ses_account import problem_of
from vdm_alerts_cli.doctor.shell_commands import aws_command
from vdm_alerts_cli.read_only_table import read_only_table

_HEALTHY_STACKS = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_BUSY = "IN_PROGRESS"
_WITHOUT_RESOURCES = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")
"""The states of a stack that was never complete, or no longer is."""
MISSED_RUNS = 2
"""The intervals of the schedule after which a run is missing. A run can take 15 minutes."""
_DEPLOY = "Deploy the stack again with your options"


def stack(examination: Examination) -> Iterator[Outcome]:
    """Examine whether the stack exists, and whether its last deployment succeeded."""
    status = _stack_status(examination)
    if status is None:
        yield Answer(
            f"VDM Alerts is not deployed here: there is no stack {examination.prefix} in "
            f"{examination.region}. To deploy it, see the README"
        )
        return
    if not (status in _HEALTHY_STACKS or status.endswith(_BUSY)):
        yield Problem(
            f"Stack {examination.prefix} has the status {status}: its last deployment failed",
            "Read the first failed event, fix its cause, and deploy again. The command lists the "
            "events, newest first",
            aws_command(
                examination.region,
                "cloudformation",
                "describe-stack-events",
                stack_name=examination.prefix,
            ),
        )
    if status not in _WITHOUT_RESOURCES:
        examination.deployment()
        yield Well(f"Stack {examination.prefix} has its resources")


def _stack_status(examination: Examination) -> str | None:
    """Return the status of the stack; None if there is none."""
    try:
        response = examination.call(
            "cloudformation", "describe_stacks", StackName=examination.prefix
        )
    except UnavailableError as error:
        if "does not exist" in str(error):
            return None
        raise
    return str(response["Stacks"][0]["StackStatus"])


def function(examination: Examination) -> Iterator[Outcome]:
    """Examine whether Lambda can run the function."""
    name = examination.deployed().function
    configuration = examination.call("lambda", "get_function_configuration", FunctionName=name)
    state = configuration.get("State", "Active")
    update = configuration.get("LastUpdateStatus", "Successful")
    if state in {"Active", "Inactive"} and update != "Failed":
        yield Well(f"Function {name} is ready")
    else:
        reason = configuration.get("StateReason") or configuration.get("LastUpdateStatusReason")
        yield Problem(
            f"Function {name} has the state {state} and its last update was {update}"
            f"{f': {reason}' if reason else ''}",
            _DEPLOY,
        )


def schedule(examination: Examination) -> Iterator[Outcome]:
    """Examine whether the schedules and the rule for events of SES are enabled."""
    schedules = _resources(examination, "AWS::Scheduler::Schedule")
    rules = _resources(examination, "AWS::Events::Rule")
    states = {
        **{name: _schedule(examination, name)["State"] for name in schedules},
        **{name: _rule_state(examination, name) for name in rules},
    }
    disabled = [name for name, state in states.items() if state == "DISABLED"]
    missing = [kind for kind, names in (("schedule", schedules), ("rule", rules)) if not names]
    if disabled or missing:
        yield Problem(
            "The function is not invoked as deployed: "
            + " and ".join(
                [
                    *([f"{len(disabled)} of {len(states)} triggers disabled"] if disabled else []),
                    *[f"the stack has no {kind}" for kind in missing],
                ]
            ),
            "Enable it in the console of EventBridge. If it is missing, deploy the stack again",
            names=tuple(disabled),
        )
    else:
        expressions = [_schedule(examination, name)["ScheduleExpression"] for name in schedules]
        yield Well(f"The function is invoked by {', '.join(expressions)}, and by events of SES")


def last_run(examination: Examination) -> Iterator[Outcome]:
    """Examine whether the last run is as recent as the schedule promises."""
    machine = examination.deployed().outputs.get("StateMachineArn")
    limit = MISSED_RUNS * min(
        interval_of(_schedule(examination, name)["ScheduleExpression"])
        for name in _resources(examination, "AWS::Scheduler::Schedule")
    )
    if machine:
        yield _last_execution(examination, machine, limit)
        return
    state = _table(examination).load(examination.connection.target)
    log = examination.deployed().outputs["LogGroupName"]
    command = aws_command(
        examination.region,
        "logs",
        "filter-log-events",
        log_group_name=log,
        filter_pattern="ERROR",
    )
    if state.last_run is None:
        yield Problem(
            "The function has completed no run",
            "If you have just deployed, wait an hour. Otherwise, read the errors in its log",
            command,
        )
    elif examination.now - state.last_run > limit:
        yield Problem(
            f"The last run was at {format_time(state.last_run)}, "
            f"{_age(examination, state.last_run)} ago",
            "Read the errors in the log of the function, and examine its schedule",
            command,
        )
    else:
        yield Well(f"The last run was at {format_time(state.last_run)}")


def _last_execution(examination: Examination, machine: str, limit: timedelta) -> Outcome:
    """Return whether an execution of the state machine of a fleet has succeeded within *limit*."""
    executions = examination.call(
        "stepfunctions",
        "list_executions",
        stateMachineArn=machine,
        statusFilter="SUCCEEDED",
        maxResults=1,  # The latest one is first.
    )["executions"]
    command = aws_command(
        examination.region,
        "stepfunctions",
        "list-executions",
        state_machine_arn=machine,
        status_filter="FAILED",
        max_results="5",
    )
    if not executions:
        return Problem(
            "The state machine of the fleet has completed no execution",
            "If you have just deployed, wait an hour. Otherwise, read why executions failed",
            command,
        )
    ended: datetime = executions[0]["stopDate"]
    if examination.now - ended > limit:
        return Problem(
            f"The last execution of the fleet ended at {format_time(ended)}, "
            f"{_age(examination, ended)} ago",
            "Read why executions failed, and examine the schedule of the state machine",
            command,
        )
    return Well(f"The last execution of the fleet ended at {format_time(ended)}")


def dead_letter_queue(examination: Examination) -> Iterator[Outcome]:
    """Examine whether triggers or notifications could not be delivered."""
    url = examination.deployed().outputs["DeadLetterQueueUrl"]
    attributes = examination.call(
        "sqs",
        "get_queue_attributes",
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages"],
    )["Attributes"]
    count = int(attributes["ApproximateNumberOfMessages"])
    if count:
        yield Problem(
            f"The dead-letter queue has {number_of('message', count)}: failed runs, or triggers "
            "and notifications that could not be delivered",
            "Read one to see what failed. It stays in the queue",
            aws_command(
                examination.region,
                "sqs",
                "receive-message",
                queue_url=url,
                message_attribute_names="All",
                visibility_timeout="0",
            ),
        )
    else:
        yield Well("The dead-letter queue is empty")


def table(examination: Examination) -> Iterator[Outcome]:
    """Examine whether the alert history is readable."""
    name = examination.deployed().settings.table
    status = examination.call("dynamodb", "describe_table", TableName=name)["Table"]["TableStatus"]
    if status not in {"ACTIVE", "UPDATING"}:
        yield Problem(f"Table {name} has the status {status}", _DEPLOY)
        return
    state = _table(examination).load(examination.connection.target)
    for finding in state.damage:
        yield problem_of(finding, examination)
    if not state.damage:
        yield Well(f"Table {name} is readable. It has {number_of('alert', len(state.alerts))}")


def _table(examination: Examination) -> DynamoDbState:
    name = examination.deployed().settings.table
    read_only = read_only_table(examination.connection, name)
    return DynamoDbState(read_only)


def _resources(examination: Examination, kind: str) -> Sequence[str]:
    """Return the names of the stack's resources of a *kind*."""
    return [
        resource["PhysicalResourceId"]
        for page in examination.pages(
            "cloudformation", "list_stack_resources", StackName=examination.prefix
        )
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == kind and resource.get("PhysicalResourceId")
    ]


def _schedule(examination: Examination, name: str) -> Any:  # noqa: ANN401 - a response of AWS
    return examination.call("scheduler", "get_schedule", Name=name)


def _rule_state(examination: Examination, name: str) -> str:
    """Return the state of an EventBridge rule. CloudFormation puts another bus before its name."""
    bus, _, rule = name.rpartition("|")
    parameters = {"EventBusName": bus} if bus else {}
    response = examination.call("events", "describe_rule", Name=rule, **parameters)
    return str(response["State"])


def _age(examination: Examination, time: datetime) -> str:
    hours = (examination.now - time) // timedelta(hours=1)
    return f"{hours} hours" if hours < 48 else f"{hours // 24:,} days"  # noqa: PLR2004 - two days


def _deployed(
    name: str,
    severity: Severity,
    run: Callable[[Examination], Iterator[Outcome]],
    *needs: str,
) -> Check:
    return Check(name, Topic.DEPLOYMENT, severity, run, ("stack", *needs))


CHECKS = (
    Check("stack", Topic.DEPLOYMENT, Severity.ERROR, stack),
    _deployed("function", Severity.ERROR, function),
    _deployed("schedule", Severity.ERROR, schedule),
    _deployed("table", Severity.ERROR, table),
    _deployed("last-run", Severity.ERROR, last_run, "schedule", "table"),
    _deployed("dead-letter-queue", Severity.WARNING, dead_letter_queue),
)
