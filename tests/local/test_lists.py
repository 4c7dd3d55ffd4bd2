"""The lists of an account come in pages, as SES cuts them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from vdm_local.endpoint import Endpoint
from vdm_local.scenario import parse_scenario
from vdm_local.server import serving

MAIL = """
[[mail]]
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
USUAL = {"list_email_identities": 25, "list_configuration_sets": 50, "list_tenants": 100}
MOST = {"list_email_identities": 1_000, "list_configuration_sets": 1_000, "list_tenants": 100}


@pytest.fixture
def endpoint() -> Endpoint:
    mail = "".join(MAIL.format(f"{number:03}") for number in range(205))
    return Endpoint(parse_scenario(f"begins = 2026-03-01\n{mail}", "here"))


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[Any]:
    with serving(endpoint) as url:
        yield boto3.client("sesv2", endpoint_url=url)


def pages(client: Any, of: str, **asked: Any) -> list[list[Any]]:
    key, name, _ = LISTS[of]
    found: list[list[Any]] = []
    more: dict[str, str] = {}
    while True:
        answer = getattr(client, of)(**asked, **more)
        found.append([each[name] if name else each for each in answer[key]])
        if "NextToken" not in answer:
            return found
        more = {"NextToken": answer["NextToken"]}


@pytest.mark.parametrize("of", LISTS)
def test_the_pages_of_a_list_hold_everything_once(client: Any, of: str) -> None:
    found = pages(client, of, PageSize=100)
    assert [len(page) for page in found] == [100, 100, 5]
    written = LISTS[of][2]
    assert [name for page in found for name in page] == [
        written.format(f"{number:03}") for number in range(205)
    ]


@pytest.mark.parametrize("of", LISTS)
def test_a_page_is_a_small_one_unless_its_size_is_asked_for(client: Any, of: str) -> None:
    assert len(pages(client, of)[0]) == USUAL[of]


@pytest.mark.parametrize("of", LISTS)
def test_a_page_of_more_than_ses_allows_is_refused_and_so_is_one_of_nothing(
    client: Any, of: str
) -> None:
    assert pages(client, of, PageSize=MOST[of])
    for size in (-1, 0, MOST[of] + 1):
        with pytest.raises(ClientError, match="BadRequestException"):
            getattr(client, of)(PageSize=size)


@pytest.mark.parametrize("token", ["nonsense", "100", "tenants:100", "identities:9999"])
def test_a_token_that_this_list_did_not_give_out_is_refused(client: Any, token: str) -> None:
    with pytest.raises(ClientError, match=f"Invalid NextToken <{token}>."):
        client.list_email_identities(NextToken=token)


@pytest.mark.parametrize("of", LISTS)
def test_a_filter_is_refused_and_not_passed_over(client: Any, of: str) -> None:
    with pytest.raises(ClientError, match="filters no list"):
        getattr(client, of)(Filter={"x": "y"})


def test_a_tenant_is_named_as_ses_names_it(client: Any) -> None:
    tenant = client.list_tenants(PageSize=1)["Tenants"][0]
    assert tenant["TenantName"] == "tenant-000"
    assert tenant["TenantId"].startswith("tn-")
    assert tenant["TenantArn"] == (
        f"arn:aws:ses:eu-west-1:111122223333:tenant/tenant-000/{tenant['TenantId']}"
    )
    assert tenant["CreatedTimestamp"].timestamp() == 1_772_323_200, "2026-03-01"
    assert client.list_tenants(PageSize=1)["Tenants"][0] == tenant


def test_botocores_own_paginator_reads_every_tenant(client: Any) -> None:
    found = client.get_paginator("list_tenants").paginate(PaginationConfig={"PageSize": 50})
    assert sum(len(page["Tenants"]) for page in found) == 205


def test_an_account_without_tenants_has_none(client: Any, endpoint: Endpoint) -> None:
    endpoint.scenario = parse_scenario("begins = 2026-03-01", "here")
    assert client.list_tenants()["Tenants"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v2/email/list-identities"), ("GET", "/v2/email/identities")],
)
def test_lists_are_served_by_the_paths_of_new_and_of_older_sdks(
    endpoint: Endpoint, method: str, path: str
) -> None:
    answer = endpoint.answer(method, path, {"PageSize": "10"}, b"")
    assert answer
    assert answer.body["EmailIdentities"][0]["IdentityName"] == "000.example.com"


def test_calls_of_lists_are_counted_and_use_no_quota_of_metrics_up(
    client: Any, endpoint: Endpoint
) -> None:
    client.list_email_identities()
    client.list_configuration_sets()
    client.list_tenants()
    with pytest.raises(ClientError):
        client.list_tenants(PageSize=1_000)
    client.get_account()
    assert endpoint.lists == 4
    assert endpoint.quota.calls == 0
