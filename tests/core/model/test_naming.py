import pytest

from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.naming import domain_of, mask_addresses


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(identity="news.example.com"),
        Scope(identity="Anna+shop@News.Example.com"),
        Scope(configuration_set="my_set-1", isp="ExchangeOnline"),
        Scope(tenant="tenant-1"),
    ],
    ids=str,
)
def test_scope_is_not_doubtful_when_ses_accepts_its_names(scope: Scope) -> None:
    assert not scope.may_be_rejected


@pytest.mark.parametrize(
    "scope",
    [
        Scope(identity="*"),
        Scope(identity="user@"),
        Scope(identity="localhost"),
        Scope(identity="bad..example.com"),
        Scope(isp="Mail.ru"),
        Scope(isp="AT&T"),
        Scope(identity="news.example.com", isp="Unknown ISP"),
        Scope(configuration_set="a b"),
        Scope(tenant="täglich"),
    ],
    ids=str,
)
def test_scope_is_doubtful_when_ses_might_reject_a_name(scope: Scope) -> None:
    assert scope.may_be_rejected


def test_domain_is_returned_only_for_email_addresses() -> None:
    assert domain_of("anna@example.com") == "example.com"
    assert domain_of("example.com") is None
    assert Scope(identity="anna@example.com").domain == Scope(identity="example.com")
    assert Scope(identity="example.com").domain is None
    assert Scope(isp="Hotmail").domain is None


def test_masking_hides_an_address_inside_text_and_keeps_domains() -> None:
    text = mask_addresses(
        '{"told": "Bounce rate of anna.b@news.example.com is 6%, example.com is well"}'
    )
    assert "anna" not in text
    assert "a***" in text
    assert "@news.example.com is 6%, example.com is well" in text


@pytest.mark.parametrize(
    "address",
    ["jörg@example.com", "anna@münchen.example", '"anna b"@example.com', "anna@localhost"],
)
def test_masking_hides_the_local_part_of_every_form_of_address(address: str) -> None:
    text = mask_addresses(f"of {address} at")
    assert address.partition("@")[0].strip('"')[1:] not in text
    assert text.startswith("of ")
    assert text.endswith(f"@{address.partition('@')[2]} at")


def test_masked_addresses_of_one_domain_differ_but_not_by_letter_case() -> None:
    masked_anna, masked_alfred = (
        mask_addresses("anna@example.com"),
        mask_addresses("alfred@example.com"),
    )
    assert masked_anna != masked_alfred
    assert mask_addresses("ANNA@example.com")[1:] == masked_anna[1:]
