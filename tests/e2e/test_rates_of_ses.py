"""The rates that SES itself reports, read by the deployed function from the local CloudWatch."""

from datetime import UTC, datetime

from deployed_stack import DeployedStack

SCENARIO = """
begins = 2026-03-01
vdm_enabled = false
ses_bounce_rate = "2%x9 6.2%x3"
"""
DENIED = """
[[fault]]
operation = "cloudwatch:GetMetricData"
kind = "denied"
"""
TIME = datetime(2026, 3, 11, 9, tzinfo=UTC)


def test_rate_of_ses_above_its_review_level_is_notified_while_vdm_is_off(
    stack: DeployedStack,
) -> None:
    stack.aws.set_scenario(SCENARIO)
    _, notifications = stack.run(at=TIME)
    subjects = [each.subject for each in notifications]
    assert any("SES bounce rate 6.2% (above 5%): whole account" in each for each in subjects)


def test_denied_permission_is_notified_with_its_name(stack: DeployedStack) -> None:
    stack.aws.set_scenario(SCENARIO + DENIED)
    _, notifications = stack.run(at=TIME)
    texts = [each.text for each in notifications]
    assert any("not allowed to call cloudwatch:GetMetricData" in each for each in texts)
