"""The account adapter against the local SES, over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.core.model.account import Impact, Recommendation, SesPlan
from vdm_alerts.core.model.deadline import NoDeadline
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.severity import Severity
from vdm_local.endpoint import Endpoint
from vdm_local.responses import Response
from vdm_local.scenario import Scenario, parse_scenario
from vdm_local.server import serving


class RecordingClock:
    """A clock that stands still, and records for how long it is asked to wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint(parse_scenario("begins = 2026-03-01", "here"))


@pytest.fixture
def account(endpoint: Endpoint) -> Iterator[SesAccount]:
    with serving(endpoint) as url:
        client: Any = boto3.client("sesv2", endpoint_url=url)
        yield SesAccount(client, RecordingClock())


def a_scenario(text: str) -> Scenario:
    return parse_scenario(f"begins = 2026-03-01\n{text}", "here")


def test_healthy_account_has_no_findings(account: SesAccount) -> None:
    account_status = account.status(NoDeadline())
    assert account_status.vdm_enabled
    assert account_status.findings == []


def test_status_has_the_emails_that_ses_itself_counted(
    account: SesAccount, endpoint: Endpoint
) -> None:
    endpoint.scenario = a_scenario(
        '[[emails]]\nidentity = "a.example.com"\nisp = "Aol"\nsend = "240"'
    )
    endpoint.now = datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert account.status(NoDeadline()).sent_last_day == 60


@pytest.mark.parametrize("sent", [float("nan"), float("inf"), -1, 1e300, None])
def test_odd_number_of_emails_is_unknown_and_the_status_readable(
    account: SesAccount, endpoint: Endpoint, sent: object
) -> None:
    response = {
        "VdmAttributes": {"VdmEnabled": "ENABLED"},
        "SendQuota": {"SentLast24Hours": sent},
    }
    endpoint.respond = lambda *_: Response(200, response)  # type: ignore[method-assign]
    account_status = account.status(NoDeadline())
    assert account_status.vdm_enabled
    assert account_status.sent_last_day is None


@pytest.mark.parametrize("plan", SesPlan)
def test_status_has_the_pricing_plan(
    account: SesAccount, endpoint: Endpoint, plan: SesPlan
) -> None:
    endpoint.scenario = a_scenario(f'plan = "{plan}"')
    assert account.status(NoDeadline()).plan is plan


def test_plan_that_is_not_known_here_is_unknown(account: SesAccount, endpoint: Endpoint) -> None:
    endpoint.scenario = replace(endpoint.scenario, plan="NEW")
    assert account.status(NoDeadline()).plan is None


def test_disabled_vdm_is_a_finding_with_a_remedy(account: SesAccount, endpoint: Endpoint) -> None:
    endpoint.scenario = a_scenario("vdm_enabled = false")
    account_status = account.status(NoDeadline())
    assert not account_status.vdm_enabled
    (finding,) = account_status.findings
    assert "turned off in this account and Region" in finding.what
    assert "Turn it on in the SES console" in finding.remedy


@pytest.mark.parametrize(("status", "word"), [("PROBATION", "review"), ("SHUTDOWN", "paused")])
def test_enforcement_by_ses_is_a_critical_finding(
    account: SesAccount, endpoint: Endpoint, status: str, word: str
) -> None:
    endpoint.scenario = a_scenario(f'enforcement = "{status}"')
    (finding,) = account.status(NoDeadline()).findings
    assert word in finding.what
    assert finding.severity is Severity.CRITICAL


def test_disabled_sending_is_a_finding(account: SesAccount, endpoint: Endpoint) -> None:
    endpoint.scenario = a_scenario("sending_enabled = false")
    (finding,) = account.status(NoDeadline()).findings
    assert "Sending is turned off" in finding.what
    assert not account.status(NoDeadline()).may_send


def test_identities_come_from_every_page(account: SesAccount, endpoint: Endpoint) -> None:
    names = [f"{number:04}.example.com" for number in range(2_345)]
    endpoint.scenario = a_scenario(f"idle_identities = {names}")
    assert account.identities(NoDeadline()) == [Scope(identity=name) for name in names]


def test_pages_of_a_list_are_requested_once_per_second(endpoint: Endpoint) -> None:
    names = [f"{number:04}.example.com" for number in range(2_345)]
    endpoint.scenario = a_scenario(f"idle_identities = {names}")
    clock = RecordingClock()
    with serving(endpoint) as url:
        client: Any = boto3.client("sesv2", endpoint_url=url)
        SesAccount(client, clock).identities(NoDeadline())
    assert clock.waits == [0, 1, 2], "3 pages, with a clock that stands still"


def test_configuration_sets_are_sorted_by_name(account: SesAccount, endpoint: Endpoint) -> None:
    endpoint.scenario = a_scenario(
        "".join(
            f'[[emails]]\nidentity = "a.example"\nisp = "Gmx"\nconfiguration_set = "{name}"\n'
            for name in ("receipts", "newsletter")
        )
    )
    assert account.configuration_sets(NoDeadline()) == [
        Scope(configuration_set="newsletter"),
        Scope(configuration_set="receipts"),
    ]


