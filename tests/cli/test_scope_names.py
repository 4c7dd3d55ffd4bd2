"""How a user names a scope."""

import pytest

from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts_cli.errors import InvalidInputError
from vdm_alerts_cli.scope_names import find_scopes, scope_id

NEWS, GMAIL = Scope(identity="news.example.com"), Scope(isp="Gmail")
PART = Scope(identity="news.example.com", isp="Gmail")
SCOPES = (ACCOUNT, NEWS, GMAIL, PART, Scope(tenant="Gmail"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("account", [ACCOUNT]),
        ("the account", [ACCOUNT]),
        ("NEWS.example.com", [NEWS]),
        ("gmail", [GMAIL, Scope(tenant="Gmail")]),
        ("isp=Gmail", [GMAIL]),
        ("news.example.com at Gmail", [PART]),
        ("identity=news.example.com,isp=Gmail", [PART]),
    ],
)
def test_scope_is_found_by_any_of_its_names(text: str, found: list[Scope]) -> None:
    assert find_scopes(text, SCOPES) == found


def test_printed_id_finds_its_scope_alone() -> None:
    for scope in SCOPES:
        assert find_scopes(scope_id(scope), SCOPES) == [scope]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("new.example.com", 'names no scope that was read. Did you mean "news.example.com"?'),
        ("news.example.com at Yahoo", 'add "identity_at_isp" to the scopes of a rule'),
    ],
)
def test_unknown_scope_is_an_error_with_what_to_do(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        find_scopes(text, SCOPES)
    assert message in str(caught.value)
