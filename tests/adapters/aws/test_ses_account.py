from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from vdm_alerts.adapters.aws.ses_account import SesAccount
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.severity import Severity
from vdm_local.endpoint import Endpoint
from vdm_local.scenario import Scenario, parse_scenario
from vdm_local.server import serving


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint(parse_scenario("begins = 2026-03-01", "here"))


@pytest.fixture
def account(endpoint: Endpoint) -> Iterator[SesAccount]:
    with serving(endpoint) as url:
        client: Any = boto3.client("sesv2", endpoint_url=url)
        yield SesAccount(client)


def the_account(text: str) -> Scenario:
    return parse_scenario(f"begins = 2026-03-01\n{text}", "here")


def test_an_account_in_good_standing_has_nothing_to_hear(account: SesAccount) -> None:
    standing = account.standing()
    assert standing.vdm_enabled
    assert standing.findings == []


def test_vdm_switched_off_is_a_finding_that_says_how_to_switch_it_on(
    account: SesAccount, endpoint: Endpoint
) -> None:
    endpoint.scenario = the_account("vdm_enabled = false")
    standing = account.standing()
    assert not standing.vdm_enabled
    (finding,) = standing.findings
    assert "switched off in this account and Region" in finding.what
    assert "Switch it on in the SES console" in finding.remedy


@pytest.mark.parametrize(("status", "word"), [("PROBATION", "review"), ("SHUTDOWN", "paused")])
def test_what_ses_holds_against_the_account_is_a_finding(
    account: SesAccount, endpoint: Endpoint, status: str, word: str
) -> None:
    endpoint.scenario = the_account(f'enforcement = "{status}"')
    (finding,) = account.standing().findings
    assert word in finding.what
    assert finding.severity is Severity.CRITICAL


def test_sending_switched_off_by_the_account_itself_is_a_finding(
    account: SesAccount, endpoint: Endpoint
) -> None:
    endpoint.scenario = the_account("sending_enabled = false")
    (finding,) = account.standing().findings
    assert "Sending is switched off" in finding.what
    assert not account.standing().may_send


def test_every_page_of_the_identities_is_read(account: SesAccount, endpoint: Endpoint) -> None:
    names = [f"{number:04}.example.com" for number in range(2_345)]
    endpoint.scenario = the_account(f"idle_identities = {names}")
    assert account.identities() == [Scope(identity=name) for name in names]


def test_configuration_sets_are_listed_by_name(account: SesAccount, endpoint: Endpoint) -> None:
    endpoint.scenario = the_account(
        "".join(
            f'[[mail]]\nidentity = "a.example"\nisp = "Gmx"\nconfiguration_set = "{name}"\n'
            for name in ("receipts", "newsletter")
        )
    )
    assert account.configuration_sets() == [
        Scope(configuration_set="newsletter"),
        Scope(configuration_set="receipts"),
    ]