def test_list_whose_page_size_ses_rejects_is_read_in_pages_of_the_default_size(
    account: SesAccount, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vdm_alerts.adapters.aws.ses_account.PAGE_SIZE", 1_001)
    names = [f"{number:03}.example.com" for number in range(60)]
    endpoint.scenario = a_scenario(f"idle_identities = {names}")
    assert [scope.identity for scope in account.identities(NoDeadline())] == names


def test_half_of_a_surrogate_pair_in_a_name_is_replaced(
    account: SesAccount, endpoint: Endpoint
) -> None:
    """The name has a UTF-8 form then, and SES rejects it, as it would the other."""
    identities = [{"IdentityName": name} for name in ("x\ud800y.example", "ok.example")]
    endpoint.respond = lambda *_: Response(200, {"EmailIdentities": identities})  # type: ignore[method-assign]
    other, replaced = account.identities(NoDeadline())
    assert (other.identity, replaced.identity) == ("ok.example", "x\ufffdy.example")
    assert replaced.may_be_rejected


def test_sandbox_is_a_finding_that_says_what_it_limits(
    account: SesAccount, endpoint: Endpoint
) -> None:
    endpoint.scenario = a_scenario("production_access = false")
    (finding,) = account.status(NoDeadline()).findings
    assert finding.what == "This account is in the SES sandbox in this Region"
    assert "200 emails in 24 hours" in finding.effect


@pytest.mark.parametrize(("line", "quota"), [("", None), ("daily_quota = 50000", 50_000)])
def test_status_has_the_daily_quota_if_there_is_one(
    account: SesAccount, endpoint: Endpoint, line: str, quota: int | None
) -> None:
    endpoint.scenario = a_scenario(line)
    assert account.status(NoDeadline()).daily_quota == quota


TENANTS = "".join(
    f'[[emails]]\nidentity = "a.example"\nisp = "Gmx"\ntenant = "{name}"\n'
    for name in ("acme", "own", "zeta")
)


def test_paused_tenants_are_those_that_may_not_send(
    account: SesAccount, endpoint: Endpoint
) -> None:
    endpoint.scenario = replace(a_scenario(TENANTS), paused_tenants=["zeta", "acme"])
    assert account.paused_tenants(NoDeadline()) == [Scope(tenant="acme"), Scope(tenant="zeta")]


def test_no_tenant_is_paused_if_ses_ignores_the_filter(
    account: SesAccount, endpoint: Endpoint
) -> None:
    tenants = [
        {"TenantName": "own", "SendingStatus": "ENABLED"},
        {"TenantName": "back", "SendingStatus": "REINSTATED"},
        {"TenantName": "old"},
    ]
    endpoint.respond = lambda *_: Response(200, {"Tenants": tenants})  # type: ignore[method-assign]
    assert account.paused_tenants(NoDeadline()) == []


def test_boto3_that_knows_no_tenants_reports_none_as_paused(
    account: SesAccount, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.scenario = replace(a_scenario(TENANTS), paused_tenants=["acme"])
    shape = account._client.meta.service_model.operation_model("ListTenants").input_shape
    assert shape is not None
    monkeypatch.delitem(shape.members, "Filter")
    assert account.paused_tenants(NoDeadline()) == []


RECOMMENDATION = """
[[recommendation]]
identity = "{}.example.com"
type = "DKIM"
impact = "{}"
opened = 2026-03-02T00:00:00Z
description = "DKIM is not set up."
"""


def test_recommendations_of_high_impact_come_first(account: SesAccount, endpoint: Endpoint) -> None:
    endpoint.scenario = a_scenario(
        RECOMMENDATION.format("a", "LOW") + RECOMMENDATION.format("b", "HIGH")
    )
    assert account.recommendations(NoDeadline()) == [
        Recommendation("b.example.com", "DKIM", Impact.HIGH, "DKIM is not set up."),
        Recommendation("a.example.com", "DKIM", Impact.LOW, "DKIM is not set up."),
    ]


def test_recommendation_about_another_resource_has_its_arn(
    account: SesAccount, endpoint: Endpoint
) -> None:
    arn = "arn:aws:ses:eu-west-1:111122223333:dedicated-ip-pool/p"
    entry = {"ResourceArn": arn, "Type": "IP_LISTING"}
    endpoint.respond = lambda *_: Response(200, {"Recommendations": [entry]})  # type: ignore[method-assign]
    assert account.recommendations(NoDeadline()) == [Recommendation(arn, "IP_LISTING", Impact.HIGH)]


def test_recommendations_are_read_from_ten_pages_only(
    account: SesAccount, endpoint: Endpoint
) -> None:
    endpoint.scenario = a_scenario(
        "".join(RECOMMENDATION.format(f"{number:04}", "HIGH") for number in range(1_234))
    )
    assert len(account.recommendations(NoDeadline())) == 1_000
