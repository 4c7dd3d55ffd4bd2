"""Named facts about the page that can be looked at."""

import json
import re
from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from aws_cdk.assertions import Template
from builders import NEWS, ORIGIN, a_rule
from templates import everything, ordinary, the

from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.observations.run_report import Reading, Summary


@pytest.fixture(scope="module")
def template() -> Template:
    return everything()


def widgets(template: Template) -> list[dict[str, Any]]:
    """The widgets, with "?" for what only a deployment fills in."""
    body = the(template, "AWS::CloudWatch::Dashboard")["DashboardBody"]
    _, parts = body["Fn::Join"]
    text = "".join(part if isinstance(part, str) else "?" for part in parts)
    found: list[dict[str, Any]] = json.loads(text)["widgets"]
    return found


def queries(template: Template) -> dict[str, str]:
    """What is asked of the log, by the title of the widget."""
    return {
        each["properties"]["title"]: each["properties"]["query"]
        for each in widgets(template)
        if each["type"] == "log"
    }


def test_there_is_none_unless_it_is_asked_for() -> None:
    ordinary().resource_count_is("AWS::CloudWatch::Dashboard", 0)


def test_it_is_called_as_the_stack_is_and_its_region(template: Template) -> None:
    """An account's dashboards share one name space over all its Regions."""
    name = the(template, "AWS::CloudWatch::Dashboard")["DashboardName"]
    assert name == {"Fn::Join": ["", ["marketing-alerts-", {"Ref": "AWS::Region"}]]}


def test_every_indicator_of_a_shipped_rule_is_drawn_against_its_thresholds(
    template: Template,
) -> None:
    asked = queries(template)
    assert "transient" not in str(asked), "nobody would see why it stays empty"
    for indicator in (Indicator.BOUNCE_RATE, Indicator.COMPLAINT_RATE):
        (query,) = (each for each in asked.values() if f"indicator = '{indicator.key}'" in each)
        for figure in ("max(rate)", "max(warning)", "max(critical)"):
            assert figure in query


def test_it_asks_the_log_only_for_what_the_function_writes_there(
    template: Template, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = Summary(*[1] * len(fields(Summary)))
    readings = [Reading(a_rule(), scope, 0.06) for scope in (ACCOUNT, NEWS)]
    EmbeddedMetrics("here").record(ORIGIN, replace(summary, series_unknown=0), readings)
    written = {key for line in capsys.readouterr().out.splitlines() for key in json.loads(line)}
    written |= {*asdict(summary), "message"}
    asked = set()
    for query in queries(template).values():
        bare = re.sub(r"'[^']*'|@timestamp|^SOURCE.*?\||\bas \w+", " ", query)
        asked |= set(re.findall(r"\b[a-z_]+\b(?!\()", bare))
    assert asked - {"filter", "stats", "display", "sort", "limit", "by", "and", "desc"} <= written
    assert {"rate", "queries", "days_behind", "alerts_critical"} <= asked


def test_nothing_lies_over_anything_else_and_nothing_sticks_out(template: Template) -> None:
    taken: set[tuple[int, int]] = set()
    for each in widgets(template):
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_it_shows_every_alarm_and_says_what_an_empty_graph_means(template: Template) -> None:
    by_type = {each["type"]: each["properties"] for each in widgets(template)}
    assert len(by_type["alarm"]["alarms"]) == len(template.find_resources("AWS::CloudWatch::Alarm"))
    said = " ".join(by_type["text"]["markdown"].split())
    assert "empty until the function has run for the first time" in said
