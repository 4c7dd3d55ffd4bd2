"""The list operations of SES and their pages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from vdm_local.endpoint import Endpoint
from vdm_local.scenario import Scenario, parse_scenario
from vdm_local.server import serving

MAIL = """
[[emails]]
identity = "{0}.example.com"
isp = "Gmx"
configuration_set = "set-{0}"
tenant = "tenant-{0}"
"""
LISTS = {
    "list_email_identities": ("EmailIdentities", "IdentityName", "{}.example.com"),
    "list_configuration_sets": ("ConfigurationSets", None, "set-{}"),
    "list_tenants": ("Tenants", "TenantName", "tenant-{}"),
}
DEFAULT_SIZE = {"list_email_identities": 25, "list_configuration_sets": 50, "list_tenants": 100}
MAX_SIZE = {"list_email_identities": 1_000, "list_configuration_sets": 1_000, "list_tenants": 100}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    mail = "".join(MAIL.format(f"{number:03}") for number in range(205))
    return parse_scenario(f"begins = 2026-03-01\n{mail}", "here")


@pytest.fixture
def endpoint(scenario: Scenario) -> Endpoint:
    return Endpoint(scenario)


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[Any]:
    with serving(endpoint) as url:
        yield boto3.client("sesv2", endpoint_url=url)


def pages(client: Any, operation: str, **parameters: Any) -> list[list[Any]]:
    key, name, _ = LISTS[operation]
    result_pages: list[list[Any]] = []
    next_token: dict[str, str] = {}
    while True:
        response = getattr(client, operation)(**parameters, **next_token)
        result_pages.append([each[name] if name else each for each in response[key]])
        if "NextToken" not in response:
            return result_pages
        next_token = {"NextToken": response["NextToken"]}


@pytest.mark.parametrize("operation", LISTS)
def test_pages_contain_every_entry_once(client: Any, operation: str) -> None:
    result_pages = pages(client, operation, PageSize=100)
    assert [len(page) for page in result_pages] == [100, 100, 5]
    name_format = LISTS[operation][2]
    assert [name for page in result_pages for name in page] == [
        name_format.format(f"{number:03}") for number in range(205)
    ]


@pytest.mark.parametrize("operation", LISTS)
def test_page_has_default_size_when_none_is_requested(client: Any, operation: str) -> None:
    assert len(pages(client, operation)[0]) == DEFAULT_SIZE[operation]


@pytest.mark.parametrize("operation", LISTS)
def test_page_size_outside_limits_is_rejected(client: Any, operation: str) -> None:
    assert pages(client, operation, PageSize=MAX_SIZE[operation]) != []
    for size in (-1, 0, MAX_SIZE[operation] + 1):
        with pytest.raises(ClientError, match="BadRequestException"):
            getattr(client, operation)(PageSize=size)


@pytest.mark.parametrize("token", ["nonsense", "100", "tenants:100", "identities:9999"])
def test_token_of_another_list_is_rejected(client: Any, token: str) -> None:
    with pytest.raises(ClientError, match=f"Invalid NextToken <{token}>."):
        client.list_email_identities(NextToken=token)


@pytest.mark.parametrize("operation", LISTS)
def test_filter_that_is_not_served_is_rejected(client: Any, operation: str) -> None:
    with pytest.raises(
        ClientError, match=r"The local SES filters by (nothing|SENDING_STATUS) only"
    ):
        getattr(client, operation)(Filter={"TENANT_NAME_CONTAINS": "y"})


def test_tenants_are_filtered_by_their_sending_status(client: Any, endpoint: Endpoint) -> None:
    endpoint.scenario = replace(endpoint.scenario, paused_tenants=["tenant-003"])
    names = {
        status: [tenant["TenantName"] for tenant in response["Tenants"]]
        for status in ("ENABLED", "DISABLED")
        if (response := client.list_tenants(Filter={"SENDING_STATUS": status}))
    }
    assert names["DISABLED"] == ["tenant-003"]
    assert "tenant-003" not in names["ENABLED"]
    assert "tenant-002" in names["ENABLED"]


RECOMMENDATIONS = """
begins = 2026-03-01

[[recommendation]]
identity = "news.example.com"
type = "DKIM"
impact = "HIGH"
opened = 2026-03-02T00:00:00Z
fixed = 2026-03-04T00:00:00Z
description = "DKIM is not set up."

[[recommendation]]
identity = "shop.example.com"
type = "BIMI"
impact = "LOW"
opened = 2026-03-03T00:00:00Z
"""


@pytest.mark.parametrize(
    ("day", "filter_", "types"),
    [
        (1, {}, []),
        (2, {"STATUS": "OPEN"}, ["DKIM"]),
        (3, {"STATUS": "OPEN"}, ["DKIM", "BIMI"]),
        (3, {"STATUS": "OPEN", "IMPACT": "HIGH"}, ["DKIM"]),
        (4, {"STATUS": "OPEN"}, ["BIMI"]),
        (4, {"STATUS": "FIXED"}, ["DKIM"]),
    ],
)
def test_recommendations_open_and_are_fixed_at_their_times(
    client: Any, endpoint: Endpoint, day: int, filter_: dict[str, str], types: list[str]
) -> None:
    before = endpoint.scenario, endpoint.now
    endpoint.scenario = parse_scenario(RECOMMENDATIONS, "here")
    endpoint.now = datetime(2026, 3, day, 12, tzinfo=UTC)
    arguments = {"Filter": filter_} if filter_ else {}
    found = client.list_recommendations(**arguments)["Recommendations"]
    endpoint.scenario, endpoint.now = before
    assert [each["Type"] for each in found] == types


def test_tenant_has_id_arn_and_creation_time_of_ses(client: Any) -> None:
    tenant = client.list_tenants(PageSize=1)["Tenants"][0]
    assert tenant["TenantName"] == "tenant-000"
    assert tenant["TenantId"].startswith("tn-")
    assert tenant["TenantArn"] == (
        f"arn:aws:ses:eu-west-1:111122223333:tenant/tenant-000/{tenant['TenantId']}"
    )
    assert tenant["CreatedTimestamp"].timestamp() == 1_772_323_200, "2026-03-01"
    assert client.list_tenants(PageSize=1)["Tenants"][0] == tenant


def test_botocore_paginator_reads_every_tenant(client: Any) -> None:
    result_pages = client.get_paginator("list_tenants").paginate(PaginationConfig={"PageSize": 50})
    assert sum(len(page["Tenants"]) for page in result_pages) == 205


def test_tenant_list_is_empty_without_tenants(client: Any, endpoint: Endpoint) -> None:
    endpoint.scenario = parse_scenario("begins = 2026-03-01", "here")
    assert client.list_tenants()["Tenants"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v2/email/list-identities"), ("GET", "/v2/email/identities")],
)
def test_lists_are_served_at_paths_of_new_and_old_sdks(
    endpoint: Endpoint, method: str, path: str
) -> None:
    response = endpoint.respond(method, path, {"PageSize": "10"}, b"")
    assert response is not None
    assert response.body["EmailIdentities"][0]["IdentityName"] == "000.example.com"


def test_list_calls_are_counted_and_use_no_metrics_quota(client: Any, endpoint: Endpoint) -> None:
    client.list_email_identities()
    client.list_configuration_sets()
    client.list_tenants()
    with pytest.raises(ClientError):
        client.list_tenants(PageSize=1_000)
    client.get_account()
    assert endpoint.list_calls == 4
    assert endpoint.quota.calls == 0
