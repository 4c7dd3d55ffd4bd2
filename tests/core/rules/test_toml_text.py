"""Texts with byte order marks and foreign line ends."""

import pytest

from vdm_alerts.core.rules.parser import parse_rule

RULE = """indicator = "bounce_rate"
scopes = ["account", "identity"] # a comment
warning = "5%"
include.identity = [
  "*.example.com",
  'shop.example.org',
]
"""


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{RULE}",
        f"\u00ef\u00bb\u00bf{RULE}",
        RULE.replace("\n", "\r\n"),
        RULE.replace("\n", "\r"),
        "\ufeff" + RULE.replace("\n", "\r\n"),
        RULE.replace("\n", "\r\n", 2),
    ],
    ids=["mark", "mark read as cp1252", "CRLF", "CR", "mark and CRLF", "mixed"],
)
def test_rule_is_the_same_however_an_editor_saves_it(text: str) -> None:
    assert parse_rule("x", text, "here") == parse_rule("x", RULE, "here")
