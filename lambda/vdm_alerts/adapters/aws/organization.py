"""The accounts of an AWS organization."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vdm_alerts.adapters.aws.errors import translate_read_errors
from vdm_alerts.core.fleet.fleet import OrganizationScope
from vdm_alerts.core.fleet.targets import OrganizationAccount

if TYPE_CHECKING:
    from mypy_boto3_organizations import OrganizationsClient

ACTIVE = "ACTIVE"
"""The state, formerly the status, of an account that is neither suspended nor closing."""


def organization_accounts(
    client: "OrganizationsClient", scope: OrganizationScope
) -> list[OrganizationAccount]:
    """Return the active accounts of the organization that *scope* includes; all by default.

    Raises AccessDeniedError or UnavailableError.
    """
    everything = list(_accounts(client, "list_accounts", "organizations:ListAccounts"))
    if not scope.include:
        return everything
    included = set(scope.included_accounts)
    for parent in scope.included_parents:
        included |= set(_accounts_below(client, parent))
    return [account for account in everything if account.account in included]


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
) -> Iterator[OrganizationAccount]:
    """Yield the active accounts that *operation* lists."""
    paginators: Any = client  # Its types know single operations only.
    paginator = paginators.get_paginator(operation)
    with translate_read_errors(action):
        accounts = [
            account for page in paginator.paginate(**parameters) for account in page["Accounts"]
        ]
    for account in accounts:
        if account.get("State", account.get("Status")) == ACTIVE:
            yield OrganizationAccount(account["Id"], account.get("Name", ""))
