"""The demo's story on the deployed stack, with IAM enforced, over TLS."""

import json
from datetime import timedelta
from pathlib import Path

from stage import Stage

from vdm_local.scenario import load_scenario

STORY = "local/vdm_local/scenarios/newsletter.toml"


def test_the_deployed_function_tells_the_story_and_keeps_silent_between(
    stage: Stage, root: Path
) -> None:
    text = (root / STORY).read_text()
    stage.deployed.aws.set_scenario(text)
    stage.forget()
    threads, culprits = [], []
    for run in load_scenario(root / STORY).runs:
        summary, told = stage.run(at=run.at)
        assert tuple(each.document["reason"] for each in told) == run.expected_reasons, run.story
        assert summary["series_unknown"] == summary["findings"] == summary["notices_owed"] == 0
        for each in told:
            assert each.to == "ops@example.com"
            assert each.subject in each.chat["content"]["title"]
            assert each.text.startswith(each.chat["content"]["description"].split("\n")[0])
            assert each.document["id"] in each.chat["metadata"]["threadId"]
            threads.append((each.document["id"], each.document["sequence"]))
            culprit = each.document.get("culprit")
            culprits.append(culprit and culprit["scope"])
            assert ("of these" in each.text) == (culprit is not None)
    bounces, complaints = "bounce-rate-20260312T0900Z", "complaint-rate-20260319T0900Z"
    warned = [(bounces, number) for number in (1, 2, 3, 4)]
    assert threads == [("summary", 1), *warned, (complaints, 1)]
    news = {"EMAIL_IDENTITY": "news.example.com", "ISP": "Hotmail"}
    offers = {"EMAIL_IDENTITY": "offers.example.com", "ISP": "Yahoo"}
    assert culprits == [None, news, news, news, None, offers]


def test_a_run_leaves_one_summary_and_its_metrics_in_the_log(stage: Stage, root: Path) -> None:
    stage.deployed.aws.set_scenario((root / STORY).read_text())
    before = len(stage.deployed.log())
    summary, _ = stage.run(at=load_scenario(root / STORY).runs[0].at)
    lines = stage.deployed.log()[before:]
    (logged,) = [line for line in lines if line.get("message") == "run completed"]
    assert {key: logged[key] for key in summary} == summary
    assert logged["queries"] > 50
    rates = [line for line in lines if "BounceRate" in line]
    assert [line["scope"] for line in rates] == ["the account"]
    assert (rates[0]["warning"], rates[0]["critical"]) == (5.0, 10.0)
    assert not [line for line in lines if line.get("level") in {"WARNING", "ERROR"}]


def test_what_reading_remembers_outlives_a_run(stage: Stage) -> None:
    idle = ", ".join(f'"idle-{number}.example.com"' for number in range(25))
    stage.deployed.aws.set_scenario(f"""
begins = 2025-12-15
idle_identities = [{idle}]

[[mail]]
identity = "anna@example.com"
configuration_set = "receipts"
tenant = "acme"
isp = "Yahoo"
send = "1000x60"
permanent_bounce = "200x60"
""")
    first, (told,) = stage.run()
    before = len(stage.deployed.log())
    second = stage.evaluate_series()
    assert second["queries"] < first["queries"] - 20, "who is idle is read once a day"
    assert "anna@example.com" in told.text
    assert "acme (tenant): 20%, critical" in told.text
    assert "anna" not in json.dumps(stage.deployed.log()[before:])
    later, (reminder,) = stage.run(stage.now + timedelta(days=1))
    assert later["queries"] == second["queries"] + 25
    assert reminder.document["reason"] == "REPEAT"
