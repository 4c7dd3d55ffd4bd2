"""The SESv2 calls that VDM Alerts makes, answered from a scenario as SES answers them.

What SES validates, in which order and in which words is not documented. It is followed here as
far as it is known from code that talks to the real service:

* PostHog, https://github.com/PostHog/posthog (products/workflows/backend/providers/ses.py)
* Floci, https://github.com/floci-io/floci (SesMetricsController.java), which says it was probed
  against SES in us-east-1

Where the two disagree, this endpoint is the stricter.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from vdm_local.quota import Quota
from vdm_local.scenario import METRICS, Scenario

DIMENSIONS = ("EMAIL_IDENTITY", "CONFIGURATION_SET", "ISP", "TENANT_NAME")
MOST_QUERIES = 10
MOST_DIMENSIONS = 3
LONGEST_INTERVAL = timedelta(days=60)
LONGEST_ID = 255
MOST_LISTED = 1_000

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_IDENTITY = re.compile(r"(?:[^@\s*]+@)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_REFUSALS = {
    "EMAIL_IDENTITY": "Invalid email identity provided.",
    "CONFIGURATION_SET": "Invalid configuration set name provided.",
    "ISP": "Invalid ISP name provided.",
    "TENANT_NAME": "Invalid tenant name provided.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: the status, SES's name for an error, and the JSON body."""

    status: int
    body: Mapping[str, Any]
    error: str | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by which the SDKs tell one error from another."""
        kind = {"Content-Type": "application/json"}
        return kind | {"x-amzn-errortype": self.error} if self.error else kind

    @property
    def payload(self) -> bytes:
        """The body as it goes over the wire."""
        return json.dumps(self.body).encode()


class Refused(Exception):
    """SES would refuse the request with this answer."""

    def __init__(self, message: str, error: str = "BadRequestException", status: int = 400) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"message": message}, error)


class Endpoint:
    """SES of one account, as it stands in *scenario* at *now*; both can be replaced."""

    def __init__(self, scenario: Scenario, now: datetime | None = None) -> None:
        self.scenario = scenario
        self.now = now
        self.quota = Quota()

    @property
    def clock(self) -> datetime:
        """The instant that SES takes for the present: the machine's, unless it was set."""
        return self.now or datetime.now(UTC)

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes
    ) -> Answer | None:
        """Answer one request; None where the path is none of those that are served here."""
        served: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            ("GET", "/v2/email/account"): self._account,
            ("POST", "/v2/email/metrics/batch"): self._metrics,
            ("POST", "/v2/email/list-identities"): self._identities,
            ("POST", "/v2/email/list-configuration-sets"): self._configuration_sets,
            # SDKs of before 2026 list by these.
            ("GET", "/v2/email/identities"): self._identities,
            ("GET", "/v2/email/configuration-sets"): self._configuration_sets,
        }
        serve = served.get((method, path.rstrip("/")))
        if serve is None:
            return None
        try:
            return Answer(200, serve({**query, **json.loads(body or b"{}")}))
        except Refused as refused:
            return refused.answer
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return Refused(f"The request is malformed: {error!r}", "SerializationException").answer

    def _account(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "EnforcementStatus": self.scenario.enforcement,
            "ProductionAccessEnabled": True,
            "SendingEnabled": self.scenario.sending_enabled,
            "SendQuota": {"Max24HourSend": 50_000, "MaxSendRate": 14, "SentLast24Hours": 0},
            "VdmAttributes": {"VdmEnabled": "ENABLED" if self.scenario.vdm_enabled else "DISABLED"},
        }

    def _identities(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        page, more = _page(self.scenario.identities, asked)
        listed = [
            {
                "IdentityName": name,
                "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
                "SendingEnabled": True,
                "VerificationStatus": "SUCCESS",
            }
            for name in page
        ]
        return {"EmailIdentities": listed, **more}

    def _configuration_sets(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        page, more = _page(self.scenario.configuration_sets, asked)
        return {"ConfigurationSets": page, **more}

    def _metrics(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self.quota.admits(len(asked.get("Queries", []))):
            raise Refused("Rate exceeded", "TooManyRequestsException", 429)
        if not self.scenario.vdm_enabled:
            message = "To use this feature you must enable Virtual Deliverability Manager"
            raise Refused(message, "NotFoundException", 404)
        queries = asked.get("Queries", [])
        _check(queries)
        # SES promises no order, so a client that relies on one should fail here.
        return {"Results": [self._result(query) for query in reversed(queries)], "Errors": []}

    def _result(self, query: Mapping[str, Any]) -> Mapping[str, Any]:
        first, end = _instant(query["StartDate"]).date(), _instant(query["EndDate"]).date()
        days = [first + timedelta(days=each) for each in range((end - first).days)]
        counts = self.scenario.counts(
            query["Metric"], query.get("Dimensions", {}), days, self.clock
        )
        return {
            "Id": query["Id"],
            "Timestamps": [_epoch(day) for day in counts],
            "Values": list(counts.values()),
        }


def _page(names: Sequence[str], asked: Mapping[str, Any]) -> tuple[Sequence[str], dict[str, str]]:
    start = int(asked.get("NextToken", 0))
    end = start + int(asked.get("PageSize", MOST_LISTED))
    return names[start:end], {"NextToken": str(end)} if end < len(names) else {}


def _check(queries: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what SES refuses: every check over all queries before the next check."""
    if not 1 <= len(queries) <= MOST_QUERIES:
        raise Refused(f"Queries must have between 1 and {MOST_QUERIES} members.")
    if len({query.get("Id") for query in queries}) < len(queries):
        raise Refused("All queries must have a unique identifier.")
    for check in (_check_dimension_names, _check_members, _check_dimension_values, _check_dates):
        for query in queries:
            check(query)


def _check_dimension_names(query: Mapping[str, Any]) -> None:
    if "Dimensions" not in query:
        return
    if not 1 <= len(query["Dimensions"]) <= MOST_DIMENSIONS:
        raise Refused(f"Dimensions must have between 1 and {MOST_DIMENSIONS} members.")
    for name in query["Dimensions"]:
        if name not in DIMENSIONS:
            raise Refused(f"Invalid dimension name provided: {name}.")


def _check_members(query: Mapping[str, Any]) -> None:
    wrong = [
        f"'{member}' failed to satisfy constraint"
        for member, is_right in (
            ("metric", query.get("Metric") in METRICS),
            ("namespace", query.get("Namespace") == "VDM"),
            ("id", 1 <= len(query.get("Id") or "") <= LONGEST_ID),
        )
        if not is_right
    ]
    if wrong:
        raise Refused(f"{len(wrong)} validation errors detected: {'; '.join(wrong)}")


def _check_dimension_values(query: Mapping[str, Any]) -> None:
    for name, value in query.get("Dimensions", {}).items():
        pattern = _IDENTITY if name == "EMAIL_IDENTITY" else _NAME
        if not pattern.fullmatch(value):
            raise Refused(_REFUSALS[name])


def _check_dates(query: Mapping[str, Any]) -> None:
    start, end = _instant(query["StartDate"]), _instant(query["EndDate"])
    if start >= end:
        raise Refused("Expected start date to be before the end date.")
    if end - start > LONGEST_INTERVAL:
        raise Refused("Invalid interval, can request at most 60 days.")
    if any((each.hour, each.minute, each.second) != (0, 0, 0) for each in (start, end)):
        raise Refused("Expected dates at midnight UTC.")


def _instant(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def _epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
