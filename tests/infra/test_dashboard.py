"""The optional CloudWatch dashboard."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aws_cdk.assertions import Template
from builders import NEWS_IDENTITY, TARGET, a_rule, a_run_report
from templates import full_fleet_template, full_template, only_resource, ordinary_template

from vdm_alerts.adapters.aws.cloudwatch_emf import EmbeddedMetrics
from vdm_alerts.core.evaluation.ses_rates import SES_METRICS
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.wording import WORDING
from vdm_alerts.core.observations.run_report import RateSample


@pytest.fixture(scope="module")
def template() -> Template:
    return full_template()


def widgets(template: Template) -> list[dict[str, Any]]:
    """Return the widgets, with "?" for values of the deployment."""
    body = only_resource(template, "AWS::CloudWatch::Dashboard")["DashboardBody"]
    _, parts = body["Fn::Join"]
    text = "".join(part if isinstance(part, str) else "?" for part in parts)
    found: list[dict[str, Any]] = json.loads(text)["widgets"]
    return found


def queries(template: Template) -> dict[str, str]:
    """Return the log query of each widget, by title."""
    return {
        each["properties"]["title"]: each["properties"]["query"]
        for each in widgets(template)
        if each["type"] == "log"
    }


def test_dashboard_is_absent_by_default() -> None:
    ordinary_template().resource_count_is("AWS::CloudWatch::Dashboard", 0)


def test_dashboard_name_contains_stack_and_region(template: Template) -> None:
    """Dashboards of all Regions of an account share one namespace."""
    name = only_resource(template, "AWS::CloudWatch::Dashboard")["DashboardName"]
    assert name == {"Fn::Join": ["", ["marketing-alerts-", {"Ref": "AWS::Region"}]]}


def test_dashboard_shows_each_indicator_of_default_rules_with_thresholds(
    template: Template,
) -> None:
    queried = queries(template)
    assert "transient" not in str(queried), "no default rule monitors this indicator of the account"
    for indicator in (Indicator.BOUNCE_RATE, Indicator.COMPLAINT_RATE):
        (query,) = (each for each in queried.values() if f"indicator = '{indicator.key}'" in each)
        for figure in ("max(rate)", "max(warning)", "max(critical)"):
            assert figure in query


@pytest.mark.parametrize(
    ("indicator", "levels"),
    [(Indicator.SES_BOUNCE_RATE, [5, 10]), (Indicator.SES_COMPLAINT_RATE, [0.1, 0.5])],
)
def test_dashboard_shows_the_rate_that_ses_reports_with_its_levels(
    template: Template, indicator: Indicator, levels: list[float]
) -> None:
    title = f"{WORDING[indicator].noun} of the account, %"
    (graph,) = (each["properties"] for each in widgets(template) if titled(each) == title)
    ((expression,), metric) = graph["metrics"]
    assert expression["expression"] == "100 * rate"
    assert metric[:2] == ["AWS/SES", SES_METRICS[indicator]]
    assert [line["value"] for line in graph["annotations"]["horizontal"]] == levels


def titled(widget: dict[str, Any]) -> str | None:
    """Return the title of *widget*."""
    title: str | None = widget["properties"].get("title")
    return title


def test_dashboard_queries_only_fields_that_function_logs(
    template: Template, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = a_run_report(1)
    readings = [RateSample(a_rule(), scope, 0.06) for scope in (ACCOUNT, NEWS_IDENTITY)]
    EmbeddedMetrics("here").record(TARGET, replace(summary, series_unknown=0), readings)
    logged = {key for line in capsys.readouterr().out.splitlines() for key in json.loads(line)}
    logged |= {*summary.published_figures(), "message"}
    queried = set()
    for query in queries(template).values():
        identifiers = re.sub(r"'[^']*'|@timestamp|^SOURCE.*?\||\bas \w+", " ", query)
        queried |= set(re.findall(r"\b[a-z_]+\b(?!\()", identifiers))
    assert (
        queried - {"filter", "stats", "display", "sort", "limit", "by", "and", "or", "desc"}
        <= logged
    )
    assert {"rate", "queries", "data_age_hours", "alerts_critical"} <= queried


def test_dashboard_of_a_fleet_shows_alerts_and_executions_by_target() -> None:
    template = full_fleet_template()
    queried = queries(template)
    assert list(queried) == [
        "Bounce rate of an account, highest, %",
        "Complaint rate of an account, highest, %",
        "Rates beyond a threshold, latest first, %",
        "Open alerts by target",
        "VDM queries, throttled calls, unknown rates by target",
    ]
    for title in list(queried)[2:]:
        assert "account, region" in queried[title]
    figures = set(re.findall(r"report\.(\w+)", str(queried)))
    assert figures <= set(a_run_report().published_figures())
    assert "target evaluated" in queried["Open alerts by target"]
    titles = [titled(each) for each in widgets(template)]
    assert "Executions, blind targets" in titles
    assert not [title for title in titles if title and title.startswith("SES ")]


@pytest.mark.parametrize("deployment", [full_template, full_fleet_template])
def test_dashboard_widgets_do_not_overlap_or_exceed_width(
    deployment: Callable[[], Template],
) -> None:
    occupied: set[tuple[int, int]] = set()
    for each in widgets(deployment()):
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert cells.isdisjoint(occupied)
        assert max(x for x, _ in cells) < 24
        occupied |= cells


def test_dashboard_shows_every_alarm_and_explains_empty_graphs(template: Template) -> None:
    by_type = {each["type"]: each["properties"] for each in widgets(template)}
    assert len(by_type["alarm"]["alarms"]) == len(template.find_resources("AWS::CloudWatch::Alarm"))
    introduction = " ".join(by_type["text"]["markdown"].split())
    assert "no data before the first run" in introduction
