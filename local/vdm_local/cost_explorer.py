"""Cost Explorer: what VDM and its queries cost in a scenario.

The prices are invented: AWS publishes none for a query.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from vdm_local.endpoint import Endpoint

PRICES = {"Recipients-VirtDelivMgr": 0.00007, "VirtDelivMgr": 0.00001}
"""US dollars per email, and per query."""


def cost_and_usage(endpoint: Endpoint, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Respond to GetCostAndUsage, by usage type."""
    period = request["TimePeriod"]
    start, end = (date.fromisoformat(period[key]) for key in ("Start", "End"))
    days = [start + timedelta(days=number) for number in range((end - start).days)]
    emails = endpoint.scenario.counts("SEND", {}, days, endpoint.clock)
    quantities = {
        "Recipients-VirtDelivMgr": sum(emails.values()),
        "VirtDelivMgr": endpoint.quota.queries,
        "Recipients": sum(emails.values()),
    }
    groups = [
        {
            "Keys": [f"EUW1-{kind}"],
            "Metrics": {
                "UnblendedCost": {"Amount": str(PRICES.get(kind, 0.0001) * n), "Unit": "USD"},
                "UsageQuantity": {"Amount": str(n), "Unit": "N/A"},
            },
        }
        for kind, n in quantities.items()
    ]
    return {"ResultsByTime": [{"TimePeriod": period, "Groups": groups, "Estimated": True}]}


async def handle_request(
    endpoint: Endpoint, headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """Respond as a service of ministack."""
    content = {"Content-Type": "application/x-amz-json-1.1"}
    if not headers.get("x-amz-target", "").endswith(".GetCostAndUsage"):
        return 400, content, b'{"__type": "UnknownOperationException"}'
    return 200, content, json.dumps(cost_and_usage(endpoint, json.loads(body))).encode()
