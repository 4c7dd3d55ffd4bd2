"""Resources that AWS rejects, so that the local AWS must reject them too."""

import json
from typing import Any

from deployed_stack import DeployedStack

FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"ZipFile": "def handler(event, context): pass"},
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::111122223333:role/none",
        "ReservedConcurrentExecutions": 1,
    },
}
SCHEDULE = {
    "Type": "AWS::Scheduler::Schedule",
    "Properties": {
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ScheduleExpression": "cron(0 8 * * * *)",
        "Target": {
            "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:none",
            "RoleArn": "arn:aws:iam::111122223333:role/none",
        },
    },
}


def rejection(stack: DeployedStack, name: str, resource: dict[str, Any]) -> str:
    """Create a CloudFormation stack of *resource*; return why its creation failed."""
    cloudformation = stack.deployment.client("cloudformation")
    template = json.dumps({"Resources": {"Only": resource}})
    cloudformation.create_stack(StackName=name, TemplateBody=template, OnFailure="DELETE")
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 50})
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    (reason,) = (
        event["ResourceStatusReason"]
        for event in events
        if event["LogicalResourceId"] == "Only" and event["ResourceStatus"] == "CREATE_FAILED"
    )
    return str(reason)


def test_new_account_rejects_reserved_concurrency(stack: DeployedStack) -> None:
    assert "below its minimum value of [10]" in rejection(stack, "reserved", FUNCTION)


def test_schedule_with_two_day_fields_is_rejected(stack: DeployedStack) -> None:
    assert "Invalid Schedule Expression cron" in rejection(stack, "two-days", SCHEDULE)


def test_address_that_was_subscribed_by_hand_is_rejected(stack: DeployedStack) -> None:
    """The subscriptions of the stack have a redrive policy, and this one has none."""
    topic = stack.deployment.outputs["TopicArn"]
    sns = stack.deployment.client("sns")
    by_hand = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="hand@example.com")
    policy = {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:111122223333:none"}
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": topic,
            "Protocol": "email",
            "Endpoint": "hand@example.com",
            "RedrivePolicy": policy,
        },
    }
    try:
        reason = rejection(stack, "by-hand", subscription)
    finally:
        sns.unsubscribe(SubscriptionArn=by_hand["SubscriptionArn"])
    assert "Subscription already exists with different attributes" in reason
