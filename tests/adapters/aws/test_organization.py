"""The accounts of an AWS organization, in moto, and with responses of a stub."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from vdm_alerts.adapters.aws.organization import organization_accounts
from vdm_alerts.core.fleet.document import InvalidFleetError
from vdm_alerts.core.fleet.fleet import OrganizationScope
from vdm_alerts.core.fleet.targets import OrganizationAccount
from vdm_alerts.core.model.findings import AccessDeniedError, UnavailableError


def a_scope(*include: str, organization: str = "o-abcdefghij") -> OrganizationScope:
    return OrganizationScope(id=organization, regions=("eu-west-1",), include=include)


class Organization:
    """An organization in moto: a root with accounts and organizational units."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.id = client.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        self.root = client.list_roots()["Roots"][0]["Id"]

    def unit(self, name: str, parent: str) -> str:
        created = self.client.create_organizational_unit(ParentId=parent, Name=name)
        return str(created["OrganizationalUnit"]["Id"])

    def account(self, name: str, parent: str | None = None) -> str:
        email = f"{name}@example.com"
        status = self.client.create_account(Email=email, AccountName=name)["CreateAccountStatus"]
        id_ = str(status["AccountId"])
        if parent:
            self.client.move_account(
                AccountId=id_, SourceParentId=self.root, DestinationParentId=parent
            )
        return id_

    def names(self, *include: str) -> set[str]:
        found = organization_accounts(self.client, a_scope(*include, organization=self.id))
        assert len(found) == len({account.account for account in found})
        return {account.name for account in found}


@pytest.fixture
def organization() -> Iterator[Organization]:
    with mock_aws():
        yield Organization(boto3.client("organizations"))


def test_all_active_accounts_are_listed_by_default(organization: Organization) -> None:
    shop = organization.account("shop")
    organization.client.close_account(AccountId=organization.account("closed"))
    found = organization_accounts(organization.client, a_scope(organization=organization.id))
    assert OrganizationAccount(shop, "shop", organization.id) in found
    assert "closed" not in {account.name for account in found}


def test_other_organization_than_that_of_the_file_is_an_error(organization: Organization) -> None:
    with pytest.raises(InvalidFleetError) as error_info:
        organization_accounts(organization.client, a_scope(organization="o-abcdefghij"))
    assert (
        f'organization.id  "o-abcdefghij" is not the organization of this account, '
        f'"{organization.id}"'
    ) in str(error_info.value)


def test_unit_includes_the_units_in_it_and_no_other(organization: Organization) -> None:
    brands = organization.unit("brands", organization.root)
    europe = organization.unit("europe", brands)
    north = organization.unit("north", europe)
    for name, parent in {"a": brands, "b": europe, "c": north}.items():
        organization.account(name, parent)
    other = organization.account("other")
    organization.client.close_account(AccountId=organization.account("closed", north))
    assert organization.names(brands) == {"a", "b", "c"}
    assert organization.names(europe) == {"b", "c"}
    assert organization.names(north, other) == {"c", "other"}
    assert organization.names(brands, europe) == {"a", "b", "c"}
    assert organization.names(organization.root) >= {"a", "b", "c", "other"}


def test_included_account_that_is_not_active_is_logged(
    organization: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    shop = organization.account("shop")
    assert organization.names(shop, "999999999999") == {"shop"}
    assert "organization.include: 999999999999 is not an active account of it" in caplog.text


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(boto3.client("organizations")) as stub:
        yield stub


def an_account(number: int, **state: str) -> dict[str, str]:
    return {"Id": f"{number:012}", "Name": f"account-{number}", **(state or {"State": "ACTIVE"})}


def names(stub: Stubber, *include: str) -> list[str]:
    client: Any = stub.client
    return [account.name for account in organization_accounts(client, a_scope(*include))]


def test_every_page_is_read(stub: Stubber) -> None:
    stub.add_response("list_accounts", {"Accounts": [an_account(1)], "NextToken": "a"}, {})
    stub.add_response("list_accounts", {"Accounts": [], "NextToken": "b"}, {"NextToken": "a"})
    stub.add_response("list_accounts", {"Accounts": [an_account(2)]}, {"NextToken": "b"})
    assert names(stub) == ["account-1", "account-2"]


def test_every_page_of_a_unit_is_read(stub: Stubber) -> None:
    unit, inner = "ou-abcd-11111111", "ou-abcd-22222222"
    of_unit, of_inner = {"ParentId": unit}, {"ParentId": inner}
    units = {"ChildType": "ORGANIZATIONAL_UNIT"}
    accounts = [an_account(number) for number in range(1, 5)]
    stub.add_response("list_accounts", {"Accounts": accounts}, {})
    operation = "list_accounts_for_parent"
    stub.add_response(operation, {"Accounts": accounts[:1], "NextToken": "a"}, of_unit)
    stub.add_response(operation, {"Accounts": accounts[1:2]}, {**of_unit, "NextToken": "a"})
    stub.add_response("list_children", {"Children": [], "NextToken": "b"}, {**of_unit, **units})
    children = {"Children": [{"Id": inner, "Type": "ORGANIZATIONAL_UNIT"}]}
    stub.add_response("list_children", children, {**of_unit, **units, "NextToken": "b"})
    stub.add_response(operation, {"Accounts": accounts[2:3]}, of_inner)
    stub.add_response("list_children", {"Children": []}, {**of_inner, **units})
    assert names(stub, unit) == ["account-1", "account-2", "account-3"]


@pytest.mark.parametrize("key", ["State", "Status"])
@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION", "CLOSED"])
def test_account_that_is_not_active_is_left_out(stub: Stubber, key: str, state: str) -> None:
    accounts = [an_account(1, **{key: state}), an_account(2, **{key: "ACTIVE"})]
    stub.add_response("list_accounts", {"Accounts": accounts})
    assert names(stub) == ["account-2"]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("list_accounts", "ListAccounts"),
        ("list_accounts_for_parent", "ListAccountsForParent"),
        ("list_children", "ListChildren"),
    ],
)
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("AccessDeniedException", 400, AccessDeniedError),
        ("TooManyRequestsException", 429, UnavailableError),
        ("AWSOrganizationsNotInUseException", 400, UnavailableError),
        ("ServiceException", 500, UnavailableError),
    ],
)
def test_error_names_the_action(
    stub: Stubber, operation: str, action: str, code: str, status: int, error: type[Exception]
) -> None:
    for earlier in ("list_accounts", "list_accounts_for_parent"):
        if earlier == operation:
            break
        stub.add_response(earlier, {"Accounts": [an_account(1)]})
    stub.add_client_error(operation, code, http_status_code=status)
    with pytest.raises(error, match=f"organizations:{action}\\b"):
        names(stub, "ou-abcd-11111111")


@pytest.mark.parametrize(
    "response", [{}, {"Accounts": [{"State": "ACTIVE"}]}], ids=["no list", "no ID"]
)
def test_malformed_response_is_an_error(stub: Stubber, response: dict[str, Any]) -> None:
    stub.add_response("list_accounts", response)
    with pytest.raises(UnavailableError, match="organizations:ListAccounts failed: the response"):
        names(stub)
