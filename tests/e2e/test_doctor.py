"""`vdm-alerts doctor` against the deployed stack in the local AWS."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

from deployed_stack import DeployedStack

from vdm_alerts_cli.clock import VARIABLE

SCENARIO = """
begins = 2026-03-01
daily_quota = 50000
without_feedback = ["newsletter", "news.example.com"]

[[emails]]
identity = "news.example.com"
configuration_set = "newsletter"
isp = "Gmail"
send = "1000x10 288@+8h"
"""
TIME = datetime(2026, 3, 11, 9, tzinfo=UTC)


def doctor(stack: DeployedStack, *options: str) -> tuple[int, dict[str, Any], str]:
    """Return the exit status of the doctor, its results by check, and its errors."""
    done = subprocess.run(
        [sys.executable, "-m", "vdm_alerts_cli", "doctor", "-o", "json", "--quiet", *options],
        env={**stack.aws.environment, VARIABLE: TIME.isoformat()},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, {each["id"]: each for each in json.loads(done.stdout)}, done.stderr


def test_doctor_reads_everything_and_finds_only_what_is_wrong(stack: DeployedStack) -> None:
    stack.aws.set_scenario(SCENARIO)
    stack.run(at=TIME)
    stack.deployment.client("s3").create_bucket(
        Bucket="exports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    status, results, errors = doctor(stack, "--billing", "--export", "exports")
    assert errors == ""
    assert status == 1
    wrong = {check for check, each in results.items() if each["status"] in {"error", "warning"}}
    assert wrong == {"configuration-set-feedback", "identity-feedback"}
    assert [check for check, each in results.items() if each["as_assumed"] is False] == []
    assert results["last-run"]["text"] == "The last run was at 2026-03-11 09:00 UTC"
    assert "288 emails" in results["today-served"]["text"]
    assert "columns Date, ISP, SEND" in results["export-columns"]["text"]
    (stored,) = stack.deployment.client("s3").list_objects_v2(Bucket="exports")["Contents"]
    assert stored["Key"] == "vdm-alerts-doctor/job-1.csv"


def test_doctor_finds_a_permission_that_the_role_lacks(stack: DeployedStack) -> None:
    lambda_, iam = (stack.deployment.client(service) for service in ("lambda", "iam"))
    function = lambda_.get_function_configuration(
        FunctionName=stack.deployment.outputs["FunctionName"]
    )
    role = function["Role"].rsplit("/", 1)[-1]
    denial = {"Effect": "Deny", "Action": "sns:Publish", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    iam.put_role_policy(RoleName=role, PolicyName="denial", PolicyDocument=policy)
    try:
        _, results, _ = doctor(stack)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="denial")
    assert results["function-permissions"]["status"] == "error"
    topic = stack.deployment.outputs["TopicArn"]
    assert results["function-permissions"]["names"] == [f"sns:Publish on {topic}"]
