"""The SESv2 operations that VDM Alerts calls, served from a scenario.

The same calls in the same order get the same responses, including faults. A fault of the connection
(dropped, cut off, timed out) is only recorded in the response: `vdm_local.server` applies it, or
`vdm_local.fault_plug` in the emulator.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from threading import Lock
from typing import Any, TypeAlias
from urllib.parse import unquote

from vdm_local import list_operations
from vdm_local.export_jobs import ExportJobs
from vdm_local.fault_effects import THROTTLED, apply_fault
from vdm_local.faults import QueryFaultKind, find_call_fault, find_query_fault, pseudorandom
from vdm_local.feedback_routing import email_identity, event_destinations
from vdm_local.quota import Quota
from vdm_local.responses import Response, SesError
from vdm_local.scenario import Scenario
from vdm_local.validation import BatchQuery, parse_queries, parse_timestamp, validate

Request: TypeAlias = Mapping[str, Any]
"""The parameters of a request, from its body and its query string."""

VDM_IS_OFF = "To use this feature you must enable Virtual Deliverability Manager"
"""The message of SES for every use of VDM while it is off."""
_ERRORS = {
    QueryFaultKind.FAILURE: ("INTERNAL_FAILURE", "An internal failure occurred."),
    QueryFaultKind.DENIED: ("ACCESS_DENIED", "Access to this metric is denied."),
}


class Endpoint:
    """SES of one account: a scenario at a time, both of which can be replaced.

    *quota* counts the calls of BatchGetMetricData, *faulted_calls* counts those that a fault
    affected, and *list_calls* counts the calls of the list operations.
    """

    def __init__(self, scenario: Scenario, now: datetime | None = None) -> None:
        self.now = now
        self.quota = Quota()
        self.exports = ExportJobs()
        self.list_calls = self.faulted_calls = 0
        self._lock = Lock()
        self.scenario = scenario

    @property
    def scenario(self) -> Scenario:
        """The scenario; replacing it restarts the numbering of calls for faults."""
        return self._scenario

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        with self._lock:
            self._scenario = scenario
            self._calls = 0

    @property
    def clock(self) -> datetime:
        """The current time of SES: *now* if it is set, else that of the machine."""
        return self.now or datetime.now(UTC)

    def respond(
        self, method: str, path: str, query: Mapping[str, str], body: bytes
    ) -> Response | None:
        """Return the response to a request, or None for an unknown path."""
        identities = partial(self._list, list_operations.list_identities)
        configuration_sets = partial(self._list, list_operations.list_configuration_sets)
        tenants = partial(self._list, list_operations.list_tenants)
        operations: Mapping[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/v2/email/account"): self._account,
            ("POST", "/v2/email/metrics/batch"): self._metrics,
            ("POST", "/v2/email/list-identities"): identities,
            ("POST", "/v2/email/list-configuration-sets"): configuration_sets,
            ("POST", "/v2/email/tenants/list"): tenants,
            ("POST", "/v2/email/vdm/recommendations"): self._recommendations,
            # SDKs from before 2026 use these paths.
            ("GET", "/v2/email/identities"): identities,
            ("GET", "/v2/email/configuration-sets"): configuration_sets,
            ("POST", "/v2/email/export-jobs"): self._create_export_job,
        }
        operation = operations.get((method, path.rstrip("/")))
        if operation is None and method == "GET":
            operation = self._operation_on_name(path.rstrip("/"))
        if operation is None:
            return None
        try:
            return operation({**query, **json.loads(body or b"{}")})
        except SesError as error:
            return error.response
        except (AttributeError, TypeError, ValueError) as error:
            message = f"The request is malformed: {error!r}"
            return SesError(message, "SerializationException").response

    def _operation_on_name(self, path: str) -> Callable[[Request], Response] | None:
        """Return the operation whose path has the name of its object; None if there is none."""
        match path.removeprefix("/v2/email/").split("/"):
            case ["configuration-sets", name, "event-destinations"]:
                return lambda _: Response(200, event_destinations(self.scenario, unquote(name)))
            case ["identities", name]:
                return lambda _: Response(200, email_identity(self.scenario, unquote(name)))
            case ["export-jobs", job]:
                return lambda _: Response(200, self.exports.get(job))
            case _:
                return None

    def _create_export_job(self, request: Request) -> Response:
        if not self.scenario.vdm_enabled:
            raise SesError(VDM_IS_OFF, "NotFoundException", 404)
        return Response(200, self.exports.create(self.scenario, request, self.clock))

    def _account(self, _: Request) -> Response:
        enabled = "ENABLED" if self.scenario.vdm_enabled else "DISABLED"
        sent = self.scenario.sent_last_24_hours(self.clock)
        body = {
            "EnforcementStatus": self.scenario.enforcement,
            "ProductionAccessEnabled": self.scenario.production_access,
            "SendingEnabled": self.scenario.sending_enabled,
            "SendQuota": {
                "Max24HourSend": self.scenario.daily_quota or -1,
                "MaxSendRate": 14,
                "SentLast24Hours": sent,
            },
            "VdmAttributes": {"VdmEnabled": enabled},
            "PricingAttributes": {"CurrentPlan": self.scenario.plan},
        }
        return Response(200, body)

    def _recommendations(self, request: Request) -> Response:
        if not self.scenario.vdm_enabled:
            raise SesError(VDM_IS_OFF, "NotFoundException", 404)
        return Response(
            200, list_operations.list_recommendations(self.scenario, request, self.clock)
        )

    def _list(
        self, operation: Callable[[Scenario, Request], Mapping[str, Any]], request: Request
    ) -> Response:
        with self._lock:
            self.list_calls += 1
        return Response(200, operation(self.scenario, request))

    def _metrics(self, request: Request) -> Response:
        with self._lock:
            self._calls += 1
            call, scenario = self._calls, self._scenario
        unchecked = request.get("Queries")
        if not self.quota.admit(len(unchecked) if isinstance(unchecked, list) else 0):
            return THROTTLED[call % len(THROTTLED)]
        queries = parse_queries(unchecked)
        try:
            response = Response(200, self._metric_data(scenario, call, queries))
        except SesError as error:
            response = error.response
        fault = find_call_fault(scenario.faults, scenario.seed, call, queries)
        if fault is None:
            return response
        faulted = apply_fault(response, fault, scenario.seed, call, queries)
        if faulted is not response:
            with self._lock:
                self.faulted_calls += 1
        return faulted

    def _metric_data(
        self, scenario: Scenario, call: int, queries: Sequence[BatchQuery]
    ) -> Mapping[str, Any]:
        """Return the body of the response to *queries*.

        Raises SesError.
        """
        if not scenario.vdm_enabled:
            raise SesError(VDM_IS_OFF, "NotFoundException", 404)
        now = self.clock
        validate(queries, now if scenario.today == "rejected" else None)
        results, errors = [], []
        # SES guarantees no order, so a client that relies on one must fail here.
        for index in sorted(
            range(len(queries)), key=lambda each: pseudorandom(scenario.seed, "order", call, each)
        ):
            query = queries[index]
            fault = find_query_fault(scenario.faults, scenario.seed, call, index, query)
            if fault is None:
                results.append(_result(scenario, query, now))
            elif fault.kind is not QueryFaultKind.MISSING:
                code, message = _ERRORS[fault.kind]
                errors.append({"Id": query["Id"], "Code": code, "Message": message})
        return {"Results": results, "Errors": errors}


def _result(scenario: Scenario, query: BatchQuery, now: datetime) -> Mapping[str, Any]:
    start, end = parse_timestamp(query["StartDate"]), parse_timestamp(query["EndDate"])
    days = [start.date() + timedelta(days=each) for each in range((end - start).days)]
    counts = scenario.counts(query["Metric"], query.get("Dimensions", {}), days, now)
    return {
        "Id": query["Id"],
        "Timestamps": [int(datetime.combine(day, time(), UTC).timestamp()) for day in counts],
        "Values": list(counts.values()),
    }
