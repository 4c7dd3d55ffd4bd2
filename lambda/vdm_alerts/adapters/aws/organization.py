"""The accounts of an AWS organization."""

import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.aws.errors import translate_read_errors
from vdm_alerts.core.fleet.document import InvalidFleetError
from vdm_alerts.core.fleet.fleet import OrganizationScope
from vdm_alerts.core.fleet.targets import SOURCE, OrganizationAccount
from vdm_alerts.core.rules.quoting import quote
from vdm_alerts.core.rules.toml_document import InvalidField

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

ACTIVE = "ACTIVE"
"""The state, formerly the status, of an account that is neither suspended nor closing."""
_ORGANIZATION_IN_ARN = re.compile(r":account/(o-[a-z0-9]+)/")
"""Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html"""
_log = logging.getLogger(__name__)


def organization_accounts(
    client: "OrganizationsClient", scope: OrganizationScope
) -> list[OrganizationAccount]:
    """Return the active accounts of the organization that *scope* includes; all by default.

    Raises AccessDeniedError or UnavailableError, and InvalidFleetError if the account of *client*
    is in another organization.
    """
    active = _accounts(client, "list_accounts", "organizations:ListAccounts")
    for actual in {account.organization for account in active} - {"", scope.id}:
        message = (
            f"{quote(scope.id)} is not the organization of this account, {quote(actual)}. Use the "
            "ID of that one, or deploy the hub in an account of the other."
        )
        raise InvalidFleetError(SOURCE, [InvalidField("organization.id", message)])
    if not scope.include:
        return active
    included = set(scope.included_accounts)
    for account in sorted(included - {account.account for account in active}):
        _log.warning("organization.include: %s is not an active account of it", account)
    for parent in scope.included_parents:
        included |= set(_accounts_below(client, parent))
    return [account for account in active if account.account in included]


def _accounts_below(client: "OrganizationsClient", parent: str) -> Iterator[str]:
    """Yield the IDs of the accounts in *parent*, and in the organizational units in it."""
    action = "organizations:ListAccountsForParent"
    for account in _accounts(client, "list_accounts_for_parent", action, ParentId=parent):
        yield account.account
    paginator = client.get_paginator("list_children")
    pages = paginator.paginate(ParentId=parent, ChildType="ORGANIZATIONAL_UNIT")
    with translate_read_errors("organizations:ListChildren"):
        units = [child["Id"] for page in pages for child in page["Children"]]
    for unit in units:
        yield from _accounts_below(client, unit)


def _accounts(
    client: "OrganizationsClient", operation: str, action: str, **parameters: str
) -> list[OrganizationAccount]:
    """Return the active accounts that *operation* lists."""
    paginators: Any = client  # Its types know single operations only.
    with translate_read_errors(action):
        return [
            OrganizationAccount(
                account["Id"], account.get("Name", ""), _organization_of(account.get("Arn", ""))
            )
            for page in paginators.get_paginator(operation).paginate(**parameters)
            for account in page["Accounts"]
            if account.get("State", account.get("Status")) == ACTIVE
        ]


def _organization_of(arn: str) -> str:
    """Return the ID of the organization in the *arn* of an account; empty if it has none."""
    match = _ORGANIZATION_IN_ARN.search(arn)
    return match[1] if match else ""
