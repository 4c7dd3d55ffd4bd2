"""What the local AWS serves for the doctor: feedback routing, export jobs, Cost Explorer."""

import asyncio
import csv
import json
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from vdm_alerts_cli.in_process_ses import in_process_client
from vdm_local.cost_explorer import cost_and_usage, handle_request
from vdm_local.endpoint import Endpoint
from vdm_local.feedback_routing import notification_attributes
from vdm_local.scenario import Scenario, parse_scenario

NOW = datetime(2026, 3, 4, 6, tzinfo=UTC)
SCENARIO = """
begins = 2026-03-02
without_feedback = ["silent", "silent.example"]

[[emails]]
identity = "silent.example"
configuration_set = "silent"
isp = "Gmail"
send = "10x2 288"

[[emails]]
identity = "a@heard.example"
configuration_set = "heard"
isp = "Yahoo"
send = "0 5"
"""


@pytest.fixture
def scenario() -> Scenario:
    return parse_scenario(SCENARIO, "here")


@pytest.fixture
def endpoint(scenario: Scenario) -> Endpoint:
    return Endpoint(scenario, NOW)


@pytest.fixture
def ses(endpoint: Endpoint) -> Any:
    return in_process_client(endpoint)


def test_configuration_set_has_a_destination_unless_it_is_without_feedback(ses: Any) -> None:
    def kinds(name: str) -> list[list[str]]:
        response = ses.get_configuration_set_event_destinations(ConfigurationSetName=name)
        return [each["MatchingEventTypes"] for each in response["EventDestinations"]]

    assert kinds("silent") == []
    assert kinds("heard") == [["BOUNCE", "COMPLAINT"]]
    with pytest.raises(ses.exceptions.NotFoundException):
        kinds("unknown")


def test_identity_forwards_feedback_unless_it_is_without(ses: Any) -> None:
    def forwards(name: str) -> bool:
        response = ses.get_email_identity(EmailIdentity=name)
        return bool(response["FeedbackForwardingStatus"])

    assert not forwards("silent.example")
    assert forwards("a@heard.example"), "the name is quoted in the path"
    with pytest.raises(ses.exceptions.NotFoundException):
        forwards("unknown.example")


def test_notification_attributes_are_those_of_known_identities(scenario: Scenario) -> None:
    text = notification_attributes(scenario, ["silent.example", "a@heard.example", "<unknown>"])
    names = {"s": "http://ses.amazonaws.com/doc/2010-12-01/"}
    entries = ET.fromstring(text).findall(".//s:entry", names)  # noqa: S314 - it is our own text
    forwarding = {
        each.findtext("s:key", "", names): each.findtext(".//s:ForwardingEnabled", "", names)
        for each in entries
    }
    assert forwarding == {"silent.example": "false", "a@heard.example": "true"}


def export(dimensions: dict[str, list[str]], **destination: str) -> dict[str, Any]:
    return {
        "ExportDataSource": {
            "MetricsDataSource": {
                "Dimensions": dimensions,
                "Namespace": "VDM",
                "Metrics": [{"Name": "SEND", "Aggregation": "VOLUME"}],
                "StartDate": datetime(2026, 3, 2, tzinfo=UTC),
                "EndDate": datetime(2026, 3, 4, tzinfo=UTC),
            }
        },
        "ExportDestination": {"DataFormat": "CSV", **destination},
    }


def test_export_job_has_a_file_after_a_while(ses: Any, endpoint: Endpoint) -> None:
    endpoint.exports.url = "https://127.0.0.1:1"
    job = ses.create_export_job(**export({"ISP": ["*"]}))["JobId"]
    assert ses.get_export_job(JobId=job)["JobStatus"] == "PROCESSING"
    done = ses.get_export_job(JobId=job)
    assert done["JobStatus"] == "COMPLETED"
    path = done["ExportDestination"]["S3Url"].removeprefix(endpoint.exports.url)
    assert list(csv.reader((endpoint.exports.file(path) or "").splitlines())) == [
        ["Date", "ISP", "SEND"],
        ["2026-03-02", "Gmail", "10"],
        ["2026-03-03", "Gmail", "10"],
        ["2026-03-03", "Yahoo", "5"],
    ]
    assert endpoint.exports.file("/_vdm/exports/job-9") is None
    assert endpoint.exports.file("/elsewhere") is None


def test_export_job_is_rejected_as_by_ses(ses: Any, endpoint: Endpoint) -> None:
    for request in (
        export({"ISP": ["*"]}, S3Url="s3://bucket/object"),
        export({"ISP": ["Gmail"]}),
    ):
        with pytest.raises(ses.exceptions.BadRequestException):
            ses.create_export_job(**request)
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_export_job(JobId="job-1")
    endpoint.scenario = parse_scenario("begins = 2026-03-02\nvdm_enabled = false", "here")
    with pytest.raises(ses.exceptions.NotFoundException, match="enable Virtual"):
        ses.create_export_job(**export({"ISP": ["*"]}))


def test_bill_has_the_emails_and_the_queries(endpoint: Endpoint) -> None:
    endpoint.quota.admit(7)
    period = {"Start": "2026-03-02", "End": "2026-03-04"}
    (result,) = cost_and_usage(endpoint, {"TimePeriod": period})["ResultsByTime"]
    quantities = {
        group["Keys"][0]: group["Metrics"]["UsageQuantity"]["Amount"] for group in result["Groups"]
    }
    assert quantities == {
        "EUW1-Recipients-VirtDelivMgr": "25",
        "EUW1-VirtDelivMgr": "7",
        "EUW1-Recipients": "25",
    }


def test_cost_explorer_serves_one_operation(endpoint: Endpoint) -> None:
    def status(operation: str) -> int:
        body = json.dumps({"TimePeriod": {"Start": "2026-03-02", "End": "2026-03-04"}}).encode()
        headers = {"x-amz-target": f"AWSInsightsIndexService.{operation}"}
        return asyncio.run(handle_request(endpoint, headers, body))[0]

    assert status("GetCostAndUsage") == 200
    assert status("GetCostForecast") == 400


def test_cloudwatch_counts_the_emails_of_today_before_vdm_does(scenario: Scenario) -> None:
    counted = list(scenario.sent_today(NOW))
    assert len(counted) == 6 * 12
    assert counted[0] == (datetime(2026, 3, 4, tzinfo=UTC), 1.0)
    assert scenario.counts("SEND", {}, [NOW.date()], NOW) == {}
