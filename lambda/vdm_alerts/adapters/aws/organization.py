"""The accounts of an AWS organization."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.aws.errors import translate_read_errors
from vdm_alerts.core.fleet.fleet import OrganizationScope
from vdm_alerts.core.fleet.targets import OrganizationAccount

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

ACTIVE = "ACTIVE"
"""The state, formerly the status, of an account that is neither suspended nor closing."""
_log = logging.getLogger(__name__)


def organization_accounts(
    client: "OrganizationsClient", scope: OrganizationScope
) -> list[OrganizationAccount]:
    """Return the active accounts of the organization that *scope* includes; all by default.

    Raises AccessDeniedError or UnavailableError.
    """
    active = _accounts(client, "list_accounts", "organizations:ListAccounts")
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
            OrganizationAccount(account["Id"], account.get("Name", ""))
            for page in paginators.get_paginator(operation).paginate(**parameters)
            for account in page["Accounts"]
            if account.get("State", account.get("Status")) == ACTIVE
        ]
