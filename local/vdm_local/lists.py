"""The lists of what is in an account, in pages as SES makes them.

AWS documents the largest page for identities alone, and the usual one for no list. Both follow
Floci (https://github.com/floci-io/floci, SesListPaging.java), which says they were probed against
SES, as were the words of the refusals; only the usual page of tenants is its guess. A token is good
for the list that gave it out, and for no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from hashlib import blake2b
from typing import Any

from vdm_local.account import ACCOUNT, REGION
from vdm_local.answers import Refused
from vdm_local.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Pages:
    """How one list is cut into pages, and what SES says where that cannot be done."""

    of: str
    usual: int
    most: int
    wrong_size: str
    wrong_start: str

    def page(
        self, names: Sequence[str], asked: Mapping[str, Any]
    ) -> tuple[Sequence[str], dict[str, str]]:
        """Return the page of *names* that is *asked* for, and the token of the next. Or Refused."""
        if asked.get("Filter"):
            raise Refused("The local SES filters no list.")  # To list too much would be a lie.
        size = int(asked.get("PageSize", self.usual))
        if not 1 <= size <= self.most:
            bound = (
                "greater than or equal to 1" if size < 1 else f"less than or equal to {self.most}"
            )
            raise Refused(self.wrong_size.format(size, bound))
        start = self._start(asked.get("NextToken") or f"{self.of}:0", len(names))
        end = start + size
        return names[start:end], {"NextToken": f"{self.of}:{end}"} if end < len(names) else {}

    def _start(self, token: str, names: int) -> int:
        of, _, start = token.partition(":")
        if of != self.of or not start.isdecimal() or int(start) > names:
            raise Refused(self.wrong_start.format(token))
        return int(start)


_IDENTITIES = Pages(
    of="identities",
    usual=25,
    most=1_000,
    wrong_size="Value {} for parameter PageSize is invalid. PageSize must be between 1 and 1000.",
    wrong_start="Invalid NextToken <{}>.",
)
_CONFIGURATION_SETS = Pages(
    of="configuration-sets",
    usual=50,
    most=1_000,
    wrong_size="The page size must be between 1 and 1000",
    wrong_start="invalid nextToken {}",
)
_TENANTS = Pages(
    of="tenants",
    usual=100,
    most=100,
    wrong_size="1 validation error detected: "
    "Value '{}' at 'pageSize' failed to satisfy constraint: Member must have value {}",
    wrong_start="Invalid Next Token",
)


def identities(scenario: Scenario, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer ListEmailIdentities. Raises Refused."""
    page, more = _IDENTITIES.page(scenario.identities, asked)
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


def configuration_sets(scenario: Scenario, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer ListConfigurationSets. Raises Refused."""
    page, more = _CONFIGURATION_SETS.page(scenario.configuration_sets, asked)
    return {"ConfigurationSets": page, **more}


def tenants(scenario: Scenario, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer ListTenants. Raises Refused."""
    page, more = _TENANTS.page(scenario.tenants, asked)
    created = datetime.combine(scenario.begins, time(), UTC).timestamp()
    listed = [
        {
            "TenantName": name,
            "TenantId": _tenant_id(name),
            "TenantArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:tenant/{name}/{_tenant_id(name)}",
            "CreatedTimestamp": created,
        }
        for name in page
    ]
    return {"Tenants": listed, **more}


def _tenant_id(name: str) -> str:
    """Return an id that looks like SES's, the same for the same *name* at any time."""
    return f"tn-{blake2b(name.encode(), digest_size=15).hexdigest()}"
