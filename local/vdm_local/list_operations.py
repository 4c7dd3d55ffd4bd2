"""The list operations of SES, with its pagination.

AWS documents the maximum page size for identities only, and no default size. Both follow Floci
(https://github.com/floci-io/floci, SesListPaging.java), which states that it probed them against
SES, as well as the error messages. Only the default size for tenants is Floci's assumption. A
token is valid only for the list that returned it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, time
from hashlib import blake2b
from typing import Any, TypeVar

from vdm_local.account import ACCOUNT, REGION
from vdm_local.responses import SesError
from vdm_local.scenario import Scenario

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pagination:
    """The page sizes of one list, and the errors of SES."""

    list_name: str
    default_size: int
    max_size: int
    invalid_size: str
    """Message for an invalid page size."""
    invalid_start: str
    """Message for an invalid token."""

    def page(
        self, names: Sequence[T], request: Mapping[str, Any]
    ) -> tuple[Sequence[T], dict[str, str]]:
        """Return the requested page of *names* and the token of the next page.

        Raises SesError.
        """
        size = int(request.get("PageSize", self.default_size))
        if not 1 <= size <= self.max_size:
            comparison, limit = ("greater", 1) if size < 1 else ("less", self.max_size)
            bound = f"{comparison} than or equal to {limit}"
            raise SesError(self.invalid_size.format(size, bound))
        start = self._parse_token(request.get("NextToken") or f"{self.list_name}:0", len(names))
        end = start + size
        next_token = {"NextToken": f"{self.list_name}:{end}"} if end < len(names) else {}
        return names[start:end], next_token

    def _parse_token(self, token: str, names: int) -> int:
        prefix, _, start = token.partition(":")
        if prefix != self.list_name or not start.isdecimal() or int(start) > names:
            raise SesError(self.invalid_start.format(token))
        return int(start)


_IDENTITIES = Pagination(
    list_name="identities",
    default_size=25,
    max_size=1_000,
    invalid_size="Value {} for parameter PageSize is invalid. PageSize must be between 1 and 1000.",
    invalid_start="Invalid NextToken <{}>.",
)
_CONFIGURATION_SETS = Pagination(
    list_name="configuration-sets",
    default_size=50,
    max_size=1_000,
    invalid_size="The page size must be between 1 and 1000",
    invalid_start="invalid nextToken {}",
)
_TENANTS = Pagination(
    list_name="tenants",
    default_size=100,
    max_size=100,
    invalid_size="1 validation error detected: "
    "Value '{}' at 'pageSize' failed to satisfy constraint: Member must have value {}",
    invalid_start="Invalid Next Token",
)


_RECOMMENDATIONS = Pagination(
    list_name="recommendations",
    default_size=100,
    max_size=100,
    invalid_size="1 validation error detected: "
    "Value '{}' at 'pageSize' failed to satisfy constraint: Member must have value {}",
    invalid_start="Invalid NextToken",
)
"""AWS documents the maximum page size; the default and the messages are assumptions."""


def list_identities(scenario: Scenario, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Respond to ListEmailIdentities. Raises SesError."""
    _filter(request, set())
    page, next_token = _IDENTITIES.page(scenario.identities, request)
    entries = [
        {
            "IdentityName": name,
            "IdentityType": "EMAIL_ADDRESS" if "@" in name else "DOMAIN",
            "SendingEnabled": True,
            "VerificationStatus": "SUCCESS",
        }
        for name in page
    ]
    return {"EmailIdentities": entries, **next_token}


def list_configuration_sets(scenario: Scenario, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Respond to ListConfigurationSets. Raises SesError."""
    _filter(request, set())
    page, next_token = _CONFIGURATION_SETS.page(scenario.configuration_sets, request)
    return {"ConfigurationSets": page, **next_token}


def list_tenants(scenario: Scenario, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Respond to ListTenants. Raises SesError."""
    wanted = _filter(request, {"SENDING_STATUS"}).get("SENDING_STATUS")
    status = {
        name: "DISABLED" if name in scenario.paused_tenants else "ENABLED"
        for name in scenario.tenants
    }
    names = [name for name in scenario.tenants if wanted in {None, status[name]}]
    page, next_token = _TENANTS.page(names, request)
    created = datetime.combine(scenario.begins, time(), UTC).timestamp()
    entries = [
        {
            "TenantName": name,
            "TenantId": _tenant_id(name),
            "TenantArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:tenant/{name}/{_tenant_id(name)}",
            "CreatedTimestamp": created,
            "SendingStatus": status[name],
        }
        for name in page
    ]
    return {"Tenants": entries, **next_token}


def list_recommendations(
    scenario: Scenario, request: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    """Respond to ListRecommendations at *now*. Raises SesError."""
    wanted = _filter(request, {"STATUS", "IMPACT"})
    entries = [
        {
            "ResourceArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{each.identity}",
            "Type": each.type,
            "Description": each.description,
            "Status": "FIXED" if each.fixed and each.fixed <= now else "OPEN",
            "CreatedTimestamp": each.opened.timestamp(),
            "LastUpdatedTimestamp": max(filter(None, (each.opened, each.fixed))).timestamp(),
            "Impact": each.impact,
        }
        for each in scenario.recommendations
        if each.opened <= now
    ]
    matching = [
        entry
        for entry in entries
        if wanted.items() <= {"STATUS": entry["Status"], "IMPACT": entry["Impact"]}.items()
    ]
    page, next_token = _RECOMMENDATIONS.page(matching, request)
    return {"Recommendations": page, **next_token}


def _filter(request: Mapping[str, Any], served: AbstractSet[str]) -> Mapping[str, str]:
    """Return the filter in *request*. Raises SesError for a key that is not *served*."""
    wanted: Mapping[str, str] = request.get("Filter") or {}
    if not wanted.keys() <= served:  # Do not list too much.
        raise SesError(f"The local SES filters by {', '.join(sorted(served)) or 'nothing'} only.")
    return wanted


def _tenant_id(name: str) -> str:
    """Return an id in the format of SES that depends on *name* only."""
    return f"tn-{blake2b(name.encode(), digest_size=15).hexdigest()}"
