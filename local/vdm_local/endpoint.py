"""The SESv2 calls that VDM Alerts makes, answered from a scenario as SES answers them.

The same calls in the same order are answered the same, whatever goes wrong with them. A fault of
the connection (dropped, cut off, timed out) is only written on the answer here: it needs
vdm_local.server to play it. In the emulator, where the connection is ministack's, such an answer
arrives whole and at once.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from threading import Lock
from typing import Any, TypeAlias

from vdm_local import lists
from vdm_local.answers import Answer, Refused
from vdm_local.failures import THROTTLED, failed
from vdm_local.faults import QueryKind, draw, of_call, of_query
from vdm_local.quota import Quota
from vdm_local.scenario import Scenario
from vdm_local.validation import Query, check, instant, shaped

Asked: TypeAlias = Mapping[str, Any]
"""What a request says, be it in its body or in its address."""

_ERRORS = {
    QueryKind.FAILURE: ("INTERNAL_FAILURE", "An internal failure occurred."),
    QueryKind.DENIED: ("ACCESS_DENIED", "Access to this metric is denied."),
}


class Endpoint:
    """SES of one account, as it stands in *scenario* at *now*; both can be replaced.

    Calls of BatchGetMetricData are counted in *quota*, and *failed* are those of them that a fault
    hit; *lists* are the calls of the three operations that list something.
    """

    def __init__(self, scenario: Scenario, now: datetime | None = None) -> None:
        self.now = now
        self.quota = Quota()
        self.lists = self.failed = 0
        self._lock = Lock()
        self.scenario = scenario

    @property
    def scenario(self) -> Scenario:
        """The account as it stands; with another one, its calls are counted anew for its faults."""
        return self._scenario

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        with self._lock:
            self._scenario = scenario
            self._calls = 0

    @property
    def clock(self) -> datetime:
        """The instant that SES takes for the present: the machine's, unless it was set."""
        return self.now or datetime.now(UTC)

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes
    ) -> Answer | None:
        """Answer one request; None where the path is none of those that are served here."""
        identities = partial(self._list, lists.identities)
        configuration_sets = partial(self._list, lists.configuration_sets)
        served: Mapping[tuple[str, str], Callable[[Asked], Answer]] = {
            ("GET", "/v2/email/account"): self._account,
            ("POST", "/v2/email/metrics/batch"): self._metrics,
            ("POST", "/v2/email/list-identities"): identities,
            ("POST", "/v2/email/list-configuration-sets"): configuration_sets,
            ("POST", "/v2/email/tenants/list"): partial(self._list, lists.tenants),
            # SDKs of before 2026 list by these.
            ("GET", "/v2/email/identities"): identities,
            ("GET", "/v2/email/configuration-sets"): configuration_sets,
        }
        serve = served.get((method, path.rstrip("/")))
        if serve is None:
            return None
        try:
            return serve({**query, **json.loads(body or b"{}")})
        except Refused as refused:
            return refused.answer
        except (AttributeError, TypeError, ValueError) as error:
            return Refused(f"The request is malformed: {error!r}", "SerializationException").answer

    def _account(self, _: Asked) -> Answer:
        enabled = "ENABLED" if self.scenario.vdm_enabled else "DISABLED"
        body = {
            "EnforcementStatus": self.scenario.enforcement,
            "ProductionAccessEnabled": True,
            "SendingEnabled": self.scenario.sending_enabled,
            "SendQuota": {"Max24HourSend": 50_000, "MaxSendRate": 14, "SentLast24Hours": 0},
            "VdmAttributes": {"VdmEnabled": enabled},
        }
        return Answer(200, body)

    def _list(self, of: Callable[[Scenario, Asked], Mapping[str, Any]], asked: Asked) -> Answer:
        with self._lock:
            self.lists += 1
        return Answer(200, of(self.scenario, asked))

    def _metrics(self, asked: Asked) -> Answer:
        with self._lock:
            self._calls += 1
            call, scenario = self._calls, self._scenario
        written = asked.get("Queries")
        if not self.quota.admits(len(written) if isinstance(written, list) else 0):
            return THROTTLED
        queries = shaped(written)
        try:
            answer = Answer(200, self._data(scenario, call, queries))
        except Refused as refused:
            answer = refused.answer
        fault = of_call(scenario.faults, scenario.seed, call, queries)
        spoilt = failed(answer, fault, scenario.seed, call, queries) if fault else answer
        if spoilt is not answer:
            with self._lock:
                self.failed += 1
        return spoilt

    def _data(self, scenario: Scenario, call: int, queries: Sequence[Query]) -> Mapping[str, Any]:
        """Return the body of the answer to *queries*. Raises Refused."""
        if not scenario.vdm_enabled:
            message = "To use this feature you must enable Virtual Deliverability Manager"
            raise Refused(message, "NotFoundException", 404)
        now = self.clock
        check(queries, now if scenario.today == "refused" else None)
        results, errors = [], []
        # SES promises no order, so a client that relies on one should fail here.
        for position in sorted(
            range(len(queries)), key=lambda each: draw(scenario.seed, "order", call, each)
        ):
            query = queries[position]
            fault = of_query(scenario.faults, scenario.seed, call, position, query)
            if fault is None:
                results.append(_result(scenario, query, now))
            elif fault.kind is not QueryKind.MISSING:
                code, message = _ERRORS[fault.kind]
                errors.append({"Id": query["Id"], "Code": code, "Message": message})
        return {"Results": results, "Errors": errors}


def _result(scenario: Scenario, query: Query, now: datetime) -> Mapping[str, Any]:
    first, end = instant(query["StartDate"]), instant(query["EndDate"])
    days = [first.date() + timedelta(days=each) for each in range((end - first).days)]
    counts = scenario.counts(query["Metric"], query.get("Dimensions", {}), days, now)
    return {
        "Id": query["Id"],
        "Timestamps": [int(datetime.combine(day, time(), UTC).timestamp()) for day in counts],
        "Values": list(counts.values()),
    }
