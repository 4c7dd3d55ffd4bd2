"""What VDM and its queries cost, on the account's own bill."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from vdm_alerts_cli.doctor.check import Answer, Check, Outcome, Severity, Topic
from vdm_alerts_cli.doctor.examination import Examination

USAGE_TYPE = "VirtDelivMgr"
"""The part of every usage type of VDM."""
_NOT_QUERIES = ("Recipients", "Subscription")
"""The beginnings of the usage types of VDM that count emails and months."""
DAYS = timedelta(days=30)


def query_price(examination: Examination) -> Iterator[Outcome]:
    """Divide the cost of each usage type of VDM by its quantity. It takes one paid request."""
    end = examination.now.date()
    period = {"Start": (end - DAYS).isoformat(), "End": end.isoformat()}
    totals: dict[str, tuple[float, float, str]] = {}
    token: dict[str, str] = {}
    while True:
        response = examination.call(
            "ce",
            "get_cost_and_usage",
            TimePeriod=period,
            Granularity="MONTHLY",
            Metrics=["UnblendedCost", "UsageQuantity"],
            Filter={"Dimensions": {"Key": "REGION", "Values": [examination.region]}},
            GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}],
            **token,
        )
        _add(totals, response)
        if not response.get("NextPageToken"):
            break
        token = {"NextPageToken": response["NextPageToken"]}
    if not totals:
        yield Answer(f"The bill of {period['Start']} to {period['End']} has no {USAGE_TYPE} in it")
    for usage_type, (cost, quantity, currency) in sorted(totals.items()):
        what = "emails or months" if _counts_no_queries(usage_type) else "queries"
        each = f", so {cost / quantity:.6f} {currency} each" if quantity else ""
        yield Answer(
            f"{usage_type}: {cost:.2f} {currency} for {quantity:,.0f} {what} from "
            f"{period['Start']} to {period['End']}{each}"
        )


def _add(totals: dict[str, tuple[float, float, str]], response: Mapping[str, Any]) -> None:
    for result in response["ResultsByTime"]:
        for group in result["Groups"]:
            (usage_type,) = group["Keys"]
            if USAGE_TYPE not in usage_type:
                continue
            cost, quantity = group["Metrics"]["UnblendedCost"], group["Metrics"]["UsageQuantity"]
            before = totals.get(usage_type, (0.0, 0.0, ""))
            totals[usage_type] = (
                before[0] + float(cost["Amount"]),
                before[1] + float(quantity["Amount"]),
                cost["Unit"],
            )


def _counts_no_queries(usage_type: str) -> bool:
    """Return whether *usage_type*, such as "EUW1-Recipients-VirtDelivMgr", is not of queries."""
    return any(word in usage_type for word in _NOT_QUERIES)


CHECKS = (Check("query-price", Topic.BILLING, Severity.INFO, query_price),)
