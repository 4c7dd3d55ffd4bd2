"""The scenario of the demo on the deployed stack, with IAM enforced, over TLS."""

import json
from datetime import timedelta
from pathlib import Path

from deployed_stack import DeployedStack

from vdm_local.scenario import load_scenario

SCENARIO = Path(__file__).parents[2] / "local/vdm_local/scenarios/newsletter.toml"


def test_deployed_function_sends_exactly_the_notifications_of_the_scenario(
    stack: DeployedStack,
) -> None:
    stack.aws.set_scenario(SCENARIO.read_text())
    stack.delete_state()
    sent, contributors = [], []
    for run in load_scenario(SCENARIO).runs:
        report, notifications = stack.run(at=run.at, **run.event)
        assert tuple(each.document["reason"] for each in notifications) == run.expected_reasons, (
            run.story
        )
        assert report["series_unknown"] == report["findings"] == report["notifications_unsent"] == 0
        for notification in notifications:
            document, chat = notification.document, notification.chat
            assert notification.to == "ops@example.com"
            assert notification.subject in chat["content"]["title"]
            assert notification.text.startswith(chat["content"]["description"].split("\n")[0])
            assert document["id"] in chat["metadata"]["threadId"]
            sent.append((document["id"], document["sequence"]))
            contributor = document.get("contributor")
            contributors.append(contributor and contributor["scope"])
            assert ("of these" in notification.text) == (contributor is not None)
    bounces, complaints = "bounce-rate-20260312T0900Z", "complaint-rate-20260319T0900Z"
    weekly = ("weekly-2026-03-16", 1)
    open_incident = [(bounces, number) for number in (1, 2, 3)]
    assert sent == [("summary", 1), *open_incident, weekly, (bounces, 4), (complaints, 1)]
    news = {"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"}
    offers = {"EMAIL_IDENTITY": "offers.example.com", "ISP": "Yahoo"}
    assert contributors == [None, news, news, news, None, None, offers]


def test_run_logs_one_report_and_its_metrics(stack: DeployedStack) -> None:
    stack.aws.set_scenario(SCENARIO.read_text())
    lines_before = len(stack.deployment.log())
    report, _ = stack.run(at=load_scenario(SCENARIO).runs[0].at)
    lines = stack.deployment.log()[lines_before:]
    (logged,) = [line for line in lines if line.get("message") == "run completed"]
    assert {key: logged[key] for key in report} == report
    assert logged["queries"] > 40
    rates = [line for line in lines if "BounceRate" in line]
    assert [line["scope"] for line in rates] == ["the account"]
    assert (rates[0]["warning"], rates[0]["critical"]) == (5.0, 10.0)
    assert not [line for line in lines if line.get("level") in {"WARNING", "ERROR"}]


def test_roster_is_kept_between_runs_and_idle_senders_are_read_once_a_day(
    stack: DeployedStack,
) -> None:
    idle = ", ".join(f'"idle-{number}.example.com"' for number in range(25))
    stack.aws.set_scenario(f"""
begins = 2025-12-15
idle_identities = [{idle}]

[[emails]]
identity = "anna@example.com"
configuration_set = "receipts"
tenant = "acme"
isp = "Yahoo"
send = "1000x60"
permanent_bounce = "200x60"
""")
    first, (alert,) = stack.run()
    lines_before = len(stack.deployment.log())
    second = stack.invoke()
    assert second["queries"] < first["queries"]
    assert "anna@example.com" in alert.text
    assert "acme (tenant): 20% (" in alert.text
    assert "anna" not in json.dumps(stack.deployment.log()[lines_before:])
    next_day, (reminder,) = stack.run(stack.now + timedelta(days=1))
    assert next_day["queries"] == second["queries"] + 25, "idle senders are read once a day"
    assert reminder.document["reason"] == "REPEAT"
