import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    "local_part",
    ["a(b)c", "a<b>c", "a[b]c", "a,b;c:d", r"a\b", "a*b", 'a"b', "a@b", "<a>b", "a\ud800b"],
)
def test_masking_hides_every_character_of_an_unusual_local_part(local_part: str) -> None:
    first_letter, domain = local_part[0], "example.com"
    text = mask_addresses(f"of {local_part}@{domain} at")
    assert domain_of(f"{local_part}@{domain}") == domain
    assert text.startswith(f"of {first_letter}***")
    assert len(text) == len(f"of {first_letter}***4f2d0c11@{domain} at")


@given(identity=st.from_regex(r"\A[^\s\"][^\s\"]{3,20}@[\w-]{1,9}(\.[\w-]{1,9}){0,2}\Z"))
def test_masking_hides_whatever_is_an_address_for_domain_of(identity: str) -> None:
    local_part, _, domain = identity.rpartition("@")
    masked, _, masked_domain = mask_addresses(f"of {identity} at")[3:].rpartition("@")
    assert masked_domain == f"{domain} at"
    assert masked[:-8].endswith("***")
    assert local_part not in masked


@pytest.mark.parametrize("opening", ["(", "<", "[", '"', "'", "{", "('"])
def test_masked_address_is_the_same_after_an_opening_bracket_or_quote(opening: str) -> None:
    assert mask_addresses(f"{opening}anna@example.com") == opening + mask_addresses(
        "anna@example.com"
    )


@pytest.mark.parametrize("part", ["x", '"', "@", 'a"', "a@", "a.", "a@b.", '"a ', "(", "é", "@("])
def test_masking_takes_linear_time(part: str) -> None:
    """80,000 letters once took 39 s. They take a few milliseconds."""
    text = part * (80_000 // len(part))
    start = time.process_time()
    mask_addresses(text)
    assert time.process_time() - start < 0.5


def test_masked_addresses_of_one_domain_differ_but_not_by_letter_case() -> None:
    masked_anna, masked_alfred = (
        mask_addresses("anna@example.com"),
        mask_addresses("alfred@example.com"),
    )
    assert masked_anna != masked_alfred
    assert mask_addresses("ANNA@example.com")[1:] == masked_anna[1:]
