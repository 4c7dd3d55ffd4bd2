"""The rates that SES itself calculates, from its metrics in CloudWatch."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.aws.errors import translate_read_errors
from vdm_alerts.adapters.aws.pages import read_pages
from vdm_alerts.adapters.aws.time_limit import requests_end_by
from vdm_alerts.core.evaluation.ses_rates import (
    HISTORY,
    SES_METRICS,
    SES_NAMESPACE,
    SesRates,
    ses_rates,
)
from vdm_alerts.core.model.deadline import Deadline
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError
from vdm_alerts.core.model.rates import Indicator, SesRate

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

ACTION = "cloudwatch:GetMetricData"
PERIOD = timedelta(hours=1)
STATISTIC = "Average"
"""The period and the statistic that SES recommends for alarms on these metrics.

Source: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html
"""
_COMPLETE = {"Complete", "PartialData"}
"""The status of a result without an error; the rest of partial data is on the next page."""


class CloudWatchReputation:
    """A ReputationSource on CloudWatch."""

    def __init__(self, client: "CloudWatchClient") -> None:
        """Send requests through *client*."""
        self._client = client

    def rates(self, now: datetime, deadline: Deadline) -> Mapping[Indicator, SesRates]:
        """Return the hourly rates of the 14 days until *now*."""
        with translate_read_errors(ACTION), requests_end_by(self._client, deadline):
            pages = read_pages(
                ACTION,
                self._client.get_metric_data,
                deadline,
                MetricDataQueries=[_query(indicator) for indicator in SES_METRICS],
                StartTime=now - HISTORY,
                EndTime=now,
                ScanBy="TimestampDescending",
            )
            results = [result for page in pages for result in page["MetricDataResults"]]
            return {
                indicator: ses_rates(_rates(results, indicator), now) for indicator in SES_METRICS
            }


def _query(indicator: Indicator) -> "MetricDataQueryTypeDef":
    return {
        "Id": indicator.key,
        "MetricStat": {
            "Metric": {"Namespace": SES_NAMESPACE, "MetricName": SES_METRICS[indicator]},
            "Period": int(PERIOD.total_seconds()),
            "Stat": STATISTIC,
        },
    }


def _rates(results: Sequence[Mapping[str, Any]], indicator: Indicator) -> Iterator[SesRate]:
    """Yield the rates of *indicator* in *results*.

    Raises AccessDeniedError or UnavailableError if CloudWatch could not read the metric, and
    ValueError if a value is not a rate.
    """
    for result in results:
        if result["Id"] != indicator.key:
            continue
        if result["StatusCode"] == "Forbidden":
            raise AccessDeniedError(ACTION)
        if result["StatusCode"] not in _COMPLETE:
            raise UnavailableError(ACTION, f"CloudWatch answered {result['StatusCode']!r:.40}")
        for at, value in zip(result["Timestamps"], result["Values"], strict=True):
            if not 0 <= value <= 1:
                message = f"{value} is no rate"
                raise ValueError(message)
            yield SesRate(value, at.astimezone(UTC))
