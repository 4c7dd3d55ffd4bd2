"""The rates of SES from CloudWatch, with the calls that the adapter makes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from builders import HOUR, NOW

from vdm_alerts.adapters.aws.cloudwatch_reputation import CloudWatchReputation
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.model.rates import Indicator, SesRate

BOUNCES, COMPLAINTS = Indicator.SES_BOUNCE_RATE, Indicator.SES_COMPLAINT_RATE
IDS = {BOUNCES: "ses_bounce_rate", COMPLAINTS: "ses_complaint_rate"}


@pytest.fixture
def cloudwatch() -> Iterator[Stubber]:
    with Stubber(boto3.client("cloudwatch", region_name="eu-west-1")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def result(
    indicator: Indicator, rates: Mapping[datetime, float], status: str = "Complete"
) -> Mapping[str, Any]:
    """Return what CloudWatch answers to the query of *indicator*."""
    return {
        "Id": IDS[indicator],
        "Timestamps": list(rates),
        "Values": list(rates.values()),
        "StatusCode": status,
    }


def answer(stubber: Stubber, *results: Mapping[str, Any], next_page: str | None = None) -> None:
    """Let the next call have *results*, and another page if there is a *next_page*."""
    page = {"NextToken": next_page} if next_page else {}
    stubber.add_response("get_metric_data", {"MetricDataResults": list(results), **page})


def rates_of(stubber: Stubber, indicator: Indicator) -> Sequence[SesRate]:
    return read(stubber)[indicator].history


def read(stubber: Stubber) -> Mapping[Indicator, SesRates]:
    """Return what the adapter reads from the answers of *stubber*."""
    client: Any = stubber.client
    return CloudWatchReputation(client).rates(NOW, NoDeadline())


def test_one_call_reads_both_metrics_of_the_last_14_days(cloudwatch: Stubber) -> None:
    expected = {
        "MetricDataQueries": [
            {
                "Id": id_,
                "MetricStat": {
                    "Metric": {"Namespace": "AWS/SES", "MetricName": name},
                    "Period": 3600,
                    "Stat": "Average",
                },
            }
            for id_, name in (
                ("ses_bounce_rate", "Reputation.BounceRate"),
                ("ses_complaint_rate", "Reputation.ComplaintRate"),
            )
        ],
        "StartTime": NOW - timedelta(days=14),
        "EndTime": NOW,
        "ScanBy": "TimestampDescending",
    }
    older = (NOW - 3 * HOUR).astimezone()
    results = [result(BOUNCES, {NOW - HOUR: 0.023, older: 0.021}), result(COMPLAINTS, {})]
    cloudwatch.add_response("get_metric_data", {"MetricDataResults": results}, expected)
    rates = read(cloudwatch)
    assert rates[BOUNCES].history == [SesRate(0.023, NOW - HOUR), SesRate(0.021, NOW - 3 * HOUR)]
    assert all(rate.at.tzinfo is UTC for rate in rates[BOUNCES].history)
    assert rates[COMPLAINTS].history == [], "no rate is no zero"
    assert rates[COMPLAINTS].latest is None


def test_rates_are_sorted_whatever_the_order_of_cloudwatch(cloudwatch: Stubber) -> None:
    answer(cloudwatch, result(BOUNCES, {NOW - 2 * HOUR: 0.01, NOW - HOUR: 0.02}))
    assert [rate.value for rate in rates_of(cloudwatch, BOUNCES)] == [0.02, 0.01]


def test_all_pages_are_read(cloudwatch: Stubber) -> None:
    answer(cloudwatch, result(BOUNCES, {NOW - HOUR: 0.02}, "PartialData"), next_page="more")
    answer(cloudwatch, result(BOUNCES, {NOW - 2 * HOUR: 0.01}))
    assert [rate.value for rate in rates_of(cloudwatch, BOUNCES)] == [0.02, 0.01]


def test_denied_permission_names_the_action(cloudwatch: Stubber) -> None:
    cloudwatch.add_client_error("get_metric_data", "AccessDenied", http_status_code=403)
    with pytest.raises(AccessDeniedError) as error_info:
        rates_of(cloudwatch, BOUNCES)
    assert error_info.value.action == "cloudwatch:GetMetricData"


@pytest.mark.parametrize(
    ("status", "error"), [("Forbidden", AccessDeniedError), ("InternalError", UnavailableError)]
)
def test_failed_query_is_no_missing_rate(
    cloudwatch: Stubber, status: str, error: type[Exception]
) -> None:
    answer(cloudwatch, result(BOUNCES, {}, status), result(COMPLAINTS, {}))
    with pytest.raises(error):
        rates_of(cloudwatch, BOUNCES)


def test_server_error_is_unavailable(cloudwatch: Stubber) -> None:
    cloudwatch.add_client_error("get_metric_data", "InternalServiceError", http_status_code=500)
    with pytest.raises(UnavailableError) as error_info:
        rates_of(cloudwatch, BOUNCES)
    assert error_info.value.finding.transient


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_value_that_is_no_rate_makes_the_response_unreadable(
    cloudwatch: Stubber, value: float
) -> None:
    answer(cloudwatch, result(BOUNCES, {NOW - HOUR: value}), result(COMPLAINTS, {}))
    with pytest.raises(UnavailableError, match="cannot be read"):
        rates_of(cloudwatch, BOUNCES)


def test_timestamps_without_values_make_the_response_unreadable(cloudwatch: Stubber) -> None:
    broken = {**result(BOUNCES, {}), "Timestamps": [NOW - HOUR]}
    answer(cloudwatch, broken, result(COMPLAINTS, {}))
    with pytest.raises(UnavailableError, match="cannot be read"):
        rates_of(cloudwatch, BOUNCES)
